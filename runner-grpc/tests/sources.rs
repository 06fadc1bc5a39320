//! Splittable DoFns on workers: sources that are split, suspended, drained and finalised.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use purlin_runner_grpc::GrpcRunner;
use purlin_sdk::exec::{Continuation, SplittableDoFn, Tracker};
use purlin_sdk::runner::JobState;
use purlin_sdk::{
    BoxError, Context, Error, FixedWindows, OffsetRange, Pipeline, Restriction, RunningPipeline,
    Timestamp,
};

/// Numbers of a range; one that does not end gives a number a call.
#[derive(Clone, Default)]
struct Numbers {
    is_unbounded: bool,
    calls: Arc<AtomicUsize>,
    finalized: Arc<Mutex<Vec<u64>>>,
}

impl SplittableDoFn for Numbers {
    type In = u64;
    type Out = u64;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, end: &u64) -> Result<OffsetRange, BoxError> {
        let end = if self.is_unbounded { OffsetRange::UNBOUNDED } else { *end };
        Ok(OffsetRange::new(0, end))
    }

    fn split(&self, _: &u64, range: OffsetRange) -> Result<Vec<OffsetRange>, BoxError> {
        if !range.is_bounded() {
            return Ok(vec![range]);
        }
        let middle = range.end / 2;
        Ok(vec![OffsetRange::new(0, middle), OffsetRange::new(middle, range.end)])
    }

    fn process(
        &mut self,
        _: &u64,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<u64>,
    ) -> Result<Continuation, BoxError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let mut next = tracker.restriction().start;
        let mut last = None;
        while tracker.try_claim(next) {
            let at = Timestamp(i64::try_from(next)? * 1000);
            cx.output_with_timestamp(next, at);
            cx.set_watermark(at);
            last = Some(next);
            next += 1;
            if self.is_unbounded && next.is_multiple_of(3) {
                break;
            }
        }
        if let Some(last) = last {
            let finalized = Arc::clone(&self.finalized);
            cx.on_commit(move || {
                finalized.lock().expect("no panic").push(last);
                Ok(())
            });
        }
        Ok(if self.is_unbounded {
            Continuation::Resume(Duration::from_millis(1))
        } else {
            Continuation::Stop
        })
    }
}

fn wait_until(is_so: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(20), "it takes too long");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_bounded_source_is_read_once_in_slices() {
    let numbers = Numbers::default();
    let calls = Arc::clone(&numbers.calls);
    let finalized = Arc::clone(&numbers.finalized);
    let p = Pipeline::new();
    let sum = Arc::new(AtomicU64::new(0));
    let adder = Arc::clone(&sum);
    // About 40 MB in all, far more than a bundle puts out.
    let _ = p
        .create([3_000_000u64])
        .par_do_splittable(numbers, true)
        .reshuffle()
        .map(move |n| adder.fetch_add(n, Ordering::Relaxed));
    let finished = p.run_with(&GrpcRunner::default().loopback()).expect("it runs");
    assert_eq!(finished.state, JobState::Done);
    assert_eq!(sum.load(Ordering::Relaxed), 3_000_000 * 2_999_999 / 2);
    assert!(calls.load(Ordering::Relaxed) > 2, "it was never suspended");
    assert_eq!(finalized.lock().expect("no panic").iter().max(), Some(&2_999_999));
}

fn start_unbounded(numbers: Numbers) -> (RunningPipeline, Arc<Mutex<Vec<u64>>>) {
    let p = Pipeline::new();
    let counts = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&counts);
    let _ = p
        .create([0u64])
        .par_do_splittable(numbers, false)
        .window_into(FixedWindows::of(Duration::from_secs(10)))
        .map(|n| ((), n))
        .group_by_key()
        .map(move |(_, values)| sink.lock().expect("no panic").push(values.len() as u64));
    let running = p.start_with(&GrpcRunner::default().loopback()).expect("it starts");
    (running, counts)
}

#[test]
fn windows_of_an_unbounded_source_fire_while_it_runs_and_a_drain_ends_it() {
    let numbers = Numbers { is_unbounded: true, ..Numbers::default() };
    let (running, counts) = start_unbounded(numbers);
    wait_until(|| counts.lock().expect("no panic").len() >= 3);
    assert_eq!(running.state(), JobState::Running);
    assert_eq!(counts.lock().expect("no panic")[..3], [10, 10, 10]);
    running.drain();
    let finished = running.wait().expect("it drains");
    assert_eq!(finished.state, JobState::Drained);
}

#[test]
fn a_cancelled_job_ends_without_finalising_what_is_buffered() {
    let numbers = Numbers { is_unbounded: true, ..Numbers::default() };
    let finalized = Arc::clone(&numbers.finalized);
    let (running, counts) = start_unbounded(numbers);
    wait_until(|| !counts.lock().expect("no panic").is_empty());
    running.cancel();
    assert!(matches!(running.wait(), Err(Error::Cancelled)));
    assert_eq!(running.state(), JobState::Cancelled);
    // What is in a group buffer is finalised at the orderly end only.
    assert!(finalized.lock().expect("no panic").is_empty());
}

#[test]
fn a_bundle_is_finalised_once_what_it_read_has_gone_through() {
    let numbers = Numbers { is_unbounded: true, ..Numbers::default() };
    let finalized = Arc::clone(&numbers.finalized);
    let p = Pipeline::new();
    let most = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&most);
    let _ = p
        .create([0u64])
        .par_do_splittable(numbers, false)
        .map(|n| n + 1)
        .map(move |n| seen.fetch_max(n, Ordering::SeqCst));
    let running = p.start_with(&GrpcRunner::default().loopback()).expect("it starts");
    wait_until(|| finalized.lock().expect("no panic").len() >= 5);
    let last = *finalized.lock().expect("no panic").last().expect("some");
    assert!(most.load(Ordering::SeqCst) > last, "finalised before it went through");
    running.drain();
    running.wait().expect("it drains");
    let finalized = finalized.lock().expect("no panic");
    assert!(finalized.is_sorted(), "each once, in order");
    assert_eq!(*finalized.last().expect("some") + 1, most.load(Ordering::SeqCst));
}

/// Numbers of a range that is not split before it is read, one in a millisecond.
#[derive(Clone, Default)]
struct Slowly {
    bundles: Arc<AtomicUsize>,
    at_once: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
}

impl SplittableDoFn for Slowly {
    type In = u64;
    type Out = u64;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, end: &u64) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(0, *end))
    }

    fn process(
        &mut self,
        _: &u64,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<u64>,
    ) -> Result<Continuation, BoxError> {
        self.bundles.fetch_add(1, Ordering::SeqCst);
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        let mut next = tracker.restriction().start;
        while tracker.try_claim(next) {
            std::thread::sleep(Duration::from_millis(1));
            cx.output(next);
            next += 1;
        }
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        Ok(Continuation::Stop)
    }
}

#[test]
fn a_long_bundle_is_split_for_an_idle_worker_and_nothing_is_lost_or_done_twice() {
    let two = NonZeroUsize::new(2).expect("it is");
    let slowly = Slowly::default();
    let (bundles, most) = (Arc::clone(&slowly.bundles), Arc::clone(&slowly.most_at_once));
    let p = Pipeline::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let _ = p
        .create([1500u64])
        .par_do_splittable(slowly, true)
        .map(move |n| sink.lock().expect("no panic").push(n));
    p.run_with(&GrpcRunner::default().workers(two).loopback()).expect("it runs");
    let mut seen = seen.lock().expect("no panic");
    seen.sort_unstable();
    assert!(seen.iter().copied().eq(0..1500), "{} numbers", seen.len());
    assert!(bundles.load(Ordering::SeqCst) > 1, "it was never split");
    assert_eq!(most.load(Ordering::SeqCst), 2, "its parts took turns");
}
