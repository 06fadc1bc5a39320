//! When the state of keys goes to files, and of which.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{Flight, Schedule};
use crate::keyed::{DueTimer, TableSize};
use crate::plan::StageId;
use crate::state::{Facts, State};

impl Schedule {
    /// The partition whose state goes to files next: where that of all takes too much memory, the
    /// one with the most of those that no bundle works on.
    ///
    /// A bundle moves about half of the state of its partition, so that a partition's turn comes again
    /// only when about as much of it has come.
    pub(super) fn choose_spill(&mut self, facts: &Facts, state: &State) -> Option<(StageId, u32)> {
        let limit = self.state_memory?.kept;
        let stages = || facts.plan.stages.iter().map(|stage| stage.id);
        let mut all = TableSize::default();
        stages().for_each(|stage| all += state.keyed_size(stage));
        // Keys and timers stay in memory. However many there are, cells get a part of it too.
        let limit = limit.saturating_sub(all.keys).max(limit / 4);
        if all.cells <= limit {
            return None;
        }
        let goes: usize = self.spills().map(|it| cells_of(state, it) / 2).sum();
        if all.cells.saturating_sub(goes) <= limit {
            return None;
        }
        if self.random.as_mut().is_some_and(|random| random.one_in(2)) {
            return None;
        }
        let sizes = stages().flat_map(|stage| {
            state.keyed_sizes(stage).map(move |(partition, size)| (size.cells, stage, partition))
        });
        let sizes: Vec<_> = sizes.filter(|(cells, ..)| *cells > 0).collect();
        // The largest may be busy, and have their turn soon.
        let least = all.cells / sizes.len().max(1) / 2;
        let free = sizes.into_iter().filter(|(cells, stage, partition)| {
            *cells >= least && !self.is_busy_with(*stage, *partition)
        });
        free.max().map(|(_, stage, partition)| (stage, partition))
    }

    /// How many elements, or keys whose timers fire, a bundle of a partition has at most, so that what it
    /// reads back is not too much: each is taken for one of another key, whose state is in a file.
    pub(super) fn most_to_load(&self, state: &State, stage: StageId, partition: u32) -> usize {
        let Some(memory) = self.state_memory else { return usize::MAX };
        let size = state.table(stage, partition).size();
        // Their average; at least one goes on, whatever it takes.
        match size.cells_away.checked_div(size.keys_away) {
            Some(each) => (memory.loaded / each.max(1)).max(1),
            None => usize::MAX,
        }
    }

    /// The attempts that move state to files, running or to be repeated.
    fn spills(&self) -> impl Iterator<Item = &Flight> {
        self.in_flight.values().chain(&self.retries).filter(|flight| flight.spills)
    }
}

fn cells_of(state: &State, flight: &Flight) -> usize {
    let its = flight.partition.map(|partition| state.table(flight.stage, partition));
    its.map_or(0, |table| table.size().cells)
}

/// Drops the timers of all but the first `most` keys: those of one key fire together.
pub(super) fn keep_keys(timers: &mut Vec<DueTimer>, most: usize) {
    if timers.len() <= most {
        return;
    }
    let mut kept: BTreeSet<Bytes> = BTreeSet::new();
    timers.retain(|due| {
        kept.contains(&due.key) || (kept.len() < most && kept.insert(due.key.clone()))
    });
}
