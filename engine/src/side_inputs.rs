//! The contents of side inputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use purlin_sdk::Window;

use crate::bundle::HeldSlice;
use crate::plan::CollectionId;
use crate::side_lookup::LazyIndex;
use crate::side_panes::Kept;

/// The contents of side inputs at one moment, cheap to copy.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct SideInputs {
    collections: BTreeMap<CollectionId, Arc<BTreeMap<Window, Contents>>>,
    /// How often contents changed.
    changes: u64,
}

/// The elements of one window.
#[derive(Clone, PartialEq, Default, Debug)]
struct Contents {
    kept: Vec<Kept>,
    /// Never the same for other contents of the window.
    version: u64,
    index: LazyIndex,
}

impl SideInputs {
    /// The elements of a collection in one of its windows, in the order of arrival.
    pub fn window(
        &self,
        collection: CollectionId,
        window: &Window,
    ) -> impl Iterator<Item = &HeldSlice> {
        let contents = self.contents(collection, window);
        contents.into_iter().flat_map(|contents| &contents.kept).map(|kept| &kept.slice)
    }

    /// Where the elements of a collection in one of its windows are found by key; `None` where it
    /// has none.
    pub(crate) fn by_key(
        &self,
        collection: CollectionId,
        window: &Window,
    ) -> Option<(&LazyIndex, &[Kept])> {
        let contents = self.contents(collection, window)?;
        Some((&contents.index, &contents.kept))
    }

    /// What tells the contents of a window from those that it has at other times; 0 while it has
    /// none.
    #[must_use]
    pub fn version(&self, collection: CollectionId, window: &Window) -> u64 {
        self.contents(collection, window).map_or(0, |contents| contents.version)
    }

    /// What tells the contents of all windows of a collection from those at other times. Windows
    /// that nobody reads any more do not count.
    #[must_use]
    pub fn version_of_all(&self, collection: CollectionId) -> u64 {
        let windows = self.collections.get(&collection).into_iter().flat_map(|all| all.values());
        windows.map(|contents| contents.version).max().unwrap_or(0)
    }

    /// The windows of a collection that have elements.
    pub fn windows(&self, collection: CollectionId) -> impl Iterator<Item = &Window> {
        self.collections.get(&collection).into_iter().flat_map(|windows| windows.keys())
    }

    /// About how many bytes they have.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let windows = self.collections.values().flat_map(|windows| windows.values());
        windows.flat_map(|contents| &contents.kept).map(|kept| kept.slice.size_bytes()).sum()
    }

    /// Whether anything has come for a window.
    pub(crate) fn has(&self, collection: CollectionId, window: &Window) -> bool {
        self.contents(collection, window).is_some()
    }

    /// These collections alone.
    pub(crate) fn restricted(&self, to: impl Iterator<Item = CollectionId>) -> Self {
        let chosen = to.filter_map(|id| Some((id, Arc::clone(self.collections.get(&id)?))));
        Self { collections: chosen.collect(), changes: self.changes }
    }

    /// Adds elements to a window; with `replaces`, in place of those of earlier panes.
    pub(crate) fn push(
        &mut self,
        collection: CollectionId,
        window: Window,
        new: Kept,
        replaces: bool,
    ) {
        self.changes += 1;
        // A bundle may hold the present contents as its snapshot: then they are copied, which
        // copies references and no elements.
        let windows = Arc::make_mut(self.collections.entry(collection).or_default());
        let contents = windows.entry(window).or_default();
        contents.version = self.changes;
        contents.index = LazyIndex::default();
        new.add_to(&mut contents.kept, replaces);
    }

    /// Drops the windows that nobody reads any more.
    pub(crate) fn expire(
        &mut self,
        collection: CollectionId,
        is_expired: impl Fn(&Window) -> bool,
    ) {
        if let Some(windows) = self.collections.get_mut(&collection)
            && windows.keys().any(&is_expired)
        {
            Arc::make_mut(windows).retain(|window, _| !is_expired(window));
        }
    }

    fn contents(&self, collection: CollectionId, window: &Window) -> Option<&Contents> {
        self.collections.get(&collection)?.get(window)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use purlin_sdk::exec::{Chunk, Entry, Framing, key_hash};
    use purlin_sdk::{IntervalWindow, Stamp, Timestamp};

    use super::*;
    use crate::side_index::KeyIndex;
    use crate::side_lookup::Index;

    const SIDE: CollectionId = CollectionId(0);

    fn window(start: i64) -> Window {
        Window::Interval(IntervalWindow { start: Timestamp(start), end: Timestamp(start + 10) })
    }

    fn push(sides: &mut SideInputs, start: i64, key: &'static [u8; 1]) {
        let chunk = Chunk {
            data: Bytes::from_static(key),
            framing: Framing::Constant(Stamp::default()),
            count: 1,
            partition: None,
            index: Some(vec![Entry { start: 0, value: 0, key_length: 1, key_hash: key_hash(key) }]),
        };
        let slice = HeldSlice { chunk: chunk.into(), elements: None };
        sides.push(SIDE, window(start), Kept { slice, pane: 0 }, false);
    }

    #[test]
    fn versions_differ_as_long_as_anything_is_new() {
        let mut sides = SideInputs::default();
        let mut seen = vec![sides.version_of_all(SIDE)];
        for start in [0, 10, 0] {
            push(&mut sides, start, b"k");
            assert!(!seen.contains(&sides.version_of_all(SIDE)));
            seen.push(sides.version_of_all(SIDE));
        }
        let snapshot = sides.clone();
        push(&mut sides, 10, b"k");
        assert_ne!(sides.version_of_all(SIDE), snapshot.version_of_all(SIDE));
    }

    #[test]
    fn a_key_that_comes_after_the_first_lookup_is_found() {
        let mut sides = SideInputs::default();
        push(&mut sides, 0, b"a");
        let found = |sides: &SideInputs, key: &[u8]| {
            let (index, kept) = sides.by_key(SIDE, &window(0)).expect("it has elements");
            let slices = || kept.iter().map(|kept| kept.slice.in_memory()).collect();
            match index.get(|| Ok(Index::InMemory(KeyIndex::new(slices())))).expect("in memory") {
                Index::InMemory(index) => index.group(key).count(),
                Index::InFiles(_) => panic!("there are no files"),
            }
        };
        let snapshot = sides.clone();
        assert_eq!((found(&sides, b"a"), found(&sides, b"b")), (1, 0));
        push(&mut sides, 0, b"b");
        assert_eq!((found(&sides, b"a"), found(&sides, b"b")), (1, 1));
        assert_eq!(found(&snapshot, b"b"), 0);
        assert!(sides.by_key(SIDE, &window(10)).is_none());
    }
}
