//! How long a bundle may run, how much may wait behind it, and when to look again.

use std::time::Duration;

use purlin_sdk::Timestamp;

use super::{Flight, Schedule};
use crate::bundle::BundleId;
use crate::config::EngineConfig;
use crate::engine::is_splittable;
use crate::plan::StageId;
use crate::state::{Facts, State};

impl Schedule {
    /// The running splittable bundles that should stop soon, each once.
    pub(crate) fn slow(
        &mut self,
        facts: &Facts,
        state: &State,
        config: &EngineConfig,
        now: Timestamp,
    ) -> Vec<BundleId> {
        let mut slow = Vec::new();
        for (id, flight) in &mut self.in_flight {
            if flight.was_asked_to_stop
                || flight.entries.is_empty()
                || !is_splittable(facts, flight.stage)
            {
                continue;
            }
            let limit = time_limit(facts, state, config, flight);
            let is_late = limit.is_some_and(|limit| now >= flight.started + limit);
            // One that was started although there was no room, because nothing else could run,
            // goes on until it has put out what a bundle may.
            let behind = bytes_behind(facts, state, flight.stage);
            let is_too_fast = behind >= config.queue_bytes && behind > flight.behind;
            if is_late || is_too_fast {
                flight.was_asked_to_stop = true;
                slow.push(*id);
            }
        }
        slow
    }

    /// When something will be due: a delayed entry, or the checkpoint of a bundle.
    pub(crate) fn next_wake_up(
        &self,
        facts: &Facts,
        state: &State,
        config: &EngineConfig,
    ) -> Option<Timestamp> {
        let flights = self.in_flight.values().filter(|flight| !flight.was_asked_to_stop);
        let checkpoints = flights.filter_map(|flight| {
            time_limit(facts, state, config, flight).map(|limit| flight.started + limit)
        });
        if state.is_scripted() {
            return checkpoints.min();
        }
        let delayed = self.delayed.first().map(|(at, ..)| *at);
        let splits = self.next_split(facts, config);
        checkpoints.chain(delayed).chain(next_processing(facts, state)).chain(splits).min()
    }
}

/// When the first timer of processing time is due.
pub(super) fn next_processing(facts: &Facts, state: &State) -> Option<Timestamp> {
    let stages = facts.plan.stages.iter().filter(|stage| facts.keyed[stage.id.0].is_some());
    stages.filter_map(|stage| state.next_processing(stage.id)).min()
}

/// How long a bundle may run before it is checkpointed.
pub(super) fn time_limit(
    facts: &Facts,
    state: &State,
    config: &EngineConfig,
    flight: &Flight,
) -> Option<Duration> {
    let may_not_end = is_splittable(facts, flight.stage) && may_not_end(facts, flight.stage);
    match state.is_draining() {
        _ if !may_not_end || !flight.questions.is_empty() => None,
        // What is left after truncation ends by itself, or is dropped when it was stopped.
        true if facts.plan.truncates(flight.stage) => Some(config.unbounded_bundle_time),
        // Work that may not end is stopped at its first claim: what is left then says whether it
        // ends by itself, and is dropped if not.
        true => (!flight.is_bounded).then_some(Duration::ZERO),
        false if readers_wait(facts, state, flight.stage) => {
            Some(config.eager_bundle_time.min(config.unbounded_bundle_time))
        }
        false => Some(config.unbounded_bundle_time),
    }
}

/// Whether the readers of a stage have nothing to do before it has put something out.
fn readers_wait(facts: &Facts, state: &State, stage: StageId) -> bool {
    facts.topology.has_readers[stage.0] && bytes_behind(facts, state, stage) == 0
}

/// The bytes that wait in the queues that a stage writes to.
pub(super) fn bytes_behind(facts: &Facts, state: &State, stage: StageId) -> usize {
    let downstream = facts.topology.downstream[stage.0].iter();
    downstream.map(|reader| state.queue_bytes(*reader)).sum()
}

/// Whether what a stage makes may not end, be it written or used inside the stage alone.
pub(super) fn may_not_end(facts: &Facts, stage: StageId) -> bool {
    facts.topology.is_endless[stage.0]
}
