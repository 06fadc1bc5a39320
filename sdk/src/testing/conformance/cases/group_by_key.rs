//! Groupings.

use std::collections::BTreeMap;

use crate::element::Element;
use crate::exec::Grouped;
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;

list!(GroupByKey: groups_hold_all_values_of_a_key, a_grouping_of_nothing_is_empty,
    groups_can_be_read_twice, groups_of_equal_values, groups_of_nulls, groups_of_units,
    groups_of_large_values, one_key_with_many_values, many_keys_with_one_value,
    many_keys_with_many_values, groups_of_groups, groups_of_sums_of_groups,
    two_groupings_of_one_collection, a_group_travels_as_an_element,
    groupings_behind_each_other, groups_of_lists);

/// The groups with their values in order, since they come in any.
fn sorted<K: Element, V: Element + Ord>(
    groups: &PCollection<(K, Grouped<V>)>,
) -> PCollection<(K, Vec<V>)> {
    groups.map(|(key, group)| {
        let mut values: Vec<V> = group.into_iter().collect();
        values.sort();
        (key, values)
    })
}

fn groups_hold_all_values_of_a_key(p: &Pipeline) -> Ending {
    let groups = p.create(0i64..1000).reshuffle().key_by(|n| n % 7).group_by_key();
    let expected = (0..7).map(|key| (key, (0..1000).filter(|n| n % 7 == key).collect()));
    assert_that(&sorted(&groups)).contains_in_any_order(expected);
    Ending::done()
}

fn a_grouping_of_nothing_is_empty(p: &Pipeline) -> Ending {
    let groups = p.create(Vec::<(i64, i64)>::new()).group_by_key();
    assert_that(&groups.map(|(key, _)| key)).is_empty();
    Ending::done()
}

fn groups_can_be_read_twice(p: &Pipeline) -> Ending {
    let groups = p.create([(1i64, 3i64), (1, 4)]).group_by_key();
    let twice = groups.map(|(_, group)| {
        let (sum, product) = (group.iter().sum::<i64>(), group.iter().product::<i64>());
        (group.len() as u64, (sum, product))
    });
    assert_that(&twice).contains_in_any_order([(2, (7, 12))]);
    Ending::done()
}

fn groups_of_equal_values(p: &Pipeline) -> Ending {
    let groups = p.create(vec![("k".to_owned(), 1i64); 5]).reshuffle().group_by_key();
    assert_that(&sorted(&groups)).contains_in_any_order([("k".to_owned(), vec![1; 5])]);
    Ending::done()
}

fn groups_of_nulls(p: &Pipeline) -> Ending {
    let groups = p.create([(1i64, None), (1, Some(2i64)), (2, None)]).group_by_key();
    let expected = [(1, vec![None, Some(2)]), (2, vec![None])];
    assert_that(&sorted(&groups)).contains_in_any_order(expected);
    Ending::done()
}

fn groups_of_units(p: &Pipeline) -> Ending {
    let groups = p.create([1i64, 2, 1]).map(|n| (n, ())).group_by_key();
    let counts = groups.map(|(key, group)| (key, group.iter().count() as u64));
    assert_that(&counts).contains_in_any_order([(1, 2), (2, 1)]);
    Ending::done()
}

fn groups_of_large_values(p: &Pipeline) -> Ending {
    let large = p.create([(1i64, 'a'), (1, 'b'), (2, 'c')]);
    let large = large.map(|(key, letter)| (key, letter.to_string().repeat(1 << 20)));
    let sizes = large.reshuffle().group_by_key().map(|(key, group)| {
        let mut letters: Vec<String> = group.iter().map(|text| text[..1].to_owned()).collect();
        letters.sort();
        (key, (group.iter().map(|text| text.len() as u64).sum::<u64>(), letters.concat()))
    });
    let expected = [(1, (2 << 20, "ab".to_owned())), (2, (1 << 20, "c".to_owned()))];
    assert_that(&sizes).contains_in_any_order(expected);
    Ending::done()
}

fn one_key_with_many_values(p: &Pipeline) -> Ending {
    let hot = p.create([100_000i64]).flat_map(|n| 0..n).map(|n| ("hot".to_owned(), n));
    let groups = hot.group_by_key();
    let sums = groups.map(|(_, group)| (group.len() as u64, group.iter().sum::<i64>()));
    assert_that(&sums).contains_in_any_order([(100_000, 100_000 * 99_999 / 2)]);
    Ending::done()
}

fn many_keys_with_one_value(p: &Pipeline) -> Ending {
    let keys = p.create([100_000i64]).flat_map(|n| 0..n).map(|n| (n, n));
    let sums = keys.group_by_key().map(|(key, group)| key - group.iter().sum::<i64>());
    assert_that(&sums.count_per_element()).contains_in_any_order([(0, 100_000)]);
    Ending::done()
}

fn many_keys_with_many_values(p: &Pipeline) -> Ending {
    let pairs = p.create(0i64..100).flat_map(|n| (0..100i64).map(move |key| (key, n)));
    let sums = pairs.reshuffle().group_by_key().map(|(_, group)| group.iter().sum::<i64>());
    assert_that(&sums.count_per_element()).contains_in_any_order([(4950, 100)]);
    Ending::done()
}

fn groups_of_groups(p: &Pipeline) -> Ending {
    let groups = p.create(0i64..100).key_by(|n| n % 10).group_by_key();
    let again = groups.map(|(key, group)| (key % 2, group)).group_by_key();
    let counts = again.map(|(key, groups)| {
        let sizes: Vec<u64> = groups.iter().map(|group| group.len() as u64).collect();
        (key, sizes)
    });
    assert_that(&counts).contains_in_any_order([(0, vec![10; 5]), (1, vec![10; 5])]);
    Ending::done()
}

fn groups_of_sums_of_groups(p: &Pipeline) -> Ending {
    let sums = p.create(0i64..100).key_by(|n| n % 10).group_by_key();
    let sums = sums.map(|(key, group)| (key % 2, group.iter().sum::<i64>())).group_by_key();
    let expected = [(0, vec![450, 470, 490, 510, 530]), (1, vec![460, 480, 500, 520, 540])];
    assert_that(&sorted(&sums)).contains_in_any_order(expected);
    Ending::done()
}

fn two_groupings_of_one_collection(p: &Pipeline) -> Ending {
    let numbers = p.create(0i64..10);
    let by_two = sorted(&numbers.key_by(|n| n % 2).group_by_key());
    let by_size = sorted(&numbers.key_by(|n| *n < 3).group_by_key());
    assert_that(&by_two)
        .contains_in_any_order([(0, vec![0, 2, 4, 6, 8]), (1, vec![1, 3, 5, 7, 9])]);
    assert_that(&by_size)
        .contains_in_any_order([(true, vec![0, 1, 2]), (false, (3..10).collect())]);
    Ending::done()
}

fn a_group_travels_as_an_element(p: &Pipeline) -> Ending {
    let groups = p.create(0i64..1000).key_by(|n| n % 3).group_by_key().values().reshuffle();
    let counts = groups.map(|group| (group.len() as u64, group.iter().sum::<i64>()));
    let expected = [(334, 166_833), (333, 166_167), (333, 166_500)];
    assert_that(&counts).contains_in_any_order(expected);
    Ending::done()
}

fn groupings_behind_each_other(p: &Pipeline) -> Ending {
    let mut numbers = p.create(0i64..64);
    for bit in 0..6 {
        let groups = numbers.key_by(move |n| n >> bit).group_by_key();
        numbers = groups.flat_map(|(_, group)| group);
    }
    assert_that(&numbers).contains_in_any_order(0..64);
    Ending::done()
}

fn groups_of_lists(p: &Pipeline) -> Ending {
    let map = BTreeMap::from([("a".to_owned(), vec![1i64, 2])]);
    let groups = p.create([(1i64, map.clone()), (1, BTreeMap::new())]).group_by_key();
    assert_that(&sorted(&groups)).contains_in_any_order([(1, vec![BTreeMap::new(), map])]);
    Ending::done()
}
