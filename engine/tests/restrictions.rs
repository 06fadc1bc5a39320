//! How many restrictions of a bounded source a bundle gets, and what becomes of those that it has not
//! begun when an executor is idle.

use std::sync::Arc;

use purlin_engine::plan::{PlanOptions, Stage, StageId};
use purlin_engine::{
    Action, Bundle, BundleId, BundleInput, Engine, EngineConfig, Event, LocalExecutor, Outcome,
    plan_for,
};
use purlin_sdk::testing::assert_that;
use purlin_sdk::{
    BoxError, Context, Continuation, OffsetRange, Pipeline, SplittableDoFn, Timestamp, Tracker,
};

/// Gives the numbers of a range.
#[derive(Clone)]
struct Numbers;

impl SplittableDoFn for Numbers {
    type In = u64;
    type Out = u64;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, first: &u64) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(*first, first + 10))
    }

    fn process(
        &mut self,
        _: &u64,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<u64>,
    ) -> Result<Continuation, BoxError> {
        let mut next = tracker.restriction().start;
        while tracker.try_claim(next) {
            cx.output(next);
            next += 1;
        }
        Ok(Continuation::Stop)
    }
}

/// A job with a source of eight restrictions, which run when they are told to.
struct Job {
    engine: Engine,
    executor: LocalExecutor,
    source: StageId,
    sources: Vec<Bundle>,
    /// Which bundles were asked to share.
    splits: Vec<BundleId>,
    outcome: Option<Outcome>,
}

impl Job {
    fn begun() -> Self {
        let p = Pipeline::new();
        let numbers = p.create((0..8u64).map(|n| n * 10)).par_do_splittable(Numbers, true);
        assert_that(&numbers).contains_in_any_order(0..80u64);
        let sealed = p.seal().expect("a pipeline");
        let plan = plan_for("test", &sealed.pipeline, &PlanOptions::default()).expect("a plan");
        let is_source = |stage: &&Stage| stage.sdk().is_some_and(|sdk| sdk.is_splittable);
        let source = plan.stages.iter().find(is_source).expect("a source").id;
        let config = EngineConfig {
            executors: 2,
            max_in_flight: 4,
            restrictions_per_bundle: 16,
            ..EngineConfig::default()
        };
        let engine = Engine::new(plan, config).expect("an engine");
        let executor = LocalExecutor::new(Arc::clone(engine.shuffle()), sealed.table);
        let (sources, splits) = (vec![], vec![]);
        let mut this = Self { engine, executor, source, sources, splits, outcome: None };
        this.step(Event::Start { now: Timestamp(0) });
        this
    }

    /// Runs all but the source; returns which bundles are to stop.
    fn step(&mut self, event: Event) -> Vec<BundleId> {
        let mut stopped = Vec::new();
        for action in self.engine.step(event) {
            match action {
                Action::Checkpoint(id) => stopped.push(id),
                Action::Run(bundle) if bundle.stage == self.source => self.sources.push(bundle),
                Action::Run(bundle) => {
                    let event = self.executor.run(bundle);
                    stopped.extend(self.step(event));
                }
                Action::Split { id, .. } => self.splits.push(id),
                Action::Finished(outcome) => self.outcome = Some(outcome),
                _ => {}
            }
        }
        stopped
    }

    /// Runs a bundle of the source that waits.
    fn run(&mut self, number: usize) {
        let event = self.executor.run(self.sources.remove(number));
        assert_eq!(self.step(event), []);
    }

    fn tick(&mut self, millis: i64) -> Vec<BundleId> {
        self.step(Event::Tick { now: Timestamp(millis) })
    }

    /// How many restrictions each bundle has.
    fn restrictions(&self) -> Vec<u32> {
        let count = |bundle: &Bundle| match &bundle.input {
            BundleInput::Elements(chunks) => chunks.iter().map(|chunk| chunk.count).sum(),
            other => panic!("a source reads elements, not {other:?}"),
        };
        self.sources.iter().map(count).collect()
    }

    fn run_all(&mut self) {
        while !self.sources.is_empty() {
            self.run(0);
        }
        assert!(matches!(self.outcome, Some(Outcome::Done)), "{:?}", self.outcome);
    }
}

#[test]
fn bundles_get_many_at_first_and_few_at_last() {
    let mut job = Job::begun();
    assert_eq!(job.restrictions(), [4, 2, 1, 1]);
    assert_eq!(job.tick(1000), [], "nobody is idle");
    job.run_all();
}

#[test]
fn what_was_not_begun_is_for_executors_that_are_idle() {
    let mut job = Job::begun();
    for _ in 0..3 {
        job.run(1);
    }
    assert_eq!(job.tick(19), []);
    let many = job.sources[0].id;
    assert_eq!(job.tick(20), [many]);
    assert_eq!(job.tick(40), [], "it was told");
    job.executor.checkpoint(many);
    job.run(0);
    assert_eq!(job.restrictions(), [2, 1, 1]);
    job.run_all();
}

#[test]
fn a_bundle_with_one_is_split_instead() {
    let mut job = Job::begun();
    for _ in 0..3 {
        job.run(0);
    }
    assert_eq!(job.restrictions(), [1]);
    assert_eq!(job.tick(20), []);
    assert_eq!(job.splits, [job.sources[0].id]);
    job.run_all();
}
