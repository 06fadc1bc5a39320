//! Sources that suspend, share, estimate and truncate their work, and those that come with the SDK.

use std::time::Duration;

use crate::error::BoxError;
use crate::exec::{
    Context, Continuation, GrowableOffsetRange, OffsetRange, Restriction, SplittableDoFn, Tracker,
    WatermarkEstimator,
};
use crate::io;
use crate::pipeline::Pipeline;
use crate::runner::Metrics;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::ending::equal;
use crate::testing::conformance::metrics::counter;
use crate::testing::conformance::source::{GIVEN, Gate, see};
use crate::testing::conformance::stamps::{at, seconds, with_stamp};
use crate::time::Timestamp;
use crate::transforms::Sum;
use crate::window::FixedWindows;

list!(Splittable: work_that_takes_long_is_done_once, a_range_that_grows_is_followed,
    what_is_left_after_truncation_is_finished_in_a_drain, a_sequence_with_an_end,
    a_sequence_without_numbers, a_sequence_has_a_rate, a_sequence_ends_in_time,
    a_sequence_is_drained, impulses_come_at_their_times, impulses_have_windows_of_their_own,
    impulses_to_come_are_dropped_in_a_drain;
    sharing: a_watermark_follows_increasing_timestamps, a_watermark_follows_the_wall_clock);

/// Counts from 0 to below its element, a millisecond each.
#[derive(Clone)]
struct Slow;

impl SplittableDoFn for Slow {
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
        let mut next = tracker.restriction().start;
        while tracker.try_claim(next) {
            std::thread::sleep(Duration::from_millis(1));
            cx.output(next);
            next += 1;
        }
        Ok(Continuation::Stop)
    }
}

fn work_that_takes_long_is_done_once(p: &Pipeline) -> Ending {
    assert_that(&p.create([400u64]).par_do_splittable(Slow, true)).contains_in_any_order(0..400);
    Ending::done()
}

/// Follows what grows by five with each call, to 20.
#[derive(Clone)]
struct Follow;

impl SplittableDoFn for Follow {
    type In = u64;
    type Out = u64;
    type Restriction = GrowableOffsetRange;

    fn initial_restriction(&self, start: &u64) -> Result<GrowableOffsetRange, BoxError> {
        Ok(GrowableOffsetRange::new(*start, 5))
    }

    fn process(
        &mut self,
        _: &u64,
        tracker: &mut Tracker<GrowableOffsetRange>,
        cx: &mut Context<u64>,
    ) -> Result<Continuation, BoxError> {
        let GrowableOffsetRange { range, estimated_end } = *tracker.restriction();
        for next in range.start..estimated_end {
            if !tracker.try_claim(next) {
                return Ok(Continuation::Stop);
            }
            cx.output(next);
        }
        if estimated_end >= 20 {
            tracker.finish();
            return Ok(Continuation::Stop);
        }
        tracker.estimate_end(estimated_end + 5);
        Ok(Continuation::Resume(Duration::from_millis(1)))
    }
}

fn a_range_that_grows_is_followed(p: &Pipeline) -> Ending {
    let numbers = p.create([0u64]).par_do_splittable(Follow, false);
    see(&numbers.map(|n| if n < 20 { "one" } else { "more" }.to_owned()));
    Ending::done().saw(&[("one", 20)])
}

/// Counts without end, three at a time; of what is left in a drain it still does the rest of the
/// ten that it is in.
#[derive(Clone)]
struct Tens;

impl SplittableDoFn for Tens {
    type In = u64;
    type Out = u64;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, start: &u64) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(*start, OffsetRange::UNBOUNDED))
    }

    fn process(
        &mut self,
        _: &u64,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<u64>,
    ) -> Result<Continuation, BoxError> {
        let start = tracker.restriction().start;
        for next in start..start + 3 {
            if !tracker.try_claim(next) {
                return Ok(Continuation::Stop);
            }
            cx.output(next);
            cx.count(GIVEN, 1);
        }
        Ok(Continuation::Resume(Duration::from_millis(1)))
    }

    fn truncate(&self, _: &u64, range: &OffsetRange) -> Option<OffsetRange> {
        let end = range.start - range.start % 10 + 10;
        Some(if range.is_bounded() { *range } else { OffsetRange::new(range.start, end) })
    }
}

fn what_is_left_after_truncation_is_finished_in_a_drain(p: &Pipeline) -> Ending {
    see(&p.create([0u64]).par_do_splittable(Tens, false).map(|_| "one".to_owned()));
    let whole_tens = |metrics: &Metrics| {
        equal("the rest of a ten", &(counter(metrics, GIVEN) % 10), &0)?;
        equal("elements", &counter(metrics, "seen one"), &counter(metrics, GIVEN))
    };
    Ending::drained_when(|metrics| counter(metrics, GIVEN) >= 20).and(whole_tens)
}

/// Gives an element in each of two windows, and ends when the first has been seen to close.
#[derive(Clone)]
struct Estimating {
    estimator: WatermarkEstimator,
    closed: Gate,
}

impl SplittableDoFn for Estimating {
    type In = u64;
    type Out = i64;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, start: &u64) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(*start, OffsetRange::UNBOUNDED))
    }

    fn process(
        &mut self,
        _: &u64,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<i64>,
    ) -> Result<Continuation, BoxError> {
        let start = tracker.restriction().start;
        let times = match self.estimator {
            WatermarkEstimator::WallTime => [Timestamp::now(); 2],
            _ => [at(1), at(12)],
        };
        for (place, time) in (0..).zip(times).skip(usize::try_from(start)?) {
            if !tracker.try_claim(place) {
                return Ok(Continuation::Stop);
            }
            cx.output_with_timestamp(1, time);
        }
        if self.closed.has_passed(1) {
            tracker.finish();
            return Ok(Continuation::Stop);
        }
        Ok(Continuation::Resume(Duration::from_millis(1)))
    }

    fn watermark_estimator(&self) -> WatermarkEstimator {
        self.estimator
    }
}

fn estimating(p: &Pipeline, estimator: WatermarkEstimator, size: Duration) -> Ending {
    let closed = Gate::of(p);
    let source = Estimating { estimator, closed: closed.clone() };
    let given = p.create([0u64]).par_do_splittable(source, false);
    let sums = given.window_into(FixedWindows::of(size)).map(|n| ((), n)).group_by_key();
    see(&closed
        .pass(&sums)
        .flat_map(|(_, group)| group.iter().collect::<Vec<_>>())
        .map(|n: i64| n.to_string()));
    Ending::done().saw(&[("1", 2)])
}

fn a_watermark_follows_increasing_timestamps(p: &Pipeline) -> Ending {
    estimating(p, WatermarkEstimator::Increasing, seconds(10))
}

fn a_watermark_follows_the_wall_clock(p: &Pipeline) -> Ending {
    estimating(p, WatermarkEstimator::WallTime, Duration::from_millis(20))
}

fn a_sequence_with_an_end(p: &Pipeline) -> Ending {
    let numbers = p.apply(io::generate_sequence(-5..1_200_000));
    assert_that(&numbers.combine_globally(Sum))
        .contains_in_any_order([1_199_999 * 1_200_000 / 2 - 15]);
    Ending::done()
}

fn a_sequence_without_numbers(p: &Pipeline) -> Ending {
    assert_that(&p.apply(io::generate_sequence(3..3))).is_empty();
    Ending::done()
}

fn a_sequence_has_a_rate(p: &Pipeline) -> Ending {
    // Ten milliseconds apart: all of them have been due in 40 ms.
    let rated = io::generate_sequence(0..5).rate(1, Duration::from_millis(10));
    assert_that(&p.apply(rated)).contains_in_any_order(0..5);
    let timed = io::generate_sequence(0..3).rate(1000, seconds(1)).timestamps(at);
    let windowed = p.apply(timed).window_into(FixedWindows::of(seconds(2)));
    assert_that(&windowed.count_globally()).contains_in_any_order([2, 1]);
    Ending::done()
}

fn a_sequence_ends_in_time(p: &Pipeline) -> Ending {
    // Long enough for a runner that takes its time to begin.
    let numbers = io::generate_sequence(0..).rate(1, Duration::from_millis(400));
    let numbers = numbers.max_read_time(Duration::from_millis(1000));
    see(&p.apply(numbers).map(|n| n.to_string()));
    Ending::done().saw(&[("0", 1), ("1", 1), ("2", 1)])
}

fn a_sequence_is_drained(p: &Pipeline) -> Ending {
    let numbers = io::generate_sequence(0..).rate(1, Duration::from_millis(1));
    see(&p.apply(numbers).map(|_| "one".to_owned()));
    Ending::drained_when(|metrics| counter(metrics, "seen one") >= 10).and(|_| Ok(()))
}

fn impulses_come_at_their_times(p: &Pipeline) -> Ending {
    let impulses = p.apply(io::periodic_impulse(at(0), at(25), seconds(10)));
    see(&with_stamp(&impulses).map(|(time, stamp)| format!("{time} at {stamp}")));
    Ending::done().saw(&[
        ("0 ms at 0 ms in global", 1),
        ("10000 ms at 10000 ms in global", 1),
        ("20000 ms at 20000 ms in global", 1),
    ])
}

fn impulses_have_windows_of_their_own(p: &Pipeline) -> Ending {
    let impulses = io::periodic_impulse(at(0), at(20), seconds(10)).apply_windowing();
    see(&with_stamp(&p.apply(impulses)).map(|(_, stamp)| stamp));
    Ending::done().saw(&[("0 ms in [0, 10000)", 1), ("10000 ms in [10000, 20000)", 1)])
}

fn impulses_to_come_are_dropped_in_a_drain(p: &Pipeline) -> Ending {
    let now = Timestamp::now();
    let end = now + Duration::from_secs(100 * 24 * 3600);
    let impulses = p.apply(io::periodic_impulse(now, end, Duration::from_millis(250)));
    see(&impulses.map(|_| "one".to_owned()));
    let few_seen = |metrics: &Metrics| match counter(metrics, "seen one") {
        1..1000 => Ok(()),
        seen => Err(format!("{seen} impulses were seen")),
    };
    Ending::drained_when(|metrics| counter(metrics, "seen one") >= 1).and(few_seen)
}
