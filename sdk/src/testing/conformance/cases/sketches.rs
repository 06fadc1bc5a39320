//! Combiners that estimate, choose and decide.

use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{at, seconds, timed, window};
use crate::transforms::{All, Any, ApproximateDistinct, Quantiles, Sample};
use crate::window::FixedWindows;

list!(Combine: quantiles_of_few_values_are_exact, quantiles_of_many_values_are_near,
    quantiles_of_nothing_are_none, quantiles_per_key, distinct_values_are_estimated,
    few_distinct_values_are_counted, distinct_values_per_key_and_window,
    a_sample_is_a_part_of_the_values, a_sample_of_few_values_has_all, a_sample_per_key,
    a_uniform_sample_comes_from_everywhere, the_latest_value_per_key, the_latest_value_of_all,
    the_latest_value_per_window, all_and_any_of_conditions, all_and_any_of_nothing);

fn quantiles_of_few_values_are_exact(p: &Pipeline) -> Ending {
    let numbers = p.create(0i64..=100).reshuffle();
    assert_that(&numbers.combine_globally(Quantiles::of(5))).is_singleton(vec![0, 25, 50, 75, 100]);
    Ending::done()
}

fn quantiles_of_many_values_are_near(p: &Pipeline) -> Ending {
    // Every number from 0 to 19999 once, in no order.
    let numbers = p.create(0i64..20_000).map(|n| n * 7919 % 20_000).reshuffle();
    let quantiles = numbers.combine_globally(Quantiles::of(5).error(0.05));
    assert_that(&quantiles).satisfies(|all| {
        let [quantiles] = all.as_slice() else { panic!("one list is expected: {all:?}") };
        assert_eq!((quantiles[0], quantiles[4]), (0, 19_999));
        for (quantile, place) in quantiles.iter().zip([0i64, 5_000, 10_000, 15_000, 20_000]) {
            assert!((quantile - place).abs() <= 1000, "{quantile} is not near {place}");
        }
    });
    Ending::done()
}

fn quantiles_of_nothing_are_none(p: &Pipeline) -> Ending {
    let none = p.create(Vec::<i64>::new());
    assert_that(&none.combine_globally(Quantiles::of(3))).is_singleton(vec![]);
    assert_that(&none.with_key(1i64).combine_per_key(Quantiles::of(3))).is_empty();
    Ending::done()
}

fn quantiles_per_key(p: &Pipeline) -> Ending {
    let numbers = p.create(0i64..=100).reshuffle().key_by(|n| n % 2 == 0);
    assert_that(&numbers.combine_per_key(Quantiles::of(3)))
        .is_map([(true, vec![0, 50, 100]), (false, vec![1, 49, 99])]);
    Ending::done()
}

fn distinct_values_are_estimated(p: &Pipeline) -> Ending {
    let numbers = p.create(0i64..20_000).map(|n| n % 8_000).reshuffle();
    let estimate = numbers.combine_globally(ApproximateDistinct::precision(10));
    // Four standard errors of 3.25 % each; the hashes are the same in each run.
    assert_that(&estimate)
        .satisfies(|all| assert!(all.len() == 1 && all[0].abs_diff(8_000) <= 1_040, "{all:?}"));
    Ending::done()
}

fn few_distinct_values_are_counted(p: &Pipeline) -> Ending {
    let words = p.create(["a", "b", "a", "c"].map(str::to_owned)).reshuffle();
    assert_that(&words.combine_globally(ApproximateDistinct::default())).is_singleton(3);
    let none = words.filter(|_| false);
    assert_that(&none.combine_globally(ApproximateDistinct::default())).is_singleton(0);
    Ending::done()
}

fn distinct_values_per_key_and_window(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 2, 3, 12]).window_into(FixedWindows::of(seconds(10)));
    let distinct = windowed
        .key_by(|n| n % 2)
        .map_values(|_| ())
        .combine_per_key(ApproximateDistinct::default());
    assert_that(&distinct).in_window(window(0, 10)).is_map([(0, 1), (1, 1)]);
    assert_that(&distinct).in_window(window(10, 20)).is_map([(0, 1)]);
    Ending::done()
}

/// Asserts of a sample how many different numbers it has, all of them from `0..100`.
fn expect_sample(sample: &[Vec<i64>], count: usize) {
    let [sample] = sample else { panic!("one list is expected: {sample:?}") };
    let different: std::collections::BTreeSet<&i64> = sample.iter().collect();
    assert_eq!((sample.len(), different.len()), (count, count), "{sample:?}");
    assert!(sample.iter().all(|n| (0..100).contains(n)), "{sample:?}");
}

fn a_sample_is_a_part_of_the_values(p: &Pipeline) -> Ending {
    let numbers = p.create(0i64..100).reshuffle();
    for sample in [Sample::any(7), Sample::fixed_size(7), Sample::fixed_size(7).seed(1)] {
        assert_that(&numbers.combine_globally(sample)).satisfies(|all| expect_sample(&all, 7));
    }
    Ending::done()
}

fn a_sample_of_few_values_has_all(p: &Pipeline) -> Ending {
    let numbers = p.create([3i64, 3, 1]).reshuffle();
    for sample in [Sample::any(5), Sample::fixed_size(5)] {
        let all = numbers.combine_globally(sample).flatten_iterables();
        assert_that(&all).contains_in_any_order([1, 3, 3]);
    }
    assert_that(&numbers.combine_globally(Sample::fixed_size(0))).is_singleton(vec![]);
    let none = numbers.filter(|_| false);
    assert_that(&none.combine_globally(Sample::any(5))).is_singleton(vec![]);
    Ending::done()
}

fn a_sample_per_key(p: &Pipeline) -> Ending {
    let pairs = p.create(0i64..100).reshuffle().key_by(|n| n % 10);
    let samples = pairs.combine_per_key(Sample::fixed_size(3));
    let checked = samples.map(|(key, sample)| {
        let is_of_key = sample.iter().all(|n| n % 10 == key);
        (key, (is_of_key, sample.len() as u64))
    });
    assert_that(&checked).is_map((0..10).map(|key| (key, (true, 3))));
    Ending::done()
}

fn a_uniform_sample_comes_from_everywhere(p: &Pipeline) -> Ending {
    let numbers = p.create(0i64..2_000).reshuffle();
    assert_that(&numbers.combine_globally(Sample::fixed_size(200))).satisfies(|all| {
        // Of the four quarters 50 each are expected, with a standard deviation of 6.
        for quarter in 0..4 {
            let count = all[0].iter().filter(|n| **n / 500 == quarter).count();
            assert!((20..=80).contains(&count), "{count} are from quarter {quarter}");
        }
    });
    Ending::done()
}

fn the_latest_value_per_key(p: &Pipeline) -> Ending {
    let numbers = timed(p, [5, 8, 3, 6, 1]).reshuffle().key_by(|n| n % 2 == 0);
    assert_that(&numbers.latest_per_key()).is_map([(true, 8), (false, 5)]);
    Ending::done()
}

fn the_latest_value_of_all(p: &Pipeline) -> Ending {
    let words = p.create([("old".to_owned(), 3i64), ("new".to_owned(), 7), ("mid".to_owned(), 5)]);
    let latest = words.with_timestamps(|(_, time)| at(*time)).keys().latest_globally();
    assert_that(&latest).is_singleton("new".to_owned());
    assert_that(&words.filter(|_| false).latest_globally()).is_empty();
    Ending::done()
}

fn the_latest_value_per_window(p: &Pipeline) -> Ending {
    let windowed = timed(p, [4, 9, 12, 11]).window_into(FixedWindows::of(seconds(10)));
    let latest = windowed.latest_globally();
    assert_that(&latest).in_window(window(0, 10)).is_singleton(9);
    assert_that(&latest).in_window(window(10, 20)).is_singleton(12);
    Ending::done()
}

fn all_and_any_of_conditions(p: &Pipeline) -> Ending {
    let pairs = p.create([(1i64, true), (1, true), (2, true), (2, false), (3, false)]).reshuffle();
    assert_that(&pairs.combine_per_key(All)).is_map([(1, true), (2, false), (3, false)]);
    assert_that(&pairs.combine_per_key(Any)).is_map([(1, true), (2, true), (3, false)]);
    Ending::done()
}

fn all_and_any_of_nothing(p: &Pipeline) -> Ending {
    let none = p.create(Vec::<bool>::new());
    assert_that(&none.combine_globally(All)).is_singleton(true);
    assert_that(&none.combine_globally(Any)).is_singleton(false);
    Ending::done()
}
