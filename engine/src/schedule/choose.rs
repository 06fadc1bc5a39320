//! What the next bundle works on: which stage, and which of its timers, entries or questions.

use purlin_sdk::{Timestamp, Window};

use super::limits::{bytes_behind, may_not_end};
use super::spilling::keep_keys;
use super::{Flight, Schedule};
use crate::config::EngineConfig;
use crate::engine::is_splittable;
use crate::keyed::DueTimer;
use crate::plan::{CollectionId, StageId};
use crate::state::{Entry, Facts, State, Work};

/// How many queue entries, timers or questions a bundle has at most.
const MOST_ENTRIES: usize = 4096;

impl Schedule {
    /// What the next bundle works on.
    pub(super) fn choose(
        &mut self,
        facts: &Facts,
        state: &State,
        config: &EngineConfig,
        now: Timestamp,
    ) -> Option<Flight> {
        if let Some((stage, partition)) = self.choose_spill(facts, state) {
            return Some(Flight { spills: true, ..Flight::new(stage, Some(partition)) });
        }
        let stage = self.choose_stage(facts, state, config, now)?;
        let questions = self.questions(state, stage);
        let (partition, timers) = match questions.is_empty() {
            true => self.choose_timers(facts, state, stage, now),
            false => (None, Vec::new()),
        };
        let (partition, entries) = match partition {
            None if questions.is_empty() => self.take_entries(facts, state, config, stage),
            partition => (partition, Vec::new()),
        };
        let is_bounded = entries.iter().all(|id| {
            let work = state.entry(stage, *id).map(|entry| &entry.work);
            matches!(work, Some(Work::Residual { is_bounded: true, .. }))
        });
        let flight = Flight::new(stage, partition);
        Some(Flight { entries, timers, questions, is_bounded, ..flight })
    }

    /// Deepest first: what is read is finished before more is read, so queues stay small.
    fn choose_stage(
        &mut self,
        facts: &Facts,
        state: &State,
        config: &EngineConfig,
        now: Timestamp,
    ) -> Option<StageId> {
        let mut able: Vec<StageId> = (0..self.ready.len())
            .rev()
            .map(StageId)
            .filter(|stage| self.can_run(facts, state, *stage, now))
            .collect();
        if let Some(random) = &mut self.random {
            random.shuffle(&mut able);
        }
        let behind_is_room =
            |stage: &&StageId| bytes_behind(facts, state, **stage) < config.queue_bytes;
        match able.iter().find(behind_is_room) {
            Some(stage) => Some(*stage),
            // Full queues that wait for a side input must not stop what fills the side input.
            None if self.in_flight.is_empty() => able.first().copied(),
            None => None,
        }
    }

    fn can_run(&self, facts: &Facts, state: &State, stage: StageId, now: Timestamp) -> bool {
        self.ready[stage.0].iter().any(|id| self.may_take(facts, state, stage, *id))
            || self.due_partitions(facts, state, stage, now).next().is_some()
            || self.may_ask(state, stage)
    }

    /// Whether users' functions are to be asked what elements see that wait, and nobody does so.
    fn may_ask(&self, state: &State, stage: StageId) -> bool {
        let mut flights = self.in_flight.values().chain(&self.retries);
        state.questions(stage).next().is_some()
            && !flights.any(|it| it.stage == stage && !it.questions.is_empty())
    }

    /// The windows about which the next bundle of a stage asks. Many elements may wait for the
    /// answers, so these come first.
    fn questions(&self, state: &State, stage: StageId) -> Vec<(CollectionId, Window)> {
        if !self.may_ask(state, stage) {
            return Vec::new();
        }
        let questions = state.questions(stage).take(MOST_ENTRIES);
        questions.map(|(side, window)| (side, window.clone())).collect()
    }

    /// Whether an entry can be run now: its side inputs are ready, and no other bundle works on its
    /// keys.
    fn may_take(&self, facts: &Facts, state: &State, stage: StageId, id: u64) -> bool {
        state.entry(stage, id).is_some_and(|entry| {
            let is_free = match partition_of(facts, stage, entry) {
                Some(partition) => !self.is_busy_with(stage, partition),
                None => true,
            };
            is_free && state.sides_are_ready(facts, stage, entry)
        })
    }

    /// Whether a bundle works on the keys of a partition, or waits to be tried again.
    pub(super) fn is_busy_with(&self, stage: StageId, partition: u32) -> bool {
        let flights = self.in_flight.values().chain(&self.retries);
        flights.into_iter().any(|it| it.stage == stage && it.partition == Some(partition))
    }

    /// The partitions with timers that are due and that no bundle works on.
    fn due_partitions<'a>(
        &'a self,
        facts: &'a Facts,
        state: &'a State,
        stage: StageId,
        now: Timestamp,
    ) -> impl Iterator<Item = u32> + 'a {
        let keyed = state.keyed(facts, stage, state.processing_time(now));
        let due = keyed.into_iter().flat_map(|(_, state, now)| state.due_partitions(now));
        due.filter(move |partition| !self.is_busy_with(stage, *partition))
    }

    /// Timers come before elements: what they wait for has happened before those arrived.
    fn choose_timers(
        &mut self,
        facts: &Facts,
        state: &State,
        stage: StageId,
        now: Timestamp,
    ) -> (Option<u32>, Vec<DueTimer>) {
        let due: Vec<u32> = self.due_partitions(facts, state, stage, now).collect();
        let choice = match &mut self.random {
            Some(random) if !due.is_empty() => random.below(due.len()),
            _ => 0,
        };
        match (due.get(choice), state.keyed(facts, stage, state.processing_time(now))) {
            (Some(partition), Some((facts, keyed, now))) => {
                let mut due = keyed.due(facts, *partition, now, MOST_ENTRIES);
                keep_keys(&mut due, self.most_to_load(state, stage, *partition));
                (Some(*partition), due)
            }
            _ => (None, Vec::new()),
        }
    }

    /// The entries of the next bundle of a stage, all of one partition where it has partitions.
    fn take_entries(
        &mut self,
        facts: &Facts,
        state: &State,
        config: &EngineConfig,
        stage: StageId,
    ) -> (Option<u32>, Vec<u64>) {
        let is_splittable = is_splittable(facts, stage);
        let limit = match () {
            () if is_splittable && may_not_end(facts, stage) => 1,
            // Many at first, so that what a bundle keeps of its elements pays, and few at last.
            () if is_splittable => {
                let share = self.ready[stage.0].len() / config.executors.max(1);
                share.clamp(1, config.restrictions_per_bundle.max(1))
            }
            // Its pieces may be small and much work all the same.
            () if facts.topology.is_spread[stage.0] => {
                self.ready[stage.0].len().div_ceil(config.max_in_flight.max(1)).min(MOST_ENTRIES)
            }
            () => MOST_ENTRIES,
        };
        let is_compaction = |id: &u64| {
            state.entry(stage, *id).is_some_and(|entry| matches!(entry.work, Work::Compact(_)))
        };
        let share = state.queue_bytes(stage) / config.max_in_flight.max(1);
        let target = share.clamp(config.min_bundle_bytes, config.bundle_bytes);
        let is_keyed = facts.keyed[stage.0].is_some();
        let mut waiting = std::mem::take(&mut self.ready[stage.0]);
        let limit = match &mut self.random {
            Some(random) => {
                // The order within a key is kept.
                if !is_keyed {
                    random.shuffle(waiting.make_contiguous());
                }
                1 + random.below(limit.min(waiting.len()))
            }
            None => limit,
        };
        let (mut taken, mut left) = (Vec::new(), Vec::new());
        let (mut bytes, mut partition, mut room) = (0, None, usize::MAX);
        // A compaction is a bundle of its own.
        while taken.len() < limit
            && bytes < target
            && room > 0
            && !taken.first().is_some_and(is_compaction)
        {
            let Some(id) = waiting.pop_front() else { break };
            let Some(entry) = state.entry(stage, id) else { continue };
            let its = partition_of(facts, stage, entry);
            let is_other = partition.is_some() && its != partition;
            let is_apart = is_other || (is_compaction(&id) && !taken.is_empty());
            if !is_apart && self.may_take(facts, state, stage, id) {
                if let Some(first) = its.filter(|_| taken.is_empty()) {
                    room = self.most_to_load(state, stage, first);
                }
                room = room.saturating_sub(entry.work.count());
                (bytes, partition) = (bytes + entry.bytes, its);
                taken.push(id);
            } else {
                left.push(id);
            }
        }
        left.into_iter().rev().for_each(|id| waiting.push_front(id));
        self.ready[stage.0] = waiting;
        (partition, taken)
    }
}

/// The partition of an entry, in a stage that keeps something for each key.
fn partition_of(facts: &Facts, stage: StageId, entry: &Entry) -> Option<u32> {
    match &entry.work {
        Work::Elements(chunk) if facts.keyed[stage.0].is_some() => {
            Some(chunk.partition.unwrap_or(0))
        }
        _ => None,
    }
}
