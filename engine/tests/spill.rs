//! What becomes of a job whose elements or state cannot be spilled, or not be read back.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use purlin_engine::plan::{PlanOptions, StageId};
use purlin_engine::{
    Action, Change, Commit, Engine, EngineConfig, Event, LocalExecutor, Outcome, Spill, SpillStore,
    SpilledBytes, plan_for,
};
use purlin_sdk::state::{StateSpecs, Value};
use purlin_sdk::testing::assert_that;
use purlin_sdk::transforms::Count;
use purlin_sdk::{BoxError, Context, Error, PCollection, Pipeline, StatefulDoFn, Timestamp};

/// A store in memory that fails when it is told to.
#[derive(Clone, Default, Debug)]
struct Shelf {
    is_full: bool,
    /// How many reads fail before the first that does not.
    lost: Arc<Mutex<u32>>,
}

#[derive(Debug)]
struct Parcel {
    data: Bytes,
    lost: Arc<Mutex<u32>>,
}

impl SpillStore for Shelf {
    fn write(&self, data: &[u8]) -> Result<Box<dyn SpilledBytes>, Error> {
        if self.is_full {
            return Err(Error::environment("the shelf is full"));
        }
        Ok(Box::new(Parcel { data: Bytes::copy_from_slice(data), lost: Arc::clone(&self.lost) }))
    }

    fn close(&self) {}
}

impl SpilledBytes for Parcel {
    fn read(&self) -> Result<Bytes, Error> {
        let mut lost = self.lost.lock().expect("no panic");
        if *lost > 0 {
            *lost -= 1;
            return Err(Error::environment("the parcel is lost"));
        }
        Ok(self.data.clone())
    }

    fn checksum(&self) -> u32 {
        u32::try_from(self.data.len()).expect("small")
    }
}

type Build = fn(&Pipeline);

/// Pipelines that keep a few numbers: in groups, and in side inputs of both kinds.
const ALL: [Build; 3] = [
    |p| drop(pairs(p).group_by_key().map(|(key, group)| (key, group.iter().sum::<u64>()))),
    |p| {
        let sums = p.create([7u64]).with_side_input(pairs(p).as_iter());
        assert_that(&sums.map(|n, all| n + all.iter().map(|(_, n)| n).sum::<u64>()))
            .contains_in_any_order([7 + 99 * 50]);
    },
    |p| {
        let sums = p.create([5u64]).with_side_input(pairs(p).as_multimap());
        assert_that(&sums.map(|key, all| all[&key].iter().sum::<u64>()))
            .contains_in_any_order([(0..14).map(|n| n * 7 + 5).sum::<u64>()]);
    },
];

/// One that keeps its numbers in state until the end.
const STATE: Build = |p| {
    let sums = pairs(p).par_do_stateful(|s: &mut StateSpecs| Sum { sum: s.value("sum") });
    assert_that(&sums.main())
        .contains_in_any_order((0..7u64).map(|key| (0..100).filter(|n| n % 7 == key).sum::<u64>()));
};

#[derive(Clone)]
struct Sum {
    sum: Value<u64>,
}

impl StatefulDoFn for Sum {
    type Key = u64;
    type In = u64;
    type Out = u64;

    const HAS_ON_WINDOW_EXPIRATION: bool = true;

    fn process(&mut self, _: &u64, n: u64, cx: &mut Context<u64>) -> Result<(), BoxError> {
        let sum = self.sum.read(cx)?.unwrap_or(0);
        self.sum.write(cx, sum + n)
    }

    fn on_window_expiration(&mut self, _: &u64, cx: &mut Context<u64>) -> Result<(), BoxError> {
        let sum = self.sum.read(cx)?.ok_or("it is lost")?;
        cx.output(sum);
        Ok(())
    }
}

fn pairs(p: &Pipeline) -> PCollection<(u64, u64)> {
    p.create(0..100u64).reshuffle().map(|n| (n % 7, n))
}

/// Runs a pipeline with a store and no memory. How the job ended, and its commits.
fn run(build: Build, shelf: &Shelf) -> (Outcome, Vec<Commit>) {
    let p = Pipeline::new();
    build(&p);
    let sealed = p.seal().expect("a pipeline");
    let plan = plan_for("test", &sealed.pipeline, &PlanOptions::default()).expect("a plan");
    let spill = Spill { memory_bytes: 1, store: Arc::new(shelf.clone()) };
    let config = EngineConfig {
        hands_over_groups: true,
        spill: Some(spill),
        record: true,
        ..EngineConfig::default()
    };
    let mut engine = Engine::new(plan, config).expect("an engine");
    let executor = LocalExecutor::new(Arc::clone(engine.shuffle()), sealed.table);
    let mut actions = engine.step(Event::Start { now: Timestamp(0) });
    loop {
        match actions.pop().expect("the job ends") {
            Action::Run(bundle) => actions.extend(engine.step(executor.run(bundle))),
            Action::Finished(outcome) => return (outcome, engine.take_commits()),
            _ => {}
        }
    }
}

#[test]
fn combines_before_a_shuffle_keep_no_more_than_is_for_running_bundles() {
    for (memory_bytes, expected) in [(None, None), (Some(8000), Some(1000))] {
        let p = Pipeline::new();
        drop(pairs(&p).combine_per_key(Count));
        let sealed = p.seal().expect("a pipeline");
        let plan = plan_for("test", &sealed.pipeline, &PlanOptions::default()).expect("a plan");
        let store = Arc::new(Shelf::default());
        let spill = memory_bytes.map(|memory_bytes| Spill { memory_bytes, store });
        let config = EngineConfig { executors: 2, spill, ..EngineConfig::default() };
        let engine = Engine::new(plan, config).expect("an engine");
        assert_eq!(engine.exec_config(StageId(0)).combine_bytes, expected);
    }
}

#[test]
fn a_full_store_fails_the_job_and_says_why() {
    for build in ALL.into_iter().chain([STATE]) {
        let (outcome, _) = run(build, &Shelf { is_full: true, ..Shelf::default() });
        let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
        assert!(failure.to_string().contains("the shelf is full"), "{failure}");
    }
}

#[test]
fn what_cannot_be_read_is_read_again_by_a_retry() {
    for build in ALL.into_iter().chain([STATE]) {
        let shelf = Shelf::default();
        *shelf.lost.lock().expect("no panic") = 2;
        assert_eq!(run(build, &shelf).0, Outcome::Done);
        assert_eq!(*shelf.lost.lock().expect("no panic"), 0, "nothing was read");
        *shelf.lost.lock().expect("no panic") = u32::MAX;
        let (outcome, _) = run(build, &shelf);
        let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
        assert!(failure.to_string().contains("the parcel is lost"), "{failure}");
    }
}

#[test]
fn commits_hold_what_was_spilled() {
    for build in ALL {
        let shelf = Shelf::default();
        let (outcome, commits) = run(build, &shelf);
        assert_eq!(outcome, Outcome::Done);
        let written: Result<Vec<Bytes>, Error> = commits.iter().map(Commit::encode).collect();
        let written = written.expect("it can be read");
        let read: Vec<Commit> =
            written.iter().map(|bytes| Commit::decode(bytes.clone()).expect("a commit")).collect();
        let again: Result<Vec<Bytes>, Error> = read.iter().map(Commit::encode).collect();
        assert_eq!(again.expect("it is in memory"), written);
        *shelf.lost.lock().expect("no panic") = u32::MAX;
        assert!(commits.iter().any(|commit| commit.encode().is_err()), "nothing was spilled");
    }
}

#[test]
fn commits_of_state_need_no_file() {
    let shelf = Shelf::default();
    let (outcome, commits) = run(STATE, &shelf);
    assert_eq!(outcome, Outcome::Done);
    *shelf.lost.lock().expect("no panic") = u32::MAX;
    let mut spilled = 0;
    for commit in &commits {
        let Change::Bundle(bundle) = &commit.change else { continue };
        let transfers = bundle.keyed.as_ref().map(|keyed| format!("{:?}", keyed.transfers));
        if transfers.is_some_and(|it| !it.starts_with("Transfers(0 keys away")) {
            spilled += 1;
            let again = Commit::decode(commit.encode().expect("it is in memory"));
            assert_eq!(&again.expect("a commit"), commit);
        }
    }
    assert!(spilled > 0, "no state was spilled");
}
