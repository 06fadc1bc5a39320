//! Unions.

use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{seconds, timed, with_stamp};
use crate::transforms::Either;
use crate::window::FixedWindows;

list!(Flatten: flatten_unites_two, flatten_of_one_is_that_one, flatten_with_itself_doubles,
    flatten_with_empties_changes_nothing, flatten_of_empties_is_empty, flatten_of_fifty,
    flatten_of_flattens, flatten_then_group, flatten_of_groups, flatten_keeps_times_and_windows,
    flatten_read_by_several, flatten_of_the_outputs_of_one_function,
    flatten_of_a_collection_and_what_comes_from_it, flatten_before_and_after_a_shuffle);

fn flatten_unites_two(p: &Pipeline) -> Ending {
    let all = p.create([1i64, 2]).flatten_with([p.create([2i64, 3])]);
    assert_that(&all).contains_in_any_order([1, 2, 2, 3]);
    Ending::done()
}

fn flatten_of_one_is_that_one(p: &Pipeline) -> Ending {
    let all = p.create([1i64, 2]).flatten_with([]).map(|n| n);
    assert_that(&all).contains_in_any_order([1, 2]);
    Ending::done()
}

fn flatten_with_itself_doubles(p: &Pipeline) -> Ending {
    let one = p.create([1i64, 2]);
    assert_that(&one.flatten_with([one.clone()])).contains_in_any_order([1, 1, 2, 2]);
    assert_that(&one.flatten_with([one.clone(), one.clone()]))
        .contains_in_any_order([1, 1, 1, 2, 2, 2]);
    Ending::done()
}

fn flatten_with_empties_changes_nothing(p: &Pipeline) -> Ending {
    let empty = || p.create(Vec::<i64>::new());
    let all = empty().flatten_with([p.create([1i64]), empty(), p.create([2i64]), empty()]);
    assert_that(&all).contains_in_any_order([1, 2]);
    Ending::done()
}

fn flatten_of_empties_is_empty(p: &Pipeline) -> Ending {
    let empty = || p.create(Vec::<i64>::new());
    assert_that(&empty().flatten_with([empty(), empty()]).map(|n| n)).is_empty();
    Ending::done()
}

fn flatten_of_fifty(p: &Pipeline) -> Ending {
    let others: Vec<_> = (1..50i64).map(|n| p.create([n])).collect();
    assert_that(&p.create([0i64]).flatten_with(others)).contains_in_any_order(0..50);
    Ending::done()
}

fn flatten_of_flattens(p: &Pipeline) -> Ending {
    let low = p.create([1i64]).flatten_with([p.create([2i64])]);
    let high = p.create([3i64]).flatten_with([low.clone()]);
    assert_that(&low.flatten_with([high])).contains_in_any_order([1, 1, 2, 2, 3]);
    Ending::done()
}

fn flatten_then_group(p: &Pipeline) -> Ending {
    let (left, right) = (p.create([("a".to_owned(), 1i64)]), p.create([("b".to_owned(), 2i64)]));
    let both = left.flatten_with([right.clone(), left.clone(), right]);
    let counts = both.group_by_key().map(|(key, group)| (key, group.iter().sum::<i64>()));
    assert_that(&counts).contains_in_any_order([("a".to_owned(), 2), ("b".to_owned(), 4)]);
    Ending::done()
}

fn flatten_of_groups(p: &Pipeline) -> Ending {
    let pairs = p.create([(1i64, 10i64), (1, 20), (2, 30)]);
    let groups = pairs.group_by_key();
    let sums = groups.flatten_with([pairs.group_by_key()]);
    let sums = sums.map(|(key, group)| (key, group.iter().sum::<i64>()));
    assert_that(&sums).contains_in_any_order([(1, 30), (1, 30), (2, 30), (2, 30)]);
    Ending::done()
}

fn flatten_keeps_times_and_windows(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10));
    let (early, late) = (timed(p, [1]).window_into(fixed), timed(p, [12]).window_into(fixed));
    let expected = [(1, "1000 ms in [0, 10000)"), (12, "12000 ms in [10000, 20000)")];
    assert_that(&with_stamp(&early.flatten_with([late])))
        .contains_in_any_order(expected.map(|(n, at)| (n, at.to_owned())));
    Ending::done()
}

fn flatten_read_by_several(p: &Pipeline) -> Ending {
    let all = p.create([1i64]).flatten_with([p.create([2i64])]);
    assert_that(&all.map(|n| n + 1)).contains_in_any_order([2, 3]);
    assert_that(&all.count_globally()).contains_in_any_order([2]);
    assert_that(&all).contains_in_any_order([1, 2]);
    Ending::done()
}

fn flatten_of_the_outputs_of_one_function(p: &Pipeline) -> Ending {
    let (even, odd) = p
        .create(0i64..10)
        .partition_map(|n| if n % 2 == 0 { Either::Left(n) } else { Either::Right(n) });
    assert_that(&even.flatten_with([odd])).contains_in_any_order(0..10);
    Ending::done()
}

fn flatten_of_a_collection_and_what_comes_from_it(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64, 2]);
    let all = numbers.flatten_with([numbers.map(|n| n * 10).filter(|n| *n > 10)]);
    assert_that(&all).contains_in_any_order([1, 2, 20]);
    Ending::done()
}

fn flatten_before_and_after_a_shuffle(p: &Pipeline) -> Ending {
    let numbers = p.create(0i64..5);
    let all = numbers.flatten_with([numbers.reshuffle()]).reshuffle();
    assert_that(&all).contains_in_any_order((0..5).chain(0..5));
    Ending::done()
}
