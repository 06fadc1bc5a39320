//! Sources that do not end, or whose end nobody knows.

use crate::exec::Grouped;
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::runner::Metrics;
use crate::testing::conformance::Ending;
use crate::testing::conformance::ending::equal;
use crate::testing::conformance::metrics::counter;
use crate::testing::conformance::source::Act::{Await, Fail, Give, Watermark};
use crate::testing::conformance::source::{GIVEN, Gate, endless, script, see};
use crate::testing::conformance::stamps::{seconds, timed, with_pane, with_stamp};
use crate::transforms::{Count, Sum};
use crate::window::{FixedWindows, SlidingWindows};

list!(Streaming: a_source_that_ends_ends_the_job, windows_close_as_the_watermark_moves,
    windows_without_elements_give_nothing, overlapping_windows_close_one_by_one,
    combinations_of_a_stream, a_stream_is_shuffled, an_error_in_a_source_ends_the_job,
    an_error_behind_a_stream_ends_the_job, a_stream_united_with_a_bounded_collection,
    a_stream_is_drained, a_stream_without_groupings_is_drained, a_stream_is_cancelled,
    a_stream_reads_a_bounded_side_input, a_stream_reads_a_stream_as_side_input,
    a_stream_has_several_readers;
    sharing: a_window_closes_before_the_source_goes_on, late_elements_are_dropped,
    elements_behind_the_watermark_of_an_open_window_are_kept,
    late_elements_within_the_allowed_lateness_are_kept,
    a_slow_source_holds_back_a_fast_one);

/// The sum of each window of ten seconds.
fn sums(numbers: &PCollection<i64>) -> PCollection<i64> {
    let windowed = numbers.window_into(FixedWindows::of(seconds(10)));
    windowed.map(|n| ((), n)).group_by_key().map(|(_, group)| group.iter().sum())
}

fn see_stamped(numbers: &PCollection<i64>) {
    see(&with_stamp(numbers).map(|(n, at)| format!("{n} at {at}")));
}

fn a_source_that_ends_ends_the_job(p: &Pipeline) -> Ending {
    see_stamped(&script(p, [Give(1, 1), Watermark(5), Give(6, 6)]));
    Ending::done().saw(&[("1 at 1000 ms in global", 1), ("6 at 6000 ms in global", 1)])
}

fn windows_close_as_the_watermark_moves(p: &Pipeline) -> Ending {
    let acts = [Give(1, 1), Give(2, 2), Watermark(9), Give(3, 9), Watermark(10), Give(12, 12)];
    see_stamped(&sums(&script(p, acts)));
    Ending::done()
        .saw(&[("6 at 9999 ms in [0, 10000)", 1), ("12 at 19999 ms in [10000, 20000)", 1)])
}

fn windows_without_elements_give_nothing(p: &Pipeline) -> Ending {
    see_stamped(&sums(&script(p, [Watermark(100), Give(105, 105), Watermark(1000)])));
    Ending::done().saw(&[("105 at 109999 ms in [100000, 110000)", 1)])
}

fn overlapping_windows_close_one_by_one(p: &Pipeline) -> Ending {
    let sliding = SlidingWindows::of(seconds(10)).every(seconds(5));
    let acts = [Give(1, 1), Watermark(4), Give(7, 7), Watermark(12), Give(12, 12)];
    see_stamped(&script(p, acts).window_into(sliding).combine_globally(Sum));
    Ending::done().saw(&[
        ("1 at 4999 ms in [-5000, 5000)", 1),
        ("8 at 9999 ms in [0, 10000)", 1),
        ("19 at 14999 ms in [5000, 15000)", 1),
        ("12 at 19999 ms in [10000, 20000)", 1),
    ])
}

fn combinations_of_a_stream(p: &Pipeline) -> Ending {
    let acts = [Give(1, 1), Give(2, 2), Watermark(3), Give(3, 3), Watermark(20), Give(25, 25)];
    let windowed = script(p, acts).window_into(FixedWindows::of(seconds(10)));
    let sums = windowed.key_by(|n| n % 2).combine_per_key(Sum);
    see(&sums.map(|(key, sum)| format!("{key}: {sum}")));
    see(&windowed.combine_globally(Count).map(|count| format!("{count} in all")));
    see(&windowed.map(|n| n > 1).distinct().map(|is_more| format!("{is_more}")));
    Ending::done().saw(&[
        ("0: 2", 1),
        ("1: 4", 1),
        ("1: 25", 1),
        ("3 in all", 1),
        ("1 in all", 1),
        ("true", 2),
        ("false", 1),
    ])
}

fn a_stream_is_shuffled(p: &Pipeline) -> Ending {
    let acts = [Give(1, 1), Watermark(5), Give(6, 6), Watermark(10), Give(12, 12)];
    see_stamped(&sums(&script(p, acts).reshuffle()));
    Ending::done()
        .saw(&[("7 at 9999 ms in [0, 10000)", 1), ("12 at 19999 ms in [10000, 20000)", 1)])
}

fn an_error_in_a_source_ends_the_job(p: &Pipeline) -> Ending {
    see_stamped(&script(p, [Give(1, 1), Watermark(5), Fail("the source is dry")]));
    Ending::failed(&["the source is dry", "source.rs:"])
}

fn an_error_behind_a_stream_ends_the_job(p: &Pipeline) -> Ending {
    let _ = sums(&endless(p))
        .try_map(|sum| if sum < 1000 { Ok(sum) } else { Err("that is too much") })
        .named("Check");
    Ending::failed(&["`Check` failed", "that is too much", "streaming.rs:"])
}

fn a_stream_united_with_a_bounded_collection(p: &Pipeline) -> Ending {
    let bounded = timed(p, [2, 13]);
    see_stamped(&sums(&script(p, [Give(1, 1), Watermark(1)]).flatten_with([bounded])));
    Ending::done()
        .saw(&[("3 at 9999 ms in [0, 10000)", 1), ("13 at 19999 ms in [10000, 20000)", 1)])
}

/// Counts the elements of groups.
#[derive(Clone)]
struct Sizes;

impl crate::DoFn for Sizes {
    type In = ((), Grouped<i64>);
    type Out = ();

    fn process(
        &mut self,
        (_, group): Self::In,
        cx: &mut crate::Context<()>,
    ) -> Result<(), crate::BoxError> {
        cx.count("grouped", i64::try_from(group.len())?);
        Ok(())
    }
}

fn a_stream_is_drained(p: &Pipeline) -> Ending {
    let windowed = endless(p).window_into(FixedWindows::of(seconds(30)));
    let _ = windowed.map(|n| ((), n)).group_by_key().par_do(Sizes);
    let all_grouped = |metrics: &Metrics| {
        equal("grouped elements", &counter(metrics, "grouped"), &counter(metrics, GIVEN))
    };
    Ending::drained_when(|metrics| counter(metrics, "grouped") >= 300).and(all_grouped)
}

fn a_stream_without_groupings_is_drained(p: &Pipeline) -> Ending {
    see(&endless(p).reshuffle().map(|_| "one".to_owned()));
    let all_seen = |metrics: &Metrics| {
        equal("elements", &counter(metrics, "seen one"), &counter(metrics, GIVEN))
    };
    Ending::drained_when(|metrics| counter(metrics, "seen one") >= 300).and(all_seen)
}

fn a_stream_is_cancelled(p: &Pipeline) -> Ending {
    see(&endless(p).map(|_| "one".to_owned()));
    let some_seen = |metrics: &Metrics| match counter(metrics, "seen one") {
        0 => Err("nothing was seen".to_owned()),
        _ => Ok(()),
    };
    Ending::cancelled_when(|metrics| counter(metrics, "seen one") >= 100).and(some_seen)
}

fn a_stream_reads_a_bounded_side_input(p: &Pipeline) -> Ending {
    let side = p.create([100i64]).as_singleton();
    let acts = [Give(1, 1), Watermark(5), Give(6, 6)];
    let more = script(p, acts).with_side_input(side).map(|n, side| n + side);
    see(&more.map(|n| n.to_string()));
    Ending::done().saw(&[("101", 1), ("106", 1)])
}

fn a_stream_reads_a_stream_as_side_input(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10));
    let side = script(p, [Give(3, 3), Watermark(10), Give(14, 14), Watermark(20)]);
    let side = side.window_into(fixed).combine_globally(Sum).as_singleton_or(-1);
    let main = script(p, [Give(1, 1), Give(11, 11), Give(21, 21), Watermark(30)]);
    let pairs = main.window_into(fixed).with_side_input(side);
    see(&pairs.map(|n, side| format!("{n} and {side}")));
    Ending::done().saw(&[("1 and 3", 1), ("11 and 14", 1), ("21 and -1", 1)])
}

fn a_stream_has_several_readers(p: &Pipeline) -> Ending {
    let numbers = script(p, [Give(1, 1), Watermark(10), Give(12, 12)]);
    see(&sums(&numbers.map(|n| n * 10)).map(|sum| format!("sum {sum}")));
    see(&numbers.map(|n| format!("number {n}")));
    Ending::done().saw(&[("sum 10", 1), ("sum 120", 1), ("number 1", 1), ("number 12", 1)])
}

fn a_window_closes_before_the_source_goes_on(p: &Pipeline) -> Ending {
    let closed = Gate::of(p);
    let acts = [
        Give(1, 1),
        Watermark(10),
        Await(closed.clone(), 1),
        Give(12, 12),
        Watermark(20),
        Await(closed.clone(), 2),
        Give(23, 23),
    ];
    see_stamped(&closed.pass(&sums(&script(p, acts))));
    Ending::done().saw(&[
        ("1 at 9999 ms in [0, 10000)", 1),
        ("12 at 19999 ms in [10000, 20000)", 1),
        ("23 at 29999 ms in [20000, 30000)", 1),
    ])
}

fn late_elements_are_dropped(p: &Pipeline) -> Ending {
    let closed = Gate::of(p);
    let acts = [
        Give(1, 1),
        Watermark(10),
        Await(closed.clone(), 1),
        // Its window has closed.
        Give(5, 5),
        Give(12, 12),
    ];
    see_stamped(&closed.pass(&sums(&script(p, acts))));
    Ending::done()
        .saw(&[("1 at 9999 ms in [0, 10000)", 1), ("12 at 19999 ms in [10000, 20000)", 1)])
}

fn elements_behind_the_watermark_of_an_open_window_are_kept(p: &Pipeline) -> Ending {
    let closed = Gate::of(p);
    let acts = [
        Give(-1, -1),
        Watermark(7),
        Await(closed.clone(), 1),
        // Behind the watermark, but not behind the end of its window.
        Give(5, 5),
        Give(8, 8),
    ];
    see_stamped(&closed.pass(&sums(&script(p, acts))));
    Ending::done().saw(&[("-1 at -1 ms in [-10000, 0)", 1), ("13 at 9999 ms in [0, 10000)", 1)])
}

fn late_elements_within_the_allowed_lateness_are_kept(p: &Pipeline) -> Ending {
    let closed = Gate::of(p);
    let windowing = FixedWindows::of(seconds(10)).allowed_lateness(seconds(100)).discarding();
    let acts = [
        Give(1, 1),
        Watermark(10),
        Await(closed.clone(), 1),
        Give(5, 5),
        Watermark(20),
        Await(closed.clone(), 2),
    ];
    let groups = script(p, acts).window_into(windowing).map(|n| ((), n)).group_by_key();
    let sums = closed.pass(&groups.map(|(_, group)| group.iter().sum::<i64>()));
    see(&with_pane(&sums).map(|(sum, pane)| format!("{sum} {pane}")));
    Ending::done().saw(&[("1 OnTime 0/0 first", 1), ("5 Late 1/1", 1)])
}

fn a_slow_source_holds_back_a_fast_one(p: &Pipeline) -> Ending {
    let passed = Gate::of(p);
    let fast = passed.pass(&script(p, [Give(1, 1), Watermark(100), Give(101, 101)]));
    let slow = script(p, [Watermark(2), Await(passed, 2), Give(5, 5), Watermark(50)]);
    see_stamped(&sums(&fast.flatten_with([slow])));
    Ending::done()
        .saw(&[("6 at 9999 ms in [0, 10000)", 1), ("101 at 109999 ms in [100000, 110000)", 1)])
}
