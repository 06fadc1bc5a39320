//! Collections grouped and joined by key.

use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{seconds, timed, window};
use crate::window::FixedWindows;

list!(GroupByKey: two_collections_are_grouped_together, four_collections_are_grouped_together,
    eight_collections_are_grouped_together, optional_values_are_grouped_together,
    a_collection_is_grouped_with_an_empty_one, a_collection_is_grouped_with_itself,
    collections_are_grouped_in_windows, an_inner_join, a_left_join, a_right_join, a_full_join,
    a_join_of_nothing, a_join_of_many_with_many, a_join_with_a_combination,
    joins_of_optional_values, joins_in_windows);

fn sums<K: crate::Element>(
    groups: &PCollection<(K, (crate::Grouped<i64>, crate::Grouped<i64>))>,
) -> PCollection<(K, (i64, i64))> {
    groups.map(|(key, (left, right))| (key, (left.iter().sum(), right.iter().sum())))
}

fn two_collections_are_grouped_together(p: &Pipeline) -> Ending {
    let (left, right) = (p.create([(1i64, 10i64), (1, 20), (2, 30)]), p.create([(1, 1), (3, 3)]));
    assert_that(&sums(&left.co_group_by_key(&right))).contains_in_any_order([
        (1, (30, 1)),
        (2, (30, 0)),
        (3, (0, 3)),
    ]);
    Ending::done()
}

fn four_collections_are_grouped_together(p: &Pipeline) -> Ending {
    let numbers = p.create([(1i64, 10i64)]);
    let words = p.create([(1i64, "a".to_owned()), (2, "b".to_owned())]);
    let flags = p.create([(2i64, true)]);
    let units = p.create([(3i64, ()), (3, ())]);
    let groups = numbers.co_group_by_key((&words, &flags, &units));
    let sizes = groups.map(|(key, (numbers, words, flags, units))| {
        let sizes = [numbers.len(), words.len(), flags.len(), units.len()];
        (key, sizes.map(|size| size as u64).to_vec())
    });
    let expected = [(1, vec![1, 1, 0, 0]), (2, vec![0, 1, 1, 0]), (3, vec![0, 0, 0, 2])];
    assert_that(&sizes).contains_in_any_order(expected);
    Ending::done()
}

fn eight_collections_are_grouped_together(p: &Pipeline) -> Ending {
    let numbers = p.create([(1i64, 1i64), (2, 2)]);
    let of = |n: i64| numbers.map_values(move |value| value * n).filter(move |_| n != 5);
    let [b, c, d, e, f] = [2, 3, 4, 5, 6].map(of);
    let words = numbers.map_values(|n| "x".repeat(n as usize));
    let none = numbers.filter(|_| false).map_values(|n| n > 0);
    let groups = numbers.co_group_by_key((&b, &c, &d, &e, &f, &words, &none));
    let sums = groups.map_values(|(a, b, c, d, e, f, words, none)| {
        let numbers = [a, b, c, d, e, f].map(|group| group.iter().sum::<i64>());
        let text: String = words.iter().collect();
        ((numbers.to_vec(), text), none.len() as u64)
    });
    assert_that(&sums).is_map([
        (1, ((vec![1, 2, 3, 4, 0, 6], "x".to_owned()), 0)),
        (2, ((vec![2, 4, 6, 8, 0, 12], "xx".to_owned()), 0)),
    ]);
    Ending::done()
}

fn optional_values_are_grouped_together(p: &Pipeline) -> Ending {
    let options = p.create([(1i64, Some(1i64)), (1, None), (2, None)]);
    let groups = options.co_group_by_key((&p.create([(1i64, 5i64)]), &options));
    let sizes = groups.map_values(|(left, _, right)| {
        let nones = |group: &crate::Grouped<Option<i64>>| group.iter().filter(Option::is_none);
        (nones(&left).count() as u64, (left.len() as u64, right.len() as u64))
    });
    assert_that(&sizes).is_map([(1, (1, (2, 2))), (2, (1, (1, 1)))]);
    Ending::done()
}

fn a_collection_is_grouped_with_an_empty_one(p: &Pipeline) -> Ending {
    let (some, none) = (p.create([(1i64, 10i64)]), p.create(Vec::new()));
    assert_that(&sums(&some.co_group_by_key(&none))).contains_in_any_order([(1, (10, 0))]);
    assert_that(&sums(&none.co_group_by_key(&some))).contains_in_any_order([(1, (0, 10))]);
    assert_that(&sums(&none.co_group_by_key(&none))).is_empty();
    Ending::done()
}

fn a_collection_is_grouped_with_itself(p: &Pipeline) -> Ending {
    let pairs = p.create([(1i64, 10i64), (1, 5), (2, 1)]);
    assert_that(&sums(&pairs.co_group_by_key(&pairs)))
        .contains_in_any_order([(1, (15, 15)), (2, (1, 1))]);
    Ending::done()
}

fn collections_are_grouped_in_windows(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10));
    let (left, right) = (timed(p, [1, 2, 12]), timed(p, [3, 25]));
    let keyed = |numbers: PCollection<i64>| numbers.window_into(fixed).map(|n| ((), n));
    assert_that(&sums(&keyed(left).co_group_by_key(&keyed(right))).values())
        .contains_in_any_order([(3, 3), (12, 0), (0, 25)]);
    Ending::done()
}

/// People by number, and their visits: one has two, one none, and one visit is nobody's.
fn people(p: &Pipeline) -> (PCollection<(i64, String)>, PCollection<(i64, i64)>) {
    let names = p.create([(1i64, "anna".to_owned()), (2, "ben".to_owned())]);
    (names, p.create([(1i64, 30i64), (1, 40), (3, 50)]))
}

fn an_inner_join(p: &Pipeline) -> Ending {
    let (names, visits) = people(p);
    let anna = || "anna".to_owned();
    assert_that(&names.inner_join(&visits))
        .contains_in_any_order([(1, (anna(), 30)), (1, (anna(), 40))]);
    Ending::done()
}

fn a_left_join(p: &Pipeline) -> Ending {
    let (names, visits) = people(p);
    let (anna, ben) = (|| "anna".to_owned(), "ben".to_owned());
    let expected = [(1, (anna(), Some(30))), (1, (anna(), Some(40))), (2, (ben, None))];
    assert_that(&names.left_join(&visits)).contains_in_any_order(expected);
    Ending::done()
}

fn a_right_join(p: &Pipeline) -> Ending {
    let (names, visits) = people(p);
    let anna = || Some("anna".to_owned());
    let expected = [(1, (anna(), 30)), (1, (anna(), 40)), (3, (None, 50))];
    assert_that(&names.right_join(&visits)).contains_in_any_order(expected);
    Ending::done()
}

fn a_full_join(p: &Pipeline) -> Ending {
    let (names, visits) = people(p);
    let anna = || Some("anna".to_owned());
    let expected = [
        (1, (anna(), Some(30))),
        (1, (anna(), Some(40))),
        (2, (Some("ben".to_owned()), None)),
        (3, (None, Some(50))),
    ];
    assert_that(&names.full_join(&visits)).contains_in_any_order(expected);
    Ending::done()
}

fn a_join_of_nothing(p: &Pipeline) -> Ending {
    let (names, visits) = people(p);
    let nobody = names.filter(|_| false);
    assert_that(&nobody.inner_join(&visits)).is_empty();
    assert_that(&nobody.left_join(&visits)).is_empty();
    assert_that(&nobody.right_join(&visits).map(|(key, _)| key)).contains_in_any_order([1, 1, 3]);
    Ending::done()
}

fn a_join_of_many_with_many(p: &Pipeline) -> Ending {
    let pairs = p.create(0i64..100).reshuffle().key_by(|n| n % 2);
    let joined = pairs.inner_join(&pairs).map_values(|(left, right)| left * right);
    assert_that(&joined.combine_per_key(crate::transforms::Sum))
        .contains_in_any_order([(0, 2450 * 2450), (1, 2500 * 2500)]);
    Ending::done()
}

fn a_join_with_a_combination(p: &Pipeline) -> Ending {
    let (names, visits) = people(p);
    let totals = names.left_join(&visits.combine_per_key(crate::transforms::Sum));
    let expected = [(1, ("anna".to_owned(), Some(70))), (2, ("ben".to_owned(), None))];
    assert_that(&totals).contains_in_any_order(expected);
    Ending::done()
}

fn joins_of_optional_values(p: &Pipeline) -> Ending {
    let (left, right) = (p.create([(1i64, None::<i64>), (2, Some(2))]), p.create([(1i64, 9i64)]));
    let expected = [(1, (None, Some(9))), (2, (Some(2), None))];
    assert_that(&left.left_join(&right)).contains_in_any_order(expected);
    // A value that is `None` differs from no value.
    let expected = [(1, (9, Some(None)))];
    assert_that(&right.left_join(&left)).contains_in_any_order(expected);
    assert_that(&left.inner_join(&right)).contains_in_any_order([(1, (None, 9))]);
    Ending::done()
}

fn joins_in_windows(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10));
    let keyed = |numbers: PCollection<i64>| numbers.window_into(fixed).with_key(());
    let (left, right) = (keyed(timed(p, [1, 12])), keyed(timed(p, [3, 25])));
    let inner = left.inner_join(&right).values();
    assert_that(&inner).in_window(window(0, 10)).is_singleton((1, 3));
    assert_that(&inner).in_window(window(10, 20)).is_empty();
    let full = left.full_join(&right).values();
    assert_that(&full).in_window(window(0, 10)).is_singleton((Some(1), Some(3)));
    assert_that(&full).in_window(window(10, 20)).is_singleton((Some(12), None));
    assert_that(&full).in_window(window(20, 30)).is_singleton((None, Some(25)));
    Ending::done()
}
