//! Cells that go to files, and those that come back.

use super::cells::CellMap;
use super::cold::Place;
use super::kept_bytes::KeptBytes;

/// Cells of keys that went to files, and those that came back, since a bundle has changed their key.
///
/// It says nothing about what keys keep, only where this process has it: so it is not part of the bytes
/// of a commit, and makes no difference between commits. Who replays a job from their bytes has all
/// cells in memory, until he spills by himself.
#[derive(Clone, Default)]
pub struct Transfers {
    /// What is in a file now.
    pub(super) away: Vec<(KeptBytes, Place)>,
    /// What was read, as it was before the changes of the same commit.
    pub(super) back: Vec<(KeptBytes, CellMap)>,
}

impl Transfers {
    pub(crate) fn is_empty(&self) -> bool {
        self.away.is_empty() && self.back.is_empty()
    }

    /// Whether the cells of a key come back.
    pub(crate) fn has_back(&self, key: &[u8]) -> bool {
        // They are in the order of the changes, which is that of their keys.
        self.back.binary_search_by(|(back, _)| (**back).cmp(key)).is_ok()
    }
}

impl PartialEq for Transfers {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl std::fmt::Debug for Transfers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transfers({} keys away, {} back)", self.away.len(), self.back.len())
    }
}
