//! Which options somebody asked for.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The names that were looked up, in any clone of the options.
///
/// All are equal to each other: what was looked up is no part of the value of options.
#[derive(Clone, Debug, Default)]
pub(super) struct LookedUp(Arc<Mutex<BTreeSet<String>>>);

impl LookedUp {
    pub(super) fn note(&self, name: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
    }

    pub(super) fn names(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl PartialEq for LookedUp {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for LookedUp {}
