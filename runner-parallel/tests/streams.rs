//! Unbounded sources: windows close as the watermark moves, and a drain ends the job in order.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use purlin_runner_parallel::ParallelRunner;
use purlin_sdk::runner::JobState;
use purlin_sdk::{
    BoxError, Context, Continuation, FixedWindows, OffsetRange, Pipeline, SplittableDoFn,
    Timestamp, Tracker,
};

/// Counts for ever, a hundred numbers at a time, each a millisecond of event time after the last.
#[derive(Clone)]
struct CountForEver {
    committed: Arc<AtomicU64>,
}

impl SplittableDoFn for CountForEver {
    type In = u64;
    type Out = u64;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, start: &u64) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(*start, OffsetRange::UNBOUNDED))
    }

    fn process(
        &mut self,
        _start: &u64,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<u64>,
    ) -> Result<Continuation, BoxError> {
        let first = tracker.restriction().start;
        let mut next = first;
        while next < first + 100 && tracker.try_claim(next) {
            cx.output_with_timestamp(next, Timestamp(i64::try_from(next)?));
            next += 1;
        }
        cx.set_watermark(Timestamp(i64::try_from(next)?));
        let committed = Arc::clone(&self.committed);
        cx.on_commit(move || {
            committed.fetch_add(next - first, Ordering::SeqCst);
            Ok(())
        });
        Ok(Continuation::Resume(Duration::from_millis(1)))
    }
}

#[test]
fn windows_close_while_the_source_goes_on_and_a_drain_ends_it() {
    let committed = Arc::new(AtomicU64::new(0));
    let p = Pipeline::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let source = CountForEver { committed: Arc::clone(&committed) };
    let numbers = p.create([0u64]).par_do_splittable(source, false).named("Count");
    let windowed = numbers.window_into(FixedWindows::of(Duration::from_millis(50)));
    let groups = windowed.map(|n| (n % 2, n)).group_by_key();
    drop(groups.map(move |(_, group)| sink.lock().unwrap().push(group.len())));
    let job = p.start_with(&ParallelRunner::default()).unwrap();
    let start = Instant::now();
    while seen.lock().unwrap().len() < 20 {
        assert!(start.elapsed() < Duration::from_secs(20), "no window closes");
        assert!(!job.state().is_terminal(), "{:?}", job.wait().map(|finished| finished.state));
        std::thread::yield_now();
    }
    // A GroupByKey lies behind the source, so nothing is finalised before the orderly end.
    assert_eq!(committed.load(Ordering::SeqCst), 0);
    job.drain();
    assert_eq!(job.wait().unwrap().state, JobState::Drained);
    let total: usize = seen.lock().unwrap().iter().sum();
    assert_eq!(total as u64, committed.load(Ordering::SeqCst));
    assert!(seen.lock().unwrap()[..20].iter().all(|count| *count == 25));
}

#[test]
fn what_a_stage_finishes_is_finalised_while_the_job_runs() {
    let committed = Arc::new(AtomicU64::new(0));
    let p = Pipeline::new();
    let source = CountForEver { committed: Arc::clone(&committed) };
    let numbers = p.create([0u64]).par_do_splittable(source, false).named("Count");
    drop(numbers.reshuffle().map(|n| n + 1));
    let job = p.start_with(&ParallelRunner::default()).unwrap();
    let start = Instant::now();
    while committed.load(Ordering::SeqCst) < 1000 {
        assert!(start.elapsed() < Duration::from_secs(20), "nothing is finalised");
        std::thread::yield_now();
    }
    job.cancel();
    assert!(job.wait().is_err());
    assert_eq!(job.state(), JobState::Cancelled);
}

/// A number each millisecond, from a source that waits for it and never lets go by itself.
#[derive(Clone)]
struct Steady {
    bundles: Arc<AtomicU64>,
}

impl SplittableDoFn for Steady {
    type In = u64;
    type Out = u64;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, start: &u64) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(*start, OffsetRange::UNBOUNDED))
    }

    fn process(
        &mut self,
        _start: &u64,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<u64>,
    ) -> Result<Continuation, BoxError> {
        self.bundles.fetch_add(1, Ordering::SeqCst);
        let mut next = tracker.restriction().start;
        while tracker.try_claim(next) {
            std::thread::sleep(Duration::from_millis(1));
            let now = Timestamp::now();
            cx.output_with_timestamp(next, now);
            cx.set_watermark(now);
            next += 1;
        }
        Ok(Continuation::Stop)
    }
}

#[test]
fn a_source_that_never_pauses_gives_what_it_has_to_readers_that_wait() {
    let bundles = Arc::new(AtomicU64::new(0));
    let p = Pipeline::new();
    let source = Steady { bundles: Arc::clone(&bundles) };
    let numbers = p.create([0u64]).par_do_splittable(source, false).named("Steady");
    let windowed = numbers.window_into(FixedWindows::of(Duration::from_millis(20)));
    drop(windowed.map(|n| (n % 2, n)).group_by_key().map(|(_, group)| group.len() as u64));
    let start = Instant::now();
    let job = p.start_with(&ParallelRunner::default()).unwrap();
    while bundles.load(Ordering::SeqCst) < 100 {
        // A hundred bundles of 100 ms, as they are under load, would take twice as long.
        assert!(start.elapsed() < Duration::from_secs(5), "results wait for long bundles");
        std::thread::sleep(Duration::from_millis(1));
    }
    job.drain();
    assert_eq!(job.wait().unwrap().state, JobState::Drained);
}

#[test]
fn a_source_that_is_fused_with_its_sink_stops_for_a_drain() {
    let bundles = Arc::new(AtomicU64::new(0));
    let p = Pipeline::new();
    let source = Steady { bundles: Arc::clone(&bundles) };
    drop(p.create([0u64]).par_do_splittable(source, false).named("Steady").map(|n| n + 1));
    let job = p.start_with(&ParallelRunner::default()).unwrap();
    let start = Instant::now();
    while bundles.load(Ordering::SeqCst) == 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "the source does not begin");
        std::thread::sleep(Duration::from_millis(1));
    }
    job.drain();
    while !job.state().is_terminal() {
        assert!(start.elapsed() < Duration::from_secs(20), "the source does not stop");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(job.wait().unwrap().state, JobState::Drained);
}
