//! Timestamps.

use crate::error::BoxError;
use crate::exec::{Context, DoFn};
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{at, seconds, timed, with_stamp};
use crate::time::Timestamp;
use crate::window::{FixedWindows, TimestampCombiner, WindowInto};

list!(Windows: with_timestamps_sets_times, times_survive_functions, times_survive_a_union,
    times_have_the_whole_range_of_the_model, a_function_gives_elements_later_times,
    a_function_sees_the_times_of_elements, groups_are_at_the_end_of_their_window,
    groups_are_at_the_earliest_time, groups_are_at_the_latest_time,
    groups_in_the_global_window_are_at_its_end, combinations_are_at_the_latest_time,
    a_time_can_be_set_again);

fn stamped(collection: &PCollection<i64>, expected: &[(i64, &str)]) -> Ending {
    let expected: Vec<_> = expected.iter().map(|(n, at)| (*n, (*at).to_owned())).collect();
    assert_that(&with_stamp(collection)).contains_in_any_order(expected);
    Ending::done()
}

fn with_timestamps_sets_times(p: &Pipeline) -> Ending {
    stamped(
        &timed(p, [-1, 0, 7]),
        &[(-1, "-1000 ms in global"), (0, "0 ms in global"), (7, "7000 ms in global")],
    )
}

fn times_survive_functions(p: &Pipeline) -> Ending {
    let mapped = timed(p, [1, 2, 3]).map(|n| n * 10).filter(|n| *n != 20).flat_map(|n| [n, n + 1]);
    stamped(
        &mapped,
        &[
            (10, "1000 ms in global"),
            (11, "1000 ms in global"),
            (30, "3000 ms in global"),
            (31, "3000 ms in global"),
        ],
    )
}

fn times_survive_a_union(p: &Pipeline) -> Ending {
    let all = timed(p, [1]).flatten_with([timed(p, [2]), p.create([3])]);
    stamped(&all, &[(1, "1000 ms in global"), (2, "2000 ms in global"), (3, "-inf in global")])
}

fn times_have_the_whole_range_of_the_model(p: &Pipeline) -> Ending {
    let times = [Timestamp::MIN, Timestamp(i64::from(i32::MIN)), Timestamp::END_OF_GLOBAL_WINDOW];
    let numbers = p.create([0i64, 1, 2]).with_timestamps(move |n| match n {
        0 => times[0],
        1 => times[1],
        _ => times[2],
    });
    stamped(
        &numbers.reshuffle(),
        &[
            (0, "-inf in global"),
            (1, "-2147483648 ms in global"),
            (2, "end of the global window in global"),
        ],
    )
}

/// Gives each element at its time and ten seconds later.
#[derive(Clone)]
struct Echo;

impl DoFn for Echo {
    type In = i64;
    type Out = i64;

    fn process(&mut self, element: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.output(element);
        cx.output_with_timestamp(-element, cx.timestamp() + seconds(10));
        Ok(())
    }
}

fn a_function_gives_elements_later_times(p: &Pipeline) -> Ending {
    stamped(
        &timed(p, [1, 2]).par_do(Echo),
        &[
            (1, "1000 ms in global"),
            (-1, "11000 ms in global"),
            (2, "2000 ms in global"),
            (-2, "12000 ms in global"),
        ],
    )
}

/// Gives the times of elements.
#[derive(Clone)]
struct Times;

impl DoFn for Times {
    type In = i64;
    type Out = Timestamp;

    fn process(&mut self, _: i64, cx: &mut Context<Timestamp>) -> Result<(), BoxError> {
        cx.output(cx.timestamp());
        Ok(())
    }
}

fn a_function_sees_the_times_of_elements(p: &Pipeline) -> Ending {
    let times = timed(p, (0..3000).map(|n| n % 7)).par_do(Times).count_per_element();
    let expected = (0..7).map(|n| (at(n), if n < 4 { 429 } else { 428 }));
    assert_that(&times).contains_in_any_order(expected);
    Ending::done()
}

/// The sums of the numbers 1, 3 and 7 and of 12, each number at its second, with their stamps.
fn sums_at(p: &Pipeline, combiner: Option<TimestampCombiner>, expected: &[(i64, &str)]) -> Ending {
    let mut windowing = WindowInto::from(FixedWindows::of(seconds(10)));
    if let Some(combiner) = combiner {
        windowing = windowing.timestamp_combiner(combiner);
    }
    let groups = timed(p, [3, 12, 7, 1]).window_into(windowing).map(|n| ((), n)).group_by_key();
    stamped(&groups.map(|((), group)| group.iter().sum()), expected)
}

fn groups_are_at_the_end_of_their_window(p: &Pipeline) -> Ending {
    let expected = [(11, "9999 ms in [0, 10000)"), (12, "19999 ms in [10000, 20000)")];
    let _ = sums_at(p, None, &expected);
    sums_at(p, Some(TimestampCombiner::EndOfWindow), &expected)
}

fn groups_are_at_the_earliest_time(p: &Pipeline) -> Ending {
    let expected = [(11, "1000 ms in [0, 10000)"), (12, "12000 ms in [10000, 20000)")];
    sums_at(p, Some(TimestampCombiner::Earliest), &expected)
}

fn groups_are_at_the_latest_time(p: &Pipeline) -> Ending {
    let expected = [(11, "7000 ms in [0, 10000)"), (12, "12000 ms in [10000, 20000)")];
    sums_at(p, Some(TimestampCombiner::Latest), &expected)
}

fn groups_in_the_global_window_are_at_its_end(p: &Pipeline) -> Ending {
    let groups = timed(p, [1, 2]).map(|n| ((), n)).group_by_key();
    let sums = groups.map(|((), group)| group.iter().sum());
    stamped(&sums, &[(3, "end of the global window in global")])
}

fn combinations_are_at_the_latest_time(p: &Pipeline) -> Ending {
    let windowing = WindowInto::from(FixedWindows::of(seconds(10)))
        .timestamp_combiner(TimestampCombiner::Latest);
    let sums = timed(p, [3, 12, 7, 1]).reshuffle().window_into(windowing);
    let sums = sums.combine_globally(crate::transforms::Sum);
    stamped(&sums, &[(11, "7000 ms in [0, 10000)"), (12, "12000 ms in [10000, 20000)")])
}

fn a_time_can_be_set_again(p: &Pipeline) -> Ending {
    let later = timed(p, [1, 2]).with_timestamps(|n| at(n + 100));
    stamped(&later, &[(1, "101000 ms in global"), (2, "102000 ms in global")])
}
