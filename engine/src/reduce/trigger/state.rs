//! What happened to a trigger in one window.

use std::ops::Range;

use purlin_sdk::Timestamp;

/// What happened to a trigger in one window: for each node whether it has finished, and how many
/// elements it has counted or for which time it waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::reduce) struct TriggerState {
    finished: Vec<bool>,
    data: Vec<Option<i64>>,
}

impl TriggerState {
    pub(super) fn new(nodes: usize) -> Self {
        Self { finished: vec![false; nodes], data: vec![None; nodes] }
    }

    /// The state with these finished nodes and these data. Nothing if they are not of the trigger
    /// whose fresh state this is.
    pub(in crate::reduce) fn restored(
        mut self,
        finished: &[u32],
        data: &[(u32, i64)],
    ) -> Option<Self> {
        for id in finished {
            *self.finished.get_mut(*id as usize)? = true;
        }
        for (id, value) in data {
            *self.data.get_mut(*id as usize)? = Some(*value);
        }
        Some(self)
    }

    /// The nodes that have finished.
    pub(in crate::reduce) fn finished(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.finished).filter(|(_, finished)| **finished).map(|(id, _)| id)
    }

    /// The nodes that have counted or wait, and how far or for when.
    pub(in crate::reduce) fn data(&self) -> impl Iterator<Item = (u32, i64)> {
        (0..).zip(&self.data).filter_map(|(id, value)| value.map(|value| (id, value)))
    }

    /// Whether the whole trigger has finished.
    pub(in crate::reduce) fn is_closed(&self) -> bool {
        self.is_finished(0)
    }

    pub(super) fn is_finished(&self, id: usize) -> bool {
        self.finished[id]
    }

    pub(super) fn finish(&mut self, id: usize, finished: bool) {
        self.finished[id] = finished;
    }

    pub(super) fn count(&self, id: usize) -> u64 {
        self.data[id].and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
    }

    pub(super) fn add(&mut self, id: usize, count: i64) {
        self.data[id] = Some(self.data[id].unwrap_or(0).saturating_add(count));
    }

    pub(super) fn target(&self, id: usize) -> Option<Timestamp> {
        self.data[id].map(Timestamp)
    }

    pub(super) fn wait_for(&mut self, id: usize, target: Timestamp) {
        self.data[id] = Some(target.0);
    }

    /// Forgets counts and targets.
    pub(super) fn clear(&mut self, nodes: Range<usize>) {
        self.data[nodes].fill(None);
    }

    /// Forgets everything: the nodes start anew.
    pub(super) fn reset(&mut self, nodes: Range<usize>) {
        self.finished[nodes.clone()].fill(false);
        self.clear(nodes);
    }

    pub(super) fn values_of<'a>(
        id: usize,
        states: &'a [&'a Self],
    ) -> impl Iterator<Item = i64> + 'a {
        states.iter().filter_map(move |state| state.data[id])
    }
}
