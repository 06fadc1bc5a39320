//! A runner whose bundles fail, end in any order and report twice, whose process dies, and which
//! checks on the engine after every commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use purlin_sdk::Timestamp;
use purlin_sdk::exec::Failure;

use super::plan::Setup;
use super::script::Played;
use crate::bundle::{Bundle, BundleId, BundleInput, BundleResult};
use crate::commit::{BundleCommit, Change, Commit};
use crate::config::EngineConfig;
use crate::engine::Engine;
use crate::event::{Action, Event};
use crate::keyed::TableSize;
use crate::outcome::Outcome;
use crate::own_work::own_work;
use crate::plan::{CollectionId, StageId};
use crate::random::Random;
use crate::shuffle::Shuffle;
use crate::spill::{Spill, TestStore};
use crate::state::{Facts, State};

/// What the stages of a job do, and the model of the one with keys.
pub(super) trait Job {
    /// What came of an attempt at a bundle, beside its result.
    type Effect;

    fn run(
        &mut self,
        shuffle: &Arc<Shuffle>,
        bundle: &Bundle,
        random: &mut Random,
    ) -> (BundleResult, Self::Effect);

    /// An attempt becomes part of the job, whose state is about to change.
    fn commit(&mut self, bundle: &Bundle, effect: Self::Effect, state: &State);

    /// Nothing runs and nothing is due.
    fn rest(&mut self, state: &State, processing_time: Timestamp);

    /// The job has ended.
    fn end(&mut self, state: &State);
}

/// How a job is run.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    pub(super) failures: bool,
    pub(super) crashes: usize,
}

pub(super) struct World<J: Job> {
    setup: Arc<Setup>,
    facts: Facts,
    config: EngineConfig,
    random: Random,
    engine: Engine,
    /// What the commits say, applied one by one as another process reads them.
    shadow: State,
    played: Played,
    now: Timestamp,
    running: BTreeMap<BundleId, Bundle>,
    started: BTreeSet<BundleId>,
    /// Attempts that failed and were not repeated yet.
    failed: Vec<Bundle>,
    dead: Vec<BundleId>,
    /// What has just ended; bundles of the engine's own have no effect.
    ended: Option<(Bundle, Option<J::Effect>)>,
    committed: BTreeSet<BundleId>,
    /// Bundles of this process whose finalisers wait.
    to_finalize: BTreeSet<BundleId>,
    finalized: BTreeSet<BundleId>,
    /// The queue entries that derive from the outputs of bundles with finalisers.
    derived: BTreeMap<(StageId, u64), BTreeSet<BundleId>>,
    commits: Vec<Commit>,
    outcome: Option<Outcome>,
    pub(super) job: J,
}

fn config(random: &mut Random, has_state: bool) -> EngineConfig {
    let spills = has_state && random.one_in(2);
    let memory_bytes = 1 + random.below(2000);
    EngineConfig {
        partitions: 1 + u32::try_from(random.below(4)).unwrap(),
        attempts: 1000,
        max_in_flight: 1 + random.below(6),
        bundle_bytes: 1 << random.below(12),
        min_bundle_bytes: 1,
        queue_bytes: 1 << (6 + random.below(10)),
        seed: (!random.one_in(4)).then(|| random.next_u64()),
        record: true,
        spill: spills.then(|| Spill { memory_bytes, store: Arc::new(TestStore) }),
        ..EngineConfig::default()
    }
}

/// Whether the second bundle is the next attempt at what the first was to do.
fn is_repeated(first: &Bundle, second: &Bundle) -> bool {
    let timers = |it: &Bundle| it.keyed.as_ref().map(|keyed| keyed.timers.clone());
    let is_same_input = match (&first.input, &second.input) {
        (BundleInput::Elements(first), BundleInput::Elements(second)) => first == second,
        (BundleInput::Windows(first), BundleInput::Windows(second)) => first == second,
        (BundleInput::Spill, BundleInput::Spill) => true,
        _ => false,
    };
    is_same_input
        && first.attempt + 1 == second.attempt
        && first.stage == second.stage
        && timers(first) == timers(second)
}

impl<J: Job> World<J> {
    pub(super) fn new(setup: &Arc<Setup>, seed: u64, job: J) -> Self {
        let mut random = Random::new(seed);
        let facts = Facts::new(Arc::clone(&setup.plan), false).unwrap();
        let config = config(&mut random, facts.keyed.iter().any(Option::is_some));
        Self {
            shadow: State::new(&facts),
            facts,
            engine: Engine::new(Arc::clone(&setup.plan), config.clone()).unwrap(),
            played: Played::new(setup),
            setup: Arc::clone(setup),
            config,
            random,
            now: Timestamp(0),
            running: BTreeMap::new(),
            started: BTreeSet::new(),
            failed: Vec::new(),
            dead: Vec::new(),
            ended: None,
            committed: BTreeSet::new(),
            to_finalize: BTreeSet::new(),
            finalized: BTreeSet::new(),
            derived: BTreeMap::new(),
            commits: Vec::new(),
            outcome: None,
            job,
        }
    }

    /// Runs to the end.
    pub(super) fn run(&mut self, manner: Manner) {
        let mut crashes = manner.crashes;
        self.step(Event::Start { now: self.now });
        for steps in 0.. {
            assert!(steps < 100_000, "the job does not end");
            if self.outcome.is_some() {
                break;
            }
            if crashes > 0 && self.random.one_in(20) {
                crashes -= 1;
                self.crash();
            } else if self.running.is_empty() || self.random.one_in(10) {
                self.now = Timestamp(self.now.0 + 1 + self.random.below(100) as i64);
                self.step(Event::Tick { now: self.now });
            } else {
                self.end_one(manner.failures);
            }
        }
        self.check_end();
        self.job.end(&self.shadow);
    }

    /// The process dies: what was not committed is lost, and a new one goes on from the commits.
    fn crash(&mut self) {
        let mut engine = Engine::new(Arc::clone(&self.setup.plan), self.config.clone()).unwrap();
        engine.replay(&self.commits);
        assert_eq!(engine.state(), &self.shadow, "a replay gives the same state");
        self.engine = engine;
        self.dead.extend(std::mem::take(&mut self.running).into_keys());
        self.failed.clear();
        // Finalisers die with their process.
        self.to_finalize.clear();
        self.step(Event::Start { now: self.now });
    }

    fn step(&mut self, event: Event) {
        let actions = self.engine.step(event);
        for commit in self.engine.take_commits() {
            self.follow(&commit);
        }
        assert!(self.ended.is_none(), "I1: what ended well is committed");
        assert_eq!(&self.shadow, self.engine.state(), "I1: commits tell of every change");
        self.engine.audit().unwrap();
        self.check_state_bytes();
        for action in actions {
            assert!(self.outcome.is_none(), "nothing follows the end");
            match action {
                Action::Run(bundle) => self.start(bundle),
                Action::Finalize(id) => {
                    assert!(self.committed.contains(&id), "I7: finalised without commit");
                    assert!(self.finalized.insert(id), "I7: finalised twice");
                    assert!(!self.is_waited_for(id), "I7: finalised while outputs are queued");
                    self.to_finalize.remove(&id);
                }
                // Nobody has to answer when a split is asked for.
                Action::Split { .. } | Action::Checkpoint(_) => {}
                Action::Forget(_) | Action::WakeAt(_) => {}
                Action::Finished(outcome) => self.outcome = Some(outcome),
            }
        }
        if self.running.is_empty() && self.outcome.is_none() {
            self.job.rest(&self.shadow, self.shadow.processing_time(self.now));
        }
    }

    /// What is in files is counted as what it takes in the memory of another process.
    fn check_state_bytes(&self) {
        for stage in (0..self.setup.plan.stages.len()).map(StageId) {
            let size = self.engine.state().keyed_size(stage);
            let all = TableSize { cells: size.cells + size.cells_away, ..TableSize::default() };
            let all = TableSize { keys: size.keys, ..all };
            assert_eq!(self.shadow.keyed_size(stage), all, "I9: bytes of state are lost");
        }
    }

    fn start(&mut self, bundle: Bundle) {
        assert!(self.started.insert(bundle.id), "I3: the name of a bundle is used twice");
        let partition = |it: &Bundle| it.keyed.as_ref().map(|keyed| (it.stage, keyed.partition));
        let is_open = |other: &Bundle| partition(other) == partition(&bundle);
        if bundle.attempt > 1 {
            let first = self.failed.iter().position(|first| is_repeated(first, &bundle));
            let first = first.expect("I2: a second attempt does what the first was to do");
            self.failed.swap_remove(first);
        }
        let is_keyed = bundle.keyed.is_some();
        assert!(!(is_keyed && self.running.values().any(is_open)), "I4: a partition is open twice");
        self.running.insert(bundle.id, bundle);
        assert!(self.running.len() <= self.config.max_in_flight);
    }

    /// Applies a commit as another process would, and checks what it does.
    fn follow(&mut self, commit: &Commit) {
        let commit = {
            let read = Commit::decode(commit.encode().unwrap()).unwrap();
            assert_eq!(&read, commit, "a commit is read as it was written");
            read
        };
        match &commit.change {
            Change::Bundle(bundle) => self.follow_bundle(bundle),
            Change::Script { stage, .. } => {
                self.played.check_rest(&self.shadow);
                self.job.rest(&self.shadow, self.shadow.processing_time(self.now));
                self.played.play(*stage);
            }
            _ => {}
        }
        let before = self.watermarks();
        let known = self.queued();
        self.shadow.apply(&self.facts, &commit);
        self.derive(&commit, &known);
        self.shadow.audit(&self.facts).unwrap();
        self.check_watermarks(&before);
        self.commits.push(commit);
    }

    fn follow_bundle(&mut self, commit: &BundleCommit) {
        let (bundle, effect) =
            self.ended.take().expect("I1: only what has just ended is committed");
        assert_eq!(bundle.id, commit.bundle);
        assert!(self.committed.insert(commit.bundle), "I1: a bundle is committed twice");
        for id in &commit.consumed {
            let entry = self.shadow.entry(commit.stage, *id);
            assert!(entry.is_some(), "I2: what is consumed was pending");
        }
        self.check_timers(&bundle, commit);
        if let Some(effect) = effect {
            self.job.commit(&bundle, effect, &self.shadow);
        }
    }

    /// The timers of a bundle were set and due, and are gone unless it has set them again.
    fn check_timers(&self, bundle: &Bundle, commit: &BundleCommit) {
        let Some(keyed) = &bundle.keyed else { return };
        let table = self.shadow.table(bundle.stage, keyed.partition);
        let changes: BTreeMap<_, _> =
            commit.keyed.iter().flat_map(|keyed| keyed.changes.iter().cloned()).collect();
        for due in &keyed.timers {
            let set = table.key(&due.key).and_then(|state| state.timers.get(&due.id));
            assert_eq!(set, Some(&due.timer), "I6: a timer fires that is not set");
            let change = changes.get(&due.key).and_then(|change| change.timers.get(&due.id));
            // One that is set again for the same time is no change; the groupings' machine and the
            // jobs here set none that is due.
            assert!(change.is_some(), "I6: a timer that has fired is still set");
        }
    }

    fn queued(&self) -> BTreeSet<(StageId, u64)> {
        let stages = (0..self.setup.plan.stages.len()).map(StageId);
        let ids = |stage| self.shadow.entries(stage).map(move |(id, _)| (stage, id));
        stages.flat_map(ids).collect()
    }

    /// Follows what derives from bundles with finalisers. What enters a buffer is followed no
    /// further; what a bundle leaves for later, in its own stage, does not derive from its outputs.
    fn derive(&mut self, commit: &Commit, known: &BTreeSet<(StageId, u64)>) {
        let Change::Bundle(bundle) = &commit.change else { return };
        let consumed = bundle.consumed.iter().map(|id| (bundle.stage, *id));
        let inherited: BTreeSet<BundleId> =
            consumed.filter_map(|it| self.derived.remove(&it)).flatten().collect();
        for entry in self.queued().difference(known) {
            let is_output = entry.0 != bundle.stage;
            let own = (bundle.finalizes && is_output).then_some(bundle.bundle);
            self.derived.insert(*entry, inherited.iter().copied().chain(own).collect());
        }
    }

    fn is_waited_for(&self, id: BundleId) -> bool {
        self.derived.values().any(|bundles| bundles.contains(&id))
    }

    fn watermarks(&self) -> Vec<(Timestamp, Timestamp)> {
        let stages = (0..self.setup.plan.stages.len()).map(StageId);
        let of_stages = stages.map(|stage| self.shadow.stage_watermarks(stage));
        let collections = (0..self.setup.plan.collections.len()).map(CollectionId);
        let of_collections = collections.map(|id| (self.shadow.watermark(id), Timestamp::MIN));
        of_stages.chain(of_collections).collect()
    }

    fn check_watermarks(&self, before: &[(Timestamp, Timestamp)]) {
        for (position, (old, new)) in before.iter().zip(self.watermarks()).enumerate() {
            assert!(new.0 >= old.0 && new.1 >= old.1, "I5: a watermark goes back");
            if position >= self.setup.plan.stages.len() {
                continue;
            }
            let (input, output) = self.shadow.least_holds(StageId(position));
            assert!(new.0 == old.0 || new.0 <= input, "I5: an input watermark passes a hold");
            assert!(new.1 == old.1 || new.1 <= output, "I5: an output watermark passes a hold");
            assert!(new.1 <= new.0, "I5: an output is ahead of its input");
        }
    }

    /// Ends a running bundle: well, badly, or well and reported twice.
    fn end_one(&mut self, failures: bool) {
        let position = self.random.below(self.running.len());
        let id = *self.running.keys().nth(position).expect("one runs");
        let bundle = self.running.remove(&id).expect("it runs");
        if failures && self.random.one_in(6) {
            // It may have done anything before: nothing of it counts.
            if self.random.one_in(2) {
                drop(self.work(&bundle));
            }
            self.dead.push(id);
            self.failed.push(bundle);
            self.step(Event::BundleFailed { id, failure: Failure::new("bad luck") });
        } else {
            let (mut result, effect) = self.work(&bundle);
            result.finalizes = self.random.one_in(4);
            if result.finalizes {
                self.to_finalize.insert(id);
            }
            self.ended = Some((bundle, effect));
            self.dead.push(id);
            self.step(Event::BundleDone { id, result: Box::new(result) });
        }
        if self.random.one_in(6) && self.outcome.is_none() {
            self.report_dead();
        }
    }

    fn work(&mut self, bundle: &Bundle) -> (BundleResult, Option<J::Effect>) {
        if matches!(bundle.input, BundleInput::Spill) {
            return (own_work(self.engine.shuffle(), bundle).unwrap(), None);
        }
        let (result, effect) = self.job.run(self.engine.shuffle(), bundle, &mut self.random);
        (result, Some(effect))
    }

    /// A message of a bundle that has ended, failed, or died with its process.
    fn report_dead(&mut self) {
        let id = self.dead[self.random.below(self.dead.len())];
        let count = self.commits.len();
        if self.random.one_in(3) {
            self.step(Event::BundleFailed { id, failure: Failure::new("too late") });
        } else {
            self.step(Event::BundleDone { id, result: Box::default() });
        }
        assert_eq!(self.commits.len(), count, "I10: a message of a dead bundle changes something");
    }

    fn check_end(&self) {
        assert_eq!(self.outcome, Some(Outcome::Done));
        let state = &self.shadow;
        assert!(state.is_complete(), "I8: something is left");
        assert!(state.has_no_holds(), "I8: a hold is left");
        assert_eq!(state.memory_bytes(), 0, "I9: nothing takes no memory");
        assert!(self.to_finalize.is_empty(), "I7: finalisers are left: {:?}", self.to_finalize);
        let watermarks = self.watermarks();
        let stages = &watermarks[..self.setup.plan.stages.len()];
        assert!(stages.iter().all(|it| it.1 == Timestamp::MAX), "I8: a watermark is left behind");
    }
}
