//! Which bundle runs next. Nothing here is durable: it is rebuilt from the state after a restart.

mod assemble;
mod audit;
mod choose;
mod limits;
mod spilling;
mod splits;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use purlin_sdk::{Timestamp, Window};

use self::limits::{bytes_behind, may_not_end, next_processing};
use self::splits::Sharing;
use crate::bundle::{Bundle, BundleId};
use crate::config::EngineConfig;
use crate::keyed::DueTimer;
use crate::plan::{CollectionId, StageId};
use crate::random::Random;
use crate::spill::StateMemory;
use crate::state::{Facts, State, Work};

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
    /// How much memory the state of keys may take, where it may go to files.
    state_memory: Option<StateMemory>,
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
    /// The windows about which it asks users' functions, each with a side input.
    questions: Vec<(CollectionId, Window)>,
    /// Whether it moves the state of keys to files.
    spills: bool,
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

impl Flight {
    /// An attempt at nothing yet.
    fn new(stage: StageId, partition: Option<u32>) -> Self {
        Self {
            stage,
            entries: Vec::new(),
            attempt: 1,
            partition,
            timers: Vec::new(),
            questions: Vec::new(),
            spills: false,
            started: Timestamp::MIN,
            was_asked_to_stop: false,
            truncates: false,
            sharing: Sharing::default(),
            is_bounded: false,
            behind: 0,
        }
    }
}

impl Schedule {
    pub(crate) fn new(stages: usize, seed: Option<u64>, memory: Option<StateMemory>) -> Self {
        Self {
            ready: vec![VecDeque::new(); stages],
            delayed: BTreeSet::new(),
            retries: VecDeque::new(),
            in_flight: BTreeMap::new(),
            last_bundle: 0,
            random: seed.map(Random::new),
            state_memory: memory,
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
}
