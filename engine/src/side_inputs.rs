//! The contents of side inputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use purlin_sdk::Window;

use crate::bundle::GroupSlice;
use crate::plan::CollectionId;

/// The contents of side inputs at one moment, cheap to copy.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct SideInputs {
    collections: BTreeMap<CollectionId, Arc<BTreeMap<Window, Vec<GroupSlice>>>>,
}

impl SideInputs {
    /// The elements of a collection in one of its windows, in the order of arrival.
    #[must_use]
    pub fn window(&self, collection: CollectionId, window: &Window) -> &[GroupSlice] {
        let windows = self.collections.get(&collection);
        windows.and_then(|windows| windows.get(window)).map_or(&[], Vec::as_slice)
    }

    /// The windows of a collection that have elements.
    pub fn windows(&self, collection: CollectionId) -> impl Iterator<Item = &Window> {
        self.collections.get(&collection).into_iter().flat_map(|windows| windows.keys())
    }

    /// About how many bytes they have.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let windows = self.collections.values().flat_map(|windows| windows.values());
        windows.flatten().map(GroupSlice::size_bytes).sum()
    }

    /// These collections alone.
    pub(crate) fn restricted(&self, to: impl Iterator<Item = CollectionId>) -> Self {
        let chosen = to.filter_map(|id| Some((id, Arc::clone(self.collections.get(&id)?))));
        Self { collections: chosen.collect() }
    }

    pub(crate) fn push(&mut self, collection: CollectionId, window: Window, slice: GroupSlice) {
        // A bundle may hold the present contents as its snapshot: then they are copied, which
        // copies references and no elements.
        let windows = Arc::make_mut(self.collections.entry(collection).or_default());
        windows.entry(window).or_default().push(slice);
    }
}
