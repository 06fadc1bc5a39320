//! Combinations.

use crate::exec::CombineFn;
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{seconds, timed, with_stamp};
use crate::transforms::{Count, Max, Mean, Min, Sum, ToList, Top};
use crate::window::{FixedWindows, SlidingWindows};

list!(Combine: sums_per_key, all_combiners_per_key, all_combiners_globally,
    combiners_of_nothing_give_what_nothing_gives, a_combination_per_key_of_nothing_is_empty,
    combined_equals_grouped, a_combiner_of_a_users_own, accumulators_of_another_type,
    combine_after_combine, combine_of_many_keys, combine_of_one_hot_key,
    combine_of_several_inputs, two_combinations_of_one_collection, distinct_keeps_one_of_each,
    counts_per_element_and_key, top_per_key, combine_of_nulls, combine_per_window,
    combine_globally_per_window, combine_in_overlapping_windows, distinct_per_window,
    combine_of_a_combined_group);

fn sums_per_key(p: &Pipeline) -> Ending {
    let sums = p.create(0i64..1000).reshuffle().key_by(|n| n % 3).combine_per_key(Sum);
    assert_that(&sums).contains_in_any_order([(0, 166_833), (1, 166_167), (2, 166_500)]);
    Ending::done()
}

fn all_combiners_per_key(p: &Pipeline) -> Ending {
    let pairs = p.create([4i64, 1, 3, 2, 15]).reshuffle().key_by(|n| *n > 9);
    assert_that(&pairs.combine_per_key(Count)).contains_in_any_order([(false, 4), (true, 1)]);
    assert_that(&pairs.combine_per_key(Max)).contains_in_any_order([(false, 4), (true, 15)]);
    assert_that(&pairs.combine_per_key(Min)).contains_in_any_order([(false, 1), (true, 15)]);
    assert_that(&pairs.combine_per_key(Mean)).contains_in_any_order([(false, 2.5), (true, 15.0)]);
    assert_that(&pairs.combine_per_key(Top::smallest(2)))
        .contains_in_any_order([(false, vec![1, 2]), (true, vec![15])]);
    let lists = pairs.combine_per_key(ToList).map_values(|mut list| {
        list.sort_unstable();
        list
    });
    assert_that(&lists).contains_in_any_order([(false, vec![1, 2, 3, 4]), (true, vec![15])]);
    Ending::done()
}

fn all_combiners_globally(p: &Pipeline) -> Ending {
    let numbers = p.create([4i64, 1, 3, 2]).reshuffle();
    assert_that(&numbers.combine_globally(Sum)).contains_in_any_order([10]);
    assert_that(&numbers.count_globally()).contains_in_any_order([4]);
    assert_that(&numbers.combine_globally(Max)).contains_in_any_order([4]);
    assert_that(&numbers.combine_globally(Min)).contains_in_any_order([1]);
    assert_that(&numbers.combine_globally(Mean)).contains_in_any_order([2.5]);
    assert_that(&numbers.combine_globally(Top::largest(3))).contains_in_any_order([vec![4, 3, 2]]);
    let length = numbers.combine_globally(ToList).map(|list| list.len() as u64);
    assert_that(&length).contains_in_any_order([4]);
    Ending::done()
}

fn combiners_of_nothing_give_what_nothing_gives(p: &Pipeline) -> Ending {
    let none = p.create(Vec::<i64>::new());
    assert_that(&none.combine_globally(Sum)).contains_in_any_order([0]);
    assert_that(&none.count_globally()).contains_in_any_order([0]);
    assert_that(&none.combine_globally(ToList)).contains_in_any_order([vec![]]);
    assert_that(&none.combine_globally(Max)).is_empty();
    assert_that(&none.combine_globally(Mean))
        .satisfies(|means| assert!(means.len() == 1 && means[0].is_nan(), "{means:?}"));
    Ending::done()
}

fn a_combination_per_key_of_nothing_is_empty(p: &Pipeline) -> Ending {
    assert_that(&p.create(Vec::<(i64, i64)>::new()).combine_per_key(Sum)).is_empty();
    Ending::done()
}

fn combined_equals_grouped(p: &Pipeline) -> Ending {
    let pairs = p.create(0i64..5000).reshuffle().key_by(|n| n % 50);
    let combined = pairs.combine_per_key(Max);
    let grouped = pairs.group_by_key().map(|(key, group)| (key, group.iter().max().unwrap_or(-1)));
    let both = combined.flatten_with([grouped]).count_per_element();
    assert_that(&both).contains_in_any_order((0..50).map(|key| ((key, 4950 + key), 2)));
    Ending::done()
}

/// Joins words in the order of the alphabet.
#[derive(Clone)]
struct Sentence {
    separator: &'static str,
}

impl CombineFn<String> for Sentence {
    type Acc = Vec<String>;
    type Out = String;

    fn create(&self) -> Vec<String> {
        Vec::new()
    }

    fn add(&self, words: &mut Vec<String>, word: String) {
        words.push(word);
    }

    fn merge(&self, words: &mut Vec<String>, mut other: Vec<String>) {
        words.append(&mut other);
    }

    fn extract(&self, mut words: Vec<String>) -> String {
        words.sort();
        words.join(self.separator)
    }
}

fn a_combiner_of_a_users_own(p: &Pipeline) -> Ending {
    let words = p.create(["the", "quick", "fox"].map(str::to_owned)).reshuffle();
    let sentence = words.combine_globally(Sentence { separator: " " });
    assert_that(&sentence).contains_in_any_order(["fox quick the".to_owned()]);
    let keyed = words.key_by(|word| word.len() as u64).combine_per_key(Sentence { separator: "+" });
    let expected = [(3, "fox+the".to_owned()), (5, "quick".to_owned())];
    assert_that(&keyed).contains_in_any_order(expected);
    Ending::done()
}

/// The mean of the lengths of words, as text.
#[derive(Clone)]
struct MeanLength;

impl CombineFn<String> for MeanLength {
    type Acc = (u64, Option<u64>);
    type Out = String;

    fn create(&self) -> Self::Acc {
        (0, None)
    }

    fn add(&self, (count, sum): &mut Self::Acc, word: String) {
        *count += 1;
        *sum = Some(sum.unwrap_or(0) + word.len() as u64);
    }

    fn merge(&self, (count, sum): &mut Self::Acc, (more, other): Self::Acc) {
        *count += more;
        *sum = sum.zip(other).map(|(a, b)| a + b).or(*sum).or(other);
    }

    fn extract(&self, (count, sum): Self::Acc) -> String {
        sum.map_or("nothing".to_owned(), |sum| format!("{sum}/{count}"))
    }
}

fn accumulators_of_another_type(p: &Pipeline) -> Ending {
    let words = p.create(["a", "bbb", "cc"].map(str::to_owned)).reshuffle();
    assert_that(&words.combine_globally(MeanLength)).contains_in_any_order(["6/3".to_owned()]);
    let none = words.filter(|_| false).combine_globally(MeanLength);
    assert_that(&none).contains_in_any_order(["nothing".to_owned()]);
    Ending::done()
}

fn combine_after_combine(p: &Pipeline) -> Ending {
    let sums = p.create(0i64..100).key_by(|n| n % 10).combine_per_key(Sum);
    let most = sums.map(|(key, sum)| (key % 2, sum)).combine_per_key(Max);
    assert_that(&most).contains_in_any_order([(0, 530), (1, 540)]);
    assert_that(&most.values().combine_globally(Sum)).contains_in_any_order([1070]);
    Ending::done()
}

fn combine_of_many_keys(p: &Pipeline) -> Ending {
    let numbers = p.create([50_000i64]).flat_map(|n| 0..n).flat_map(|n| [n, n]);
    let counts = numbers.count_per_element().values().count_per_element();
    assert_that(&counts).contains_in_any_order([(2, 50_000)]);
    Ending::done()
}

fn combine_of_one_hot_key(p: &Pipeline) -> Ending {
    let hot = p.create(0i64..10).reshuffle().flat_map(|_| 0..10_000i64).key_by(|_| 'h');
    assert_that(&hot.combine_per_key(Sum)).contains_in_any_order([('h', 499_950_000)]);
    Ending::done()
}

fn combine_of_several_inputs(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64, 2]);
    let all = numbers.flatten_with([numbers.clone(), p.create([10i64])]);
    assert_that(&all.combine_globally(Sum)).contains_in_any_order([16]);
    Ending::done()
}

fn two_combinations_of_one_collection(p: &Pipeline) -> Ending {
    let pairs = p.create([(1i64, 5i64), (1, 7), (2, 9)]);
    let (most, least) = (pairs.combine_per_key(Max), pairs.combine_per_key(Min));
    let spans = most.flatten_with([least]).group_by_key();
    let spans = spans.map(|(key, ends)| {
        let (most, least) = (ends.iter().max(), ends.iter().min());
        (key, most.zip(least).map_or(-1, |(most, least)| most - least))
    });
    assert_that(&spans).contains_in_any_order([(1, 2), (2, 0)]);
    Ending::done()
}

fn distinct_keeps_one_of_each(p: &Pipeline) -> Ending {
    let words = p.create(["a", "b", "a", "", "", "c"].map(str::to_owned)).reshuffle();
    assert_that(&words.distinct()).contains_in_any_order(["a", "b", "", "c"].map(str::to_owned));
    assert_that(&words.filter(|_| false).distinct()).is_empty();
    Ending::done()
}

fn counts_per_element_and_key(p: &Pipeline) -> Ending {
    let words = p.create(["a", "b", "a"].map(str::to_owned));
    let expected = [("a".to_owned(), 2), ("b".to_owned(), 1)];
    assert_that(&words.count_per_element()).contains_in_any_order(expected.clone());
    assert_that(&words.map(|word| (word, 0.5)).count_per_key()).contains_in_any_order(expected);
    Ending::done()
}

fn top_per_key(p: &Pipeline) -> Ending {
    let pairs = p.create(0i64..100).reshuffle().key_by(|n| n % 2);
    let expected = [(0, vec![98, 96, 94]), (1, vec![99, 97, 95])];
    assert_that(&pairs.top_per_key(3)).contains_in_any_order(expected);
    assert_that(&pairs.top_per_key(1000).map(|(key, top)| (key, top.len() as u64)))
        .contains_in_any_order([(0, 50), (1, 50)]);
    Ending::done()
}

fn combine_of_nulls(p: &Pipeline) -> Ending {
    let pairs = p.create([(1i64, None), (1, Some(3i64)), (2, None)]);
    assert_that(&pairs.combine_per_key(Max)).contains_in_any_order([(1, Some(3)), (2, None)]);
    assert_that(&pairs.combine_per_key(Count)).contains_in_any_order([(1, 2), (2, 1)]);
    Ending::done()
}

fn combine_per_window(p: &Pipeline) -> Ending {
    let windowed = timed(p, 0..30).reshuffle().window_into(FixedWindows::of(seconds(10)));
    let sums = with_stamp(&windowed.key_by(|n| n % 2).combine_per_key(Sum));
    let in_window = |start: i64| format!("{} ms in [{start}, {})", start + 9999, start + 10_000);
    let expected = [0, 10, 20].into_iter().flat_map(|start| {
        let at = in_window(start * 1000);
        [((0, 20 + 5 * start), at.clone()), ((1, 25 + 5 * start), at)]
    });
    assert_that(&sums).contains_in_any_order(expected);
    Ending::done()
}

fn combine_globally_per_window(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 2, 25]).window_into(FixedWindows::of(seconds(10)));
    let sums = with_stamp(&windowed.combine_globally(Sum));
    let expected = [(3, "9999 ms in [0, 10000)"), (25, "29999 ms in [20000, 30000)")];
    // Not a result for the window between, which is empty.
    assert_that(&sums).contains_in_any_order(expected.map(|(sum, at)| (sum, at.to_owned())));
    Ending::done()
}

fn combine_in_overlapping_windows(p: &Pipeline) -> Ending {
    let sliding = SlidingWindows::of(seconds(10)).every(seconds(5));
    let counts = timed(p, 0..10).window_into(sliding).combine_globally(Count);
    assert_that(&counts).contains_in_any_order([5, 10, 5]);
    Ending::done()
}

fn distinct_per_window(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 2, 12, 13]).window_into(FixedWindows::of(seconds(10)));
    let distinct = windowed.map(|n| n % 10 == 2).distinct();
    assert_that(&distinct).contains_in_any_order([true, false, true, false]);
    Ending::done()
}

fn combine_of_a_combined_group(p: &Pipeline) -> Ending {
    let lists = p.create(0i64..10).key_by(|n| n % 2).combine_per_key(ToList);
    let longest = lists.values().map(|list| list.len() as u64).combine_globally(Max);
    assert_that(&longest).contains_in_any_order([5]);
    Ending::done()
}
