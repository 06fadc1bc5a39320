//! Which bundle runs next. Nothing here is durable: it is rebuilt from the state after a restart.

mod audit;
mod splits;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use purlin_sdk::Timestamp;

use self::splits::Sharing;
use crate::bundle::{Bundle, BundleId, BundleInput};
use crate::config::EngineConfig;
use crate::engine::is_splittable;
use crate::keyed::{Clocks, DueTimer, KeyedInput};
use crate::plan::{StageId, StageKind};
use crate::random::Random;
use crate::state::{Entry, Facts, State, Work};

/// How many queue entries or timers a bundle has at most.
const MOST_ENTRIES: usize = 4096;

/// How many bits of a bundle's name count the bundles of one process.
const BUNDLE_BITS: u32 = 40;

/// What waits and what runs.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// By stage: entries that may run, in the order of arrival.
    ready: Vec<VecDeque<u64>>,
    delayed: BTreeSet<(Timestamp, StageId, u64)>,
    retries: VecDeque<Flight>,
    in_flight: BTreeMap<BundleId, Flight>,
    last_bundle: u64,
    random: Option<Random>,
}

/// An attempt at a bundle.
#[derive(Clone, Debug)]
pub(crate) struct Flight {
    pub(crate) stage: StageId,
    pub(crate) entries: Vec<u64>,
    pub(crate) attempt: u32,
    /// The partition whose keys it works on, where the stage keeps something for each key.
    pub(crate) partition: Option<u32>,
    /// The timers that it fires.
    timers: Vec<DueTimer>,
    started: Timestamp,
    was_asked_to_stop: bool,
    /// Whether its restrictions are truncated first, because the job drains.
    pub(crate) truncates: bool,
    sharing: Sharing,
    /// Whether all its work is known to end by itself.
    is_bounded: bool,
    /// The bytes that waited behind its stage when it started.
    behind: usize,
}

impl Schedule {
    pub(crate) fn new(stages: usize, seed: Option<u64>) -> Self {
        Self {
            ready: vec![VecDeque::new(); stages],
            delayed: BTreeSet::new(),
            retries: VecDeque::new(),
            in_flight: BTreeMap::new(),
            last_bundle: 0,
            random: seed.map(Random::new),
        }
    }

    /// Begins to give names to bundles, which no earlier process of the job has given.
    pub(crate) fn start(&mut self, starts: u64) {
        self.last_bundle = starts << BUNDLE_BITS;
    }

    /// Takes up the entries of a state that commits led to.
    pub(crate) fn restore(&mut self, facts: &Facts, state: &State, now: Timestamp) {
        for stage in &facts.plan.stages {
            for (entry, _) in state.entries(stage.id) {
                self.add(state, stage.id, entry, now);
            }
        }
    }

    /// A new entry waits.
    pub(crate) fn add(&mut self, state: &State, stage: StageId, id: u64, now: Timestamp) {
        match state.entry(stage, id).map(|entry| &entry.work) {
            Some(Work::Residual { resume_at, .. }) if *resume_at > state.processing_time(now) => {
                self.delayed.insert((*resume_at, stage, id));
            }
            Some(_) => self.ready[stage.0].push_back(id),
            None => {}
        }
    }

    /// Moves delayed entries whose time has come.
    pub(crate) fn wake(&mut self, now: Timestamp) {
        while let Some(&(at, stage, id)) = self.delayed.first() {
            if at > now {
                break;
            }
            self.delayed.pop_first();
            self.ready[stage.0].push_back(id);
        }
    }

    /// Removes waiting entries from consideration.
    pub(crate) fn drop_waiting(
        &mut self,
        state: &State,
        which: impl Fn(StageId, &Work) -> bool,
    ) -> Vec<(StageId, u64)> {
        let chosen =
            |stage, id| state.entry(stage, id).is_some_and(|entry| which(stage, &entry.work));
        let mut dropped = Vec::new();
        for (position, ready) in self.ready.iter_mut().enumerate() {
            let stage = StageId(position);
            dropped.extend(ready.iter().filter(|id| chosen(stage, **id)).map(|id| (stage, *id)));
            ready.retain(|id| !chosen(stage, *id));
        }
        self.delayed.retain(|&(_, stage, id)| {
            let is_chosen = chosen(stage, id);
            if is_chosen {
                dropped.push((stage, id));
            }
            !is_chosen
        });
        dropped
    }

    /// Has delayed entries of some stages run at once.
    pub(crate) fn hasten(&mut self, which: impl Fn(StageId) -> bool) {
        let Self { ready, delayed, .. } = self;
        delayed.retain(|&(_, stage, id)| {
            let is_chosen = which(stage);
            if is_chosen {
                ready[stage.0].push_back(id);
            }
            !is_chosen
        });
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    pub(crate) fn flights(&self) -> impl Iterator<Item = (BundleId, &Flight)> {
        self.in_flight.iter().map(|(id, flight)| (*id, flight))
    }

    /// Whether anything runs, or will run by itself later.
    pub(crate) fn is_busy(&self, facts: &Facts, state: &State) -> bool {
        !(self.in_flight.is_empty() && self.retries.is_empty() && self.delayed.is_empty())
            || next_processing(facts, state).is_some()
    }

    /// An attempt has ended; `None` for one that is not known (any more).
    pub(crate) fn land(&mut self, id: BundleId) -> Option<Flight> {
        self.in_flight.remove(&id)
    }

    pub(crate) fn retry(&mut self, flight: Flight) {
        self.retries.push_back(Flight { attempt: flight.attempt + 1, ..flight });
    }

    /// The next bundle to run, if any can.
    pub(crate) fn next(
        &mut self,
        facts: &Facts,
        state: &State,
        config: &EngineConfig,
        now: Timestamp,
    ) -> Option<Bundle> {
        let mut flight = match self.retries.pop_front() {
            Some(retry) => retry,
            None => self.choose(facts, state, config, now)?,
        };
        self.last_bundle += 1;
        let id = BundleId(self.last_bundle);
        flight.started = now;
        flight.was_asked_to_stop = false;
        flight.truncates = state.is_draining() && facts.plan.truncates(flight.stage);
        flight.sharing = Sharing::begun(now);
        flight.behind = bytes_behind(facts, state, flight.stage);
        let bundle = self.bundle(id, &flight, facts, state, config, now);
        debug_assert!(
            flight.partition.is_none_or(|partition| !self.is_busy_with(flight.stage, partition)),
            "I4: a partition is open twice"
        );
        let known = self.in_flight.insert(id, flight);
        debug_assert!(known.is_none(), "I3: the name of a bundle is used twice");
        Some(bundle)
    }

    fn choose(
        &mut self,
        facts: &Facts,
        state: &State,
        config: &EngineConfig,
        now: Timestamp,
    ) -> Option<Flight> {
        let stage = self.choose_stage(facts, state, config, now)?;
        let (partition, timers) = self.choose_timers(facts, state, stage, now);
        let (partition, entries) = match partition {
            Some(partition) => (Some(partition), Vec::new()),
            None => self.take_entries(facts, state, config, stage),
        };
        let is_bounded = entries.iter().all(|id| {
            let work = state.entry(stage, *id).map(|entry| &entry.work);
            matches!(work, Some(Work::Residual { is_bounded: true, .. }))
        });
        Some(Flight {
            stage,
            entries,
            attempt: 1,
            partition,
            timers,
            started: Timestamp::MIN,
            was_asked_to_stop: false,
            truncates: false,
            sharing: Sharing::default(),
            is_bounded,
            behind: 0,
        })
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

    fn is_busy_with(&self, stage: StageId, partition: u32) -> bool {
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
            (Some(partition), Some((facts, state, now))) => {
                (Some(*partition), state.due(facts, *partition, now, MOST_ENTRIES))
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
            () if is_splittable => config.restrictions_per_bundle,
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
        let (mut bytes, mut partition) = (0, None);
        // A compaction is a bundle of its own.
        while taken.len() < limit && bytes < target && !taken.first().is_some_and(is_compaction) {
            let Some(id) = waiting.pop_front() else { break };
            let Some(entry) = state.entry(stage, id) else { continue };
            let its = partition_of(facts, stage, entry);
            let is_other = partition.is_some() && its != partition;
            let is_apart = is_other || (is_compaction(&id) && !taken.is_empty());
            if !is_apart && self.may_take(facts, state, stage, id) {
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

    fn bundle(
        &mut self,
        id: BundleId,
        flight: &Flight,
        facts: &Facts,
        state: &State,
        config: &EngineConfig,
        now: Timestamp,
    ) -> Bundle {
        let stage = flight.stage;
        let is_splittable = is_splittable(facts, stage);
        let works = flight.entries.iter().filter_map(|id| state.entry(stage, *id));
        let mut chunks = Vec::new();
        let mut groups = Vec::new();
        let mut compaction = None;
        for work in works.map(|entry| &entry.work) {
            match work {
                Work::Elements(chunk) | Work::Residual { chunk, .. } => {
                    chunks.push(Arc::clone(chunk));
                }
                Work::Groups(group) => groups.push(group.clone()),
                Work::Compact(group) => compaction = Some(group.clone()),
            }
        }
        let is_group = (matches!(facts.plan.stages[stage.0].kind, StageKind::GroupByKey { .. })
            && facts.keyed[stage.0].is_none())
            || facts.topology.handed_by.contains_key(&stage);
        let (input_watermark, output_watermark) = state.stage_watermarks(stage);
        let clocks = Clocks {
            input_watermark,
            output_watermark,
            processing_time: state.processing_time(now),
            is_scripted: state.is_scripted(),
        };
        let keyed = flight.partition.map(|partition| {
            Box::new(KeyedInput {
                partition,
                timers: flight.timers.clone(),
                table: state.table(stage, partition),
                clocks,
            })
        });
        Bundle {
            id,
            stage,
            attempt: flight.attempt,
            input: match compaction {
                Some(group) => BundleInput::Compact(group),
                None if is_group => BundleInput::Groups(groups),
                None => BundleInput::Elements(chunks),
            },
            keyed,
            truncates: flight.truncates,
            side_inputs: state.side_inputs_of(facts, stage),
            output_limit: is_splittable.then_some(config.source_bytes),
            time_limit: time_limit(facts, state, config, flight),
            seed: self.random.as_mut().map(Random::next_u64),
        }
    }

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
            if flight.was_asked_to_stop || !is_splittable(facts, flight.stage) {
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
fn next_processing(facts: &Facts, state: &State) -> Option<Timestamp> {
    let stages = facts.plan.stages.iter().filter(|stage| facts.keyed[stage.id.0].is_some());
    stages.filter_map(|stage| state.next_processing(stage.id)).min()
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

/// How long a bundle may run before it is checkpointed.
fn time_limit(
    facts: &Facts,
    state: &State,
    config: &EngineConfig,
    flight: &Flight,
) -> Option<Duration> {
    let may_not_end =
        is_splittable(facts, flight.stage) && has_unbounded_output(facts, flight.stage);
    match state.is_draining() {
        _ if !may_not_end => None,
        // What is left after truncation ends by itself, or is dropped when it was stopped.
        true if facts.plan.truncates(flight.stage) => Some(config.unbounded_bundle_time),
        // Work that may not end is stopped at its first claim: what is left then says whether it
        // ends by itself, and is dropped if not.
        true => (!flight.is_bounded).then_some(Duration::ZERO),
        false => Some(config.unbounded_bundle_time),
    }
}

/// The bytes that wait in the queues that a stage writes to.
fn bytes_behind(facts: &Facts, state: &State, stage: StageId) -> usize {
    let downstream = facts.topology.downstream[stage.0].iter();
    downstream.map(|reader| state.queue_bytes(*reader)).sum()
}

fn has_unbounded_output(facts: &Facts, stage: StageId) -> bool {
    match &facts.plan.stages[stage.0].kind {
        StageKind::Sdk(sdk) => sdk
            .outputs
            .iter()
            .any(|(_, collection)| !facts.plan.collections[collection.0].is_bounded),
        _ => false,
    }
}
