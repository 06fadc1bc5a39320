//! Windows.

use std::time::Duration;

use crate::element::Element;
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{seconds, timed, with_stamp};
use crate::window::{FixedWindows, GlobalWindows, SlidingWindows};

list!(Windows: fixed_windows_hold_their_start_and_not_their_end, fixed_windows_before_the_epoch,
    fixed_windows_can_have_an_offset, windows_of_a_millisecond, windows_of_the_earliest_time,
    windows_are_grouped_apart, one_key_in_many_windows, many_keys_in_many_windows,
    sliding_windows_overlap, sliding_windows_can_leave_gaps, sliding_windows_without_overlap,
    windows_survive_functions, windows_survive_a_shuffle, windows_can_be_assigned_again,
    groups_can_be_assigned_to_larger_windows, windows_can_be_left,
    a_collection_has_several_windowings, windows_of_dead_letters);

/// The values of each window in order, with the window and timestamp of their group.
fn grouped<T: Element + Ord>(windowed: &PCollection<T>) -> PCollection<(Vec<T>, String)> {
    let groups = windowed.map(|value| ((), value)).group_by_key();
    with_stamp(&groups.map(|((), group)| {
        let mut values: Vec<T> = group.into_iter().collect();
        values.sort();
        values
    }))
}

/// Asserts what [`grouped`] gives.
fn expect<const N: usize>(windowed: &PCollection<i64>, expected: [(&[i64], &str); N]) -> Ending {
    let expected = expected.map(|(values, at)| (values.to_vec(), at.to_owned()));
    assert_that(&grouped(windowed)).contains_in_any_order(expected);
    Ending::done()
}

fn fixed_windows_hold_their_start_and_not_their_end(p: &Pipeline) -> Ending {
    let windowed = timed(p, [0, 9, 10, 19]).window_into(FixedWindows::of(seconds(10)));
    expect(
        &windowed,
        [(&[0, 9], "9999 ms in [0, 10000)"), (&[10, 19], "19999 ms in [10000, 20000)")],
    )
}

fn fixed_windows_before_the_epoch(p: &Pipeline) -> Ending {
    let windowed = timed(p, [-11, -10, -1]).window_into(FixedWindows::of(seconds(10)));
    expect(
        &windowed,
        [(&[-10, -1], "-1 ms in [-10000, 0)"), (&[-11], "-10001 ms in [-20000, -10000)")],
    )
}

fn fixed_windows_can_have_an_offset(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10)).offset(seconds(3));
    expect(
        &timed(p, [2, 3, 12, 13]).window_into(fixed),
        [
            (&[2], "2999 ms in [-7000, 3000)"),
            (&[3, 12], "12999 ms in [3000, 13000)"),
            (&[13], "22999 ms in [13000, 23000)"),
        ],
    )
}

fn windows_of_a_millisecond(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 2]).window_into(FixedWindows::of(Duration::from_millis(1)));
    expect(&windowed, [(&[1], "1000 ms in [1000, 1001)"), (&[2], "2000 ms in [2000, 2001)")])
}

fn windows_of_the_earliest_time(p: &Pipeline) -> Ending {
    // Elements of `create` are at the earliest time of the model.
    let windowed = p.create([1i64, 2]).window_into(FixedWindows::of(seconds(10)));
    let groups = windowed.map(|n| ((), n)).group_by_key();
    let counts = groups.map(|((), group)| group.iter().sum::<i64>());
    assert_that(&counts).contains_in_any_order([3]);
    Ending::done()
}

fn windows_are_grouped_apart(p: &Pipeline) -> Ending {
    let windowed = timed(p, 0..60).window_into(FixedWindows::of(seconds(20)));
    let counts = grouped(&windowed).map(|(values, _)| values.len() as u64);
    assert_that(&counts).contains_in_any_order([20, 20, 20]);
    Ending::done()
}

fn one_key_in_many_windows(p: &Pipeline) -> Ending {
    let windowed = timed(p, 0..1000).reshuffle().window_into(FixedWindows::of(seconds(1)));
    let expected = (0..1000).map(|n| {
        let (start, end) = (n * 1000, n * 1000 + 1000);
        (vec![n], format!("{} ms in [{start}, {end})", end - 1))
    });
    assert_that(&grouped(&windowed)).contains_in_any_order(expected);
    Ending::done()
}

fn many_keys_in_many_windows(p: &Pipeline) -> Ending {
    let windowed = timed(p, 0..100).window_into(FixedWindows::of(seconds(10)));
    let pairs = windowed.flat_map(|n| (0..50i64).map(move |key| (key, n))).reshuffle();
    let sizes = pairs.group_by_key().map(|(_, group)| group.len() as u64);
    assert_that(&sizes.window_into(GlobalWindows).count_per_element())
        .contains_in_any_order([(10, 500)]);
    Ending::done()
}

fn sliding_windows_overlap(p: &Pipeline) -> Ending {
    let sliding = SlidingWindows::of(seconds(10)).every(seconds(5));
    expect(
        &timed(p, [1, 7, 12]).window_into(sliding),
        [
            (&[1], "4999 ms in [-5000, 5000)"),
            (&[1, 7], "9999 ms in [0, 10000)"),
            (&[7, 12], "14999 ms in [5000, 15000)"),
            (&[12], "19999 ms in [10000, 20000)"),
        ],
    )
}

fn sliding_windows_can_leave_gaps(p: &Pipeline) -> Ending {
    let sliding = SlidingWindows::of(seconds(2)).every(seconds(10));
    expect(
        &timed(p, [0, 1, 5, 11, 19]).window_into(sliding),
        [(&[0, 1], "1999 ms in [0, 2000)"), (&[11], "11999 ms in [10000, 12000)")],
    )
}

fn sliding_windows_without_overlap(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 12]).window_into(SlidingWindows::of(seconds(10)));
    expect(&windowed, [(&[1], "9999 ms in [0, 10000)"), (&[12], "19999 ms in [10000, 20000)")])
}

fn windows_survive_functions(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 12, 13]).window_into(FixedWindows::of(seconds(10)));
    let more = windowed.map(|n| n * 10).filter(|n| *n != 130).flat_map(|n| [n, n + 1]);
    expect(
        &more,
        [(&[10, 11], "9999 ms in [0, 10000)"), (&[120, 121], "19999 ms in [10000, 20000)")],
    )
}

fn windows_survive_a_shuffle(p: &Pipeline) -> Ending {
    let sliding = SlidingWindows::of(seconds(10)).every(seconds(5));
    expect(
        &timed(p, [1, 7]).window_into(sliding).reshuffle(),
        [
            (&[1], "4999 ms in [-5000, 5000)"),
            (&[1, 7], "9999 ms in [0, 10000)"),
            (&[7], "14999 ms in [5000, 15000)"),
        ],
    )
}

fn windows_can_be_assigned_again(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 12, 23]).window_into(FixedWindows::of(seconds(5)));
    expect(
        &windowed.window_into(FixedWindows::of(seconds(20))),
        [(&[1, 12], "19999 ms in [0, 20000)"), (&[23], "39999 ms in [20000, 40000)")],
    )
}

fn groups_can_be_assigned_to_larger_windows(p: &Pipeline) -> Ending {
    let windowed = timed(p, 0..20).window_into(FixedWindows::of(seconds(5)));
    let sums = windowed.combine_globally(crate::transforms::Sum);
    // The groups are at the ends of their windows, 4.999 s, 9.999 s and so on.
    expect(
        &sums.window_into(FixedWindows::of(seconds(10))),
        [(&[10, 35], "9999 ms in [0, 10000)"), (&[60, 85], "19999 ms in [10000, 20000)")],
    )
}

fn windows_can_be_left(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 12]).window_into(FixedWindows::of(seconds(10)));
    expect(&windowed.window_into(GlobalWindows), [(&[1, 12], "end of the global window in global")])
}

fn a_collection_has_several_windowings(p: &Pipeline) -> Ending {
    let numbers = timed(p, [1, 12]);
    let _ = expect(
        &numbers.window_into(FixedWindows::of(seconds(100))),
        [(&[1, 12], "99999 ms in [0, 100000)")],
    );
    let _ = expect(&numbers, [(&[1, 12], "end of the global window in global")]);
    expect(
        &numbers.window_into(FixedWindows::of(seconds(10))),
        [(&[1], "9999 ms in [0, 10000)"), (&[12], "19999 ms in [10000, 20000)")],
    )
}

fn windows_of_dead_letters(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 12]).window_into(FixedWindows::of(seconds(10)));
    let (_, failed) = windowed.try_map(|_| Err::<i64, _>("no")).dead_letters();
    expect(
        &failed.map(|failed| failed.element),
        [(&[1], "9999 ms in [0, 10000)"), (&[12], "19999 ms in [10000, 20000)")],
    )
}
