//! Redistribution.

use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{seconds, timed, with_stamp};
use crate::window::FixedWindows;

list!(Reshuffle: a_shuffle_keeps_all_elements, a_shuffle_of_nothing, a_shuffle_keeps_duplicates,
    a_shuffle_keeps_times_and_windows, shuffles_behind_each_other, a_shuffle_of_a_group,
    a_shuffle_of_large_elements, a_shuffle_read_by_several);

fn a_shuffle_keeps_all_elements(p: &Pipeline) -> Ending {
    let numbers = p.create([20_000i64]).flat_map(|n| 0..n).reshuffle();
    assert_that(&numbers).contains_in_any_order(0..20_000);
    Ending::done()
}

fn a_shuffle_of_nothing(p: &Pipeline) -> Ending {
    assert_that(&p.create(Vec::<String>::new()).reshuffle()).is_empty();
    Ending::done()
}

fn a_shuffle_keeps_duplicates(p: &Pipeline) -> Ending {
    assert_that(&p.create([1i64, 1, 1]).reshuffle()).contains_in_any_order([1, 1, 1]);
    Ending::done()
}

fn a_shuffle_keeps_times_and_windows(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 12]).window_into(FixedWindows::of(seconds(10))).reshuffle();
    let expected = [(1, "1000 ms in [0, 10000)"), (12, "12000 ms in [10000, 20000)")];
    let expected = expected.map(|(n, at)| (n, at.to_owned()));
    assert_that(&with_stamp(&windowed)).contains_in_any_order(expected);
    Ending::done()
}

fn shuffles_behind_each_other(p: &Pipeline) -> Ending {
    let numbers = p.create(0i64..100).reshuffle().reshuffle().map(|n| n + 1).reshuffle();
    assert_that(&numbers).contains_in_any_order(1..101);
    Ending::done()
}

fn a_shuffle_of_a_group(p: &Pipeline) -> Ending {
    let groups = p.create(0i64..10).key_by(|n| n % 2).group_by_key().reshuffle();
    let sums = groups.map(|(key, group)| (key, group.iter().sum::<i64>()));
    assert_that(&sums).contains_in_any_order([(0, 20), (1, 25)]);
    Ending::done()
}

fn a_shuffle_of_large_elements(p: &Pipeline) -> Ending {
    let large = p.create([1u64, 2, 3]).map(|n| vec![7u8; usize::try_from(n).unwrap_or(0) << 20]);
    let sizes = large.reshuffle().map(|bytes| bytes.len() as u64 >> 20);
    assert_that(&sizes).contains_in_any_order([1, 2, 3]);
    Ending::done()
}

fn a_shuffle_read_by_several(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64, 2]).reshuffle();
    assert_that(&numbers.map(|n| n + 1)).contains_in_any_order([2, 3]);
    assert_that(&numbers.count_globally()).contains_in_any_order([2]);
    Ending::done()
}
