//! How long a bundle of an unbounded source runs: not for long while its readers wait for it, and
//! longer while they have work.

use std::sync::Arc;
use std::time::Duration;

use purlin_engine::plan::{PlanOptions, Stage, StageId};
use purlin_engine::{
    Action, Bundle, BundleId, Engine, EngineConfig, Event, LocalExecutor, plan_for,
};
use purlin_sdk::{
    BoxError, Context, Continuation, OffsetRange, Pipeline, SplittableDoFn, Timestamp, Tracker,
};

/// Gives a number a call, for ever.
#[derive(Clone)]
struct Numbers;

impl SplittableDoFn for Numbers {
    type In = u64;
    type Out = u64;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, _: &u64) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(0, OffsetRange::UNBOUNDED))
    }

    fn process(
        &mut self,
        _: &u64,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<u64>,
    ) -> Result<Continuation, BoxError> {
        let next = tracker.restriction().start;
        if tracker.try_claim(next) {
            cx.output(next);
        }
        Ok(Continuation::Resume(Duration::ZERO))
    }
}

/// A job whose sources, and what reads them, run when they are told to.
struct Job {
    engine: Engine,
    executor: LocalExecutor,
    source: StageId,
    sources: Vec<Bundle>,
    readers: Vec<Bundle>,
}

impl Job {
    /// A job with two sources that have begun, at time 0.
    fn begun(is_read: bool) -> Self {
        let p = Pipeline::new();
        let numbers = p.create([0u64, 1]).par_do_splittable(Numbers, false);
        if is_read {
            drop(numbers.reshuffle().map(|n| n));
        }
        let sealed = p.seal().expect("a pipeline");
        let plan = plan_for("test", &sealed.pipeline, &PlanOptions::default()).expect("a plan");
        let is_source = |stage: &&Stage| stage.sdk().is_some_and(|sdk| sdk.is_splittable);
        let source = plan.stages.iter().find(is_source).expect("a source").id;
        let config = EngineConfig {
            max_in_flight: 8,
            unbounded_bundle_time: Duration::from_millis(100),
            eager_bundle_time: Duration::from_millis(5),
            ..EngineConfig::default()
        };
        let engine = Engine::new(plan, config).expect("an engine");
        let executor = LocalExecutor::new(Arc::clone(engine.shuffle()), sealed.table);
        let mut this = Self { engine, executor, source, sources: vec![], readers: vec![] };
        this.step(Event::Start { now: Timestamp(0) });
        assert_eq!((this.sources.len(), this.readers.len()), (2, 0));
        this
    }

    /// Runs what comes before the sources; returns which bundles are to stop.
    fn step(&mut self, event: Event) -> Vec<BundleId> {
        let mut stopped = Vec::new();
        for action in self.engine.step(event) {
            match action {
                Action::Checkpoint(id) => stopped.push(id),
                Action::Run(bundle) if bundle.stage == self.source => self.sources.push(bundle),
                Action::Run(bundle) if bundle.stage > self.source => self.readers.push(bundle),
                Action::Run(bundle) => {
                    let event = self.executor.run(bundle);
                    stopped.extend(self.step(event));
                }
                _ => {}
            }
        }
        stopped
    }

    fn tick(&mut self, millis: i64) -> Vec<BundleId> {
        self.step(Event::Tick { now: Timestamp(millis) })
    }

    fn run(&mut self, bundle: Bundle) -> Vec<BundleId> {
        let event = self.executor.run(bundle);
        self.step(event)
    }

    fn running_sources(&self) -> Vec<BundleId> {
        self.sources.iter().map(|bundle| bundle.id).collect()
    }
}

#[test]
fn sources_stop_soon_while_their_readers_wait() {
    let mut job = Job::begun(true);
    assert_eq!(job.tick(4), []);
    assert_eq!(job.tick(5), job.running_sources());
}

#[test]
fn sources_go_on_while_their_readers_have_work() {
    let mut job = Job::begun(true);
    let first = job.sources.remove(0);
    job.run(first);
    assert_eq!(job.readers.len(), 1);
    assert_eq!(job.tick(99), []);
    assert_eq!(job.tick(100), job.running_sources());
}

#[test]
fn sources_stop_once_their_readers_have_no_more_work() {
    let mut job = Job::begun(true);
    let first = job.sources.remove(0);
    job.run(first);
    assert_eq!(job.tick(50), []);
    let reader = job.readers.remove(0);
    assert_eq!(job.run(reader), job.running_sources());
}

#[test]
fn sources_that_nobody_reads_go_on() {
    let mut job = Job::begun(false);
    assert_eq!(job.tick(99), []);
    assert_eq!(job.tick(100), job.running_sources());
}
