//! Combinations in parts, and without a result of nothing.

use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{seconds, timed, window, with_stamp};
use crate::transforms::{Count, Max, Mean, Quantiles, Sum, ToList};
use crate::window::{FixedWindows, SlidingWindows};

list!(Combine: a_hot_key_in_parts, hot_and_cold_keys, a_fanout_of_nothing_is_empty,
    a_fanout_of_one_part, accumulators_of_another_type_in_parts, a_fanout_per_window,
    a_fanout_in_overlapping_windows, a_global_fanout, a_global_fanout_of_nothing,
    a_global_fanout_per_window, a_combination_without_defaults,
    a_combination_with_and_without_fanout_are_equal, a_fanout_after_a_fanout,
    the_timestamp_of_a_fanout);

fn a_hot_key_in_parts(p: &Pipeline) -> Ending {
    let pairs = p.create(0i64..1000).reshuffle().with_key("hot".to_owned());
    assert_that(&pairs.with_hot_key_fanout(7).combine_per_key(Sum))
        .is_map([("hot".to_owned(), 499_500)]);
    assert_that(&pairs.with_hot_key_fanout(7).combine_per_key(Count))
        .is_map([("hot".to_owned(), 1000)]);
    Ending::done()
}

fn hot_and_cold_keys(p: &Pipeline) -> Ending {
    let pairs = p.create(0i64..1000).reshuffle().key_by(|n| if *n < 900 { 0 } else { *n });
    let sums = pairs.with_hot_key_fanout_by(|key| if *key == 0 { 5 } else { 0 });
    let expected = (900..1000).map(|n| (n, n)).chain([(0, 404_550)]);
    assert_that(&sums.combine_per_key(Sum)).is_map(expected);
    Ending::done()
}

fn a_fanout_of_nothing_is_empty(p: &Pipeline) -> Ending {
    let none = p.create(Vec::<(i64, i64)>::new());
    assert_that(&none.with_hot_key_fanout(3).combine_per_key(Sum)).is_empty();
    Ending::done()
}

fn a_fanout_of_one_part(p: &Pipeline) -> Ending {
    let pairs = p.create(0i64..10).key_by(|n| n % 2);
    assert_that(&pairs.with_hot_key_fanout(1).combine_per_key(Max)).is_map([(0, 8), (1, 9)]);
    Ending::done()
}

fn accumulators_of_another_type_in_parts(p: &Pipeline) -> Ending {
    let pairs = p.create(0i64..=100).reshuffle().key_by(|n| n % 2 == 0).with_hot_key_fanout(4);
    assert_that(&pairs.combine_per_key(Mean)).is_map([(true, 50.0), (false, 50.0)]);
    assert_that(&pairs.combine_per_key(Quantiles::of(3)))
        .is_map([(true, vec![0, 50, 100]), (false, vec![1, 49, 99])]);
    Ending::done()
}

fn a_fanout_per_window(p: &Pipeline) -> Ending {
    let windowed = timed(p, 0..30).window_into(FixedWindows::of(seconds(10)));
    let sums = windowed.with_key(()).with_hot_key_fanout(3).combine_per_key(Sum).values();
    for (start, sum) in [(0, 45), (10, 145), (20, 245)] {
        assert_that(&sums).in_only_pane(window(start, start + 10)).is_singleton(sum);
    }
    Ending::done()
}

fn a_fanout_in_overlapping_windows(p: &Pipeline) -> Ending {
    let sliding = SlidingWindows::of(seconds(10)).every(seconds(5));
    let windowed = timed(p, [1, 7, 12]).window_into(sliding);
    let sums = windowed.with_fanout(2).combine_globally(Sum);
    for (start, sum) in [(-5, 1), (0, 8), (5, 19), (10, 12)] {
        assert_that(&sums).in_window(window(start, start + 10)).is_singleton(sum);
    }
    Ending::done()
}

fn a_global_fanout(p: &Pipeline) -> Ending {
    let numbers = p.create(0i64..1000).reshuffle().with_fanout(8);
    assert_that(&numbers.combine_globally(Sum)).is_singleton(499_500);
    assert_that(&numbers.combine_globally(Max)).is_singleton(999);
    Ending::done()
}

fn a_global_fanout_of_nothing(p: &Pipeline) -> Ending {
    let none = p.create(Vec::<i64>::new());
    assert_that(&none.with_fanout(4).combine_globally(Sum)).is_singleton(0);
    assert_that(&none.with_fanout(4).combine_globally(Max)).is_empty();
    Ending::done()
}

fn a_global_fanout_per_window(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 2, 25]).window_into(FixedWindows::of(seconds(10)));
    let counts = windowed.with_fanout(4).combine_globally(Count);
    assert_that(&counts).contains_in_any_order([2, 1]);
    assert_that(&counts).in_window(window(10, 20)).is_empty();
    Ending::done()
}

fn a_combination_without_defaults(p: &Pipeline) -> Ending {
    let none = p.create(Vec::<i64>::new());
    assert_that(&none.without_defaults().combine_globally(Sum)).is_empty();
    assert_that(&none.without_defaults().with_fanout(3).combine_globally(ToList)).is_empty();
    let some = p.create([1i64, 2]);
    assert_that(&some.without_defaults().combine_globally(Sum)).is_singleton(3);
    Ending::done()
}

fn a_combination_with_and_without_fanout_are_equal(p: &Pipeline) -> Ending {
    let pairs = p.create(0i64..3000).reshuffle().key_by(|n| n % 50);
    let once = pairs.combine_per_key(Max);
    let both = once.flatten_with([pairs.with_hot_key_fanout(9).combine_per_key(Max)]);
    assert_that(&both.count_per_element()).is_map((0..50).map(|key| ((key, 2950 + key), 2)));
    Ending::done()
}

fn a_fanout_after_a_fanout(p: &Pipeline) -> Ending {
    let pairs = p.create(0i64..100).reshuffle().key_by(|n| n % 10).with_hot_key_fanout(3);
    let sums = pairs.combine_per_key(Sum).values();
    assert_that(&sums.with_fanout(2).combine_globally(Sum)).is_singleton(4950);
    Ending::done()
}

fn the_timestamp_of_a_fanout(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 2]).window_into(FixedWindows::of(seconds(10)));
    let sum = with_stamp(&windowed.with_fanout(2).combine_globally(Sum));
    assert_that(&sum).is_singleton((3, "9999 ms in [0, 10000)".to_owned()));
    Ending::done()
}
