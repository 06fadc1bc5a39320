//! Shapes and names of graphs.

#![expect(clippy::needless_pass_by_value, reason = "composites take their input by value")]

use crate::PTransform;
use crate::error::BoxError;
use crate::exec::{Context, DoFn, MetricValue};
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;

list!(Graph: a_chain_of_two_hundred_maps, a_hundred_branches, a_diamond, a_diamond_of_groupings,
    a_chain_of_ten_shuffles, parts_that_are_not_connected, an_unread_step_runs,
    names_of_steps_and_composites, composites_with_parameters, composites_without_input,
    names_with_odd_characters, one_composite_applied_twice, a_graph_of_many_kinds);

fn a_chain_of_two_hundred_maps(p: &Pipeline) -> Ending {
    let mut numbers = p.create(0i64..10);
    for _ in 0..200 {
        numbers = numbers.map(|n| n + 1);
    }
    assert_that(&numbers).contains_in_any_order(200..210);
    Ending::done()
}

fn a_hundred_branches(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64, 2]);
    let branches: Vec<_> = (1..100i64).map(|factor| numbers.map(move |n| n * factor)).collect();
    let all = numbers.map(|n| n * 100).flatten_with(branches);
    assert_that(&all.combine_globally(crate::transforms::Sum))
        .contains_in_any_order([3 * 100 * 101 / 2]);
    Ending::done()
}

fn a_diamond(p: &Pipeline) -> Ending {
    let numbers = p.create(0i64..10);
    let (low, high) = (numbers.filter(|n| *n < 5), numbers.filter(|n| *n >= 5).map(|n| n * 10));
    assert_that(&low.flatten_with([high]))
        .contains_in_any_order([0, 1, 2, 3, 4, 50, 60, 70, 80, 90]);
    Ending::done()
}

fn a_diamond_of_groupings(p: &Pipeline) -> Ending {
    let pairs = p.create(0i64..10).key_by(|n| n % 2);
    let (counts, sums) = (pairs.count_per_key(), pairs.combine_per_key(crate::transforms::Sum));
    let counts = counts.map_values(|count| i64::try_from(count).unwrap_or(-1));
    let both = counts.flatten_with([sums]).group_by_key();
    let both = both.map(|(key, group)| (key, group.iter().max()));
    assert_that(&both).contains_in_any_order([(0, Some(20)), (1, Some(25))]);
    Ending::done()
}

fn a_chain_of_ten_shuffles(p: &Pipeline) -> Ending {
    let mut numbers = p.create(0i64..100);
    for _ in 0..5 {
        let grouped = numbers.reshuffle().key_by(|n| n % 10).group_by_key();
        numbers = grouped.flat_map(|(_, group)| group);
    }
    assert_that(&numbers).contains_in_any_order(0..100);
    Ending::done()
}

fn parts_that_are_not_connected(p: &Pipeline) -> Ending {
    for part in 0..10i64 {
        let counts = p.create(0..part).map(move |_| part).count_per_element();
        let expected = (part > 0).then_some((part, u64::try_from(part).unwrap_or(0)));
        assert_that(&counts).contains_in_any_order(expected);
    }
    Ending::done()
}

/// Counts what it sees.
#[derive(Clone)]
struct Tally;

impl DoFn for Tally {
    type In = i64;
    type Out = i64;

    fn process(&mut self, element: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.count("seen", 1);
        cx.output(element);
        Ok(())
    }
}

fn is_three(value: &MetricValue) -> bool {
    *value == MetricValue::Counter(3)
}

fn an_unread_step_runs(p: &Pipeline) -> Ending {
    let _ = p.create([1i64, 2, 3]).par_do(Tally);
    Ending::done().counted("seen", 3)
}

fn tallied(numbers: PCollection<i64>) -> PCollection<i64> {
    numbers.par_do(Tally).main()
}

fn names_of_steps_and_composites(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64, 2, 3]).named("Numbers");
    let numbers = numbers.apply(tallied).named("First").apply(tallied).par_do(Tally);
    assert_that(&numbers).contains_in_any_order([1, 2, 3]);
    Ending::done()
        .measured("First/Tally", "seen", is_three)
        .measured("tallied/Tally", "seen", is_three)
        .measured("Tally", "seen", is_three)
}

/// Multiplies, with a tally on the way.
struct Times {
    factor: i64,
}

impl PTransform<PCollection<i64>> for Times {
    type Output = PCollection<i64>;

    fn expand(self, numbers: PCollection<i64>) -> PCollection<i64> {
        let factor = self.factor;
        numbers.apply(tallied).map(move |n| n * factor)
    }
}

fn composites_with_parameters(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64, 2, 3]).apply(Times { factor: 3 }).apply(Times { factor: 5 });
    assert_that(&numbers).contains_in_any_order([15, 30, 45]);
    Ending::done().measured("Times/tallied/Tally", "seen", is_three).measured(
        "Times 2/tallied/Tally",
        "seen",
        is_three,
    )
}

fn composites_without_input(p: &Pipeline) -> Ending {
    fn three_numbers(p: Pipeline) -> PCollection<i64> {
        p.create([1i64, 2, 3]).par_do(Tally).main()
    }
    assert_that(&p.apply(three_numbers)).contains_in_any_order([1, 2, 3]);
    Ending::done().measured("three_numbers/Tally", "seen", is_three)
}

fn names_with_odd_characters(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64, 2, 3]).par_do(Tally).named("Zähle: \"alle\" & mehr, 数える!");
    assert_that(&numbers).contains_in_any_order([1, 2, 3]);
    Ending::done().measured("Zähle: \"alle\" & mehr, 数える!", "seen", is_three)
}

fn one_composite_applied_twice(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64, 2, 3]);
    let (left, right) = (numbers.apply(tallied), numbers.apply(tallied));
    assert_that(&left.flatten_with([right])).contains_in_any_order([1, 1, 2, 2, 3, 3]);
    Ending::done().measured("tallied/Tally", "seen", is_three).measured(
        "tallied 2/Tally",
        "seen",
        is_three,
    )
}

fn a_graph_of_many_kinds(p: &Pipeline) -> Ending {
    let words = p.create(["the cat", "the dog", "a cat"].map(str::to_owned));
    let words = words.flat_map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>());
    let stop = p.create(["the", "a"].map(str::to_owned)).as_iter();
    let kept = words.with_side_input(stop).filter(|word, stop| !stop.contains(word));
    let counts = kept.reshuffle().count_per_element();
    let most = counts.map(|(word, count)| (count, word));
    let most = most.combine_globally(crate::transforms::Top::largest(1));
    assert_that(&most).contains_in_any_order([vec![(2, "cat".to_owned())]]);
    assert_that(&counts).contains_in_any_order([("cat".to_owned(), 2), ("dog".to_owned(), 1)]);
    Ending::done()
}
