//! Cells of one value, bags, and cells that combine.

use crate::pipeline::Pipeline;
use crate::testing::conformance::Ending;
use crate::testing::conformance::keep::{keep, say};
use crate::testing::conformance::played::Play::Add;
use crate::testing::conformance::played::play;
use crate::testing::conformance::source::see;
use crate::transforms::{Count, Mean, Sum, ToList};

list!(State: a_value_is_empty_at_first, a_value_is_read_in_the_call_that_wrote_it,
    a_value_is_kept_for_the_next_element, a_value_is_overwritten, a_cleared_value_is_empty,
    a_value_cleared_before_is_empty, a_value_is_written_after_it_was_cleared,
    a_value_has_any_element_type, a_value_may_be_an_empty_text, values_do_not_know_of_each_other,
    a_bag_is_empty_at_first, a_bag_keeps_what_is_added, a_bag_keeps_equal_values,
    a_cleared_bag_is_empty, a_bag_is_filled_after_it_was_cleared,
    a_bag_says_whether_it_is_empty, a_bag_holds_thousands_of_values,
    a_combining_cell_adds_up, a_combining_cell_of_nothing, a_cleared_combining_cell_starts_again,
    a_combining_cell_merges_accumulators, a_combining_cell_has_an_accumulator_of_its_own_type,
    a_combining_cell_keeps_a_list);

fn a_value_is_empty_at_first(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("b", 2)]);
    let reads =
        keep(|s| s.value::<i64>("value")).on(|value, key, _, cx| say_of(key, &value.read(cx)?, cx));
    see(&reads.of(&input));
    Ending::done().saw(&[("a: None", 1), ("b: None", 1)])
}

fn say_of<T: std::fmt::Debug>(
    key: &str,
    value: &T,
    cx: &mut crate::Context<String>,
) -> Result<(), crate::BoxError> {
    say(cx, format!("{key}: {value:?}"))
}

fn a_value_is_read_in_the_call_that_wrote_it(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1)]);
    let reads = keep(|s| s.value("value")).on(|value, key, number, cx| {
        value.write(cx, number * 10)?;
        say_of(key, &value.read(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: Some(10)", 1)])
}

fn a_value_is_kept_for_the_next_element(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 3)]);
    let sums = keep(|s| s.value::<i64>("value")).on(|value, key, number, cx| {
        let sum = value.read(cx)?.unwrap_or(0) + number;
        value.write(cx, sum)?;
        say_of(key, &sum, cx)
    });
    see(&sums.of(&input));
    Ending::done().saw(&[("a: 1", 1), ("a: 3", 1), ("a: 6", 1)])
}

fn a_value_is_overwritten(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 3)]);
    let last = keep(|s| s.value("value")).on(|value, key, number, cx| {
        let before = value.read(cx)?;
        value.write(cx, -1)?;
        value.write(cx, number)?;
        say_of(key, &before, cx)
    });
    see(&last.of(&input));
    Ending::done().saw(&[("a: None", 1), ("a: Some(1)", 1), ("a: Some(2)", 1)])
}

fn a_cleared_value_is_empty(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1)]);
    let reads = keep(|s| s.value("value")).on(|value, key, number, cx| {
        value.write(cx, number)?;
        value.clear(cx)?;
        say_of(key, &value.read(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: None", 1)])
}

fn a_value_cleared_before_is_empty(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 3)]);
    let reads = keep(|s| s.value("value")).on(|value, key, number, cx| {
        say_of(key, &value.read(cx)?, cx)?;
        match number {
            1 => value.write(cx, number),
            _ => value.clear(cx),
        }
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: None", 2), ("a: Some(1)", 1)])
}

fn a_value_is_written_after_it_was_cleared(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.value("value")).on(|value, key, number, cx| {
        say_of(key, &value.read(cx)?, cx)?;
        value.clear(cx)?;
        value.write(cx, number)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: None", 1), ("a: Some(1)", 1)])
}

fn a_value_has_any_element_type(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.value::<(String, Vec<i64>)>("value")).on(|value, key, number, cx| {
        let (name, mut numbers) = value.read(cx)?.unwrap_or_else(|| (key.to_owned(), vec![]));
        numbers.push(number);
        say(cx, format!("{name}: {numbers:?}"))?;
        value.write(cx, (name, numbers))
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: [1]", 1), ("a: [1, 2]", 1)])
}

fn a_value_may_be_an_empty_text(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.value::<String>("value")).on(|value, key, _, cx| {
        say_of(key, &value.read(cx)?, cx)?;
        value.write(cx, String::new())
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: None", 1), ("a: Some(\"\")", 1)])
}

fn values_do_not_know_of_each_other(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| (s.value("one"), s.value::<i64>("other"))).on(|cells, key, number, cx| {
        let (one, other) = cells;
        let (before, never) = (one.read(cx)?, other.read(cx)?);
        say(cx, format!("{key}: {before:?} {never:?}"))?;
        one.write(cx, number)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: None None", 1), ("a: Some(1) None", 1)])
}

fn a_bag_is_empty_at_first(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1)]);
    let reads = keep(|s| s.bag::<i64>("bag")).on(|bag, key, _, cx| say_of(key, &bag.read(cx)?, cx));
    see(&reads.of(&input));
    Ending::done().saw(&[("a: []", 1)])
}

fn a_bag_keeps_what_is_added(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 3)]);
    let reads = keep(|s| s.bag("bag")).on(|bag, key, number, cx| {
        bag.add(cx, number)?;
        let mut all = bag.read(cx)?;
        all.sort_unstable();
        say_of(key, &all, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: [1]", 1), ("a: [1, 2]", 1), ("a: [1, 2, 3]", 1)])
}

fn a_bag_keeps_equal_values(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 1)]);
    let reads = keep(|s| s.bag("bag")).on(|bag, key, number, cx| {
        bag.add(cx, number)?;
        bag.add(cx, number)?;
        say_of(key, &bag.read(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: [1, 1]", 1), ("a: [1, 1, 1, 1]", 1)])
}

fn a_cleared_bag_is_empty(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.bag("bag")).on(|bag, key, number, cx| {
        say_of(key, &bag.read(cx)?, cx)?;
        bag.add(cx, number)?;
        bag.clear(cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: []", 2)])
}

fn a_bag_is_filled_after_it_was_cleared(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 3)]);
    let reads = keep(|s| s.bag("bag")).on(|bag, key, number, cx| {
        say_of(key, &bag.read(cx)?, cx)?;
        bag.clear(cx)?;
        bag.add(cx, number)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: []", 1), ("a: [1]", 1), ("a: [2]", 1)])
}

fn a_bag_says_whether_it_is_empty(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 3)]);
    let reads = keep(|s| s.bag("bag")).on(|bag, key, number, cx| {
        say_of(key, &bag.is_empty(cx)?, cx)?;
        if number == 2 { bag.clear(cx) } else { bag.add(cx, number) }
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: true", 2), ("a: false", 1)])
}

fn a_bag_holds_thousands_of_values(p: &Pipeline) -> Ending {
    let input = p.create(0i64..5000).map(|n| ("a".to_owned(), n));
    let reads = keep(|s| (s.bag("bag"), s.value("count"))).on(|(bag, count), key, number, cx| {
        bag.add(cx, number)?;
        let seen = count.read(cx)?.unwrap_or(0) + 1;
        count.write(cx, seen)?;
        if seen < 5000 {
            return Ok(());
        }
        let all = bag.read(cx)?;
        say(cx, format!("{key}: {} values of {}", all.len(), all.iter().sum::<i64>()))
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: 5000 values of 12497500", 1)])
}

fn a_combining_cell_adds_up(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("b", 5), Add("a", 2)]);
    let reads = keep(|s| s.combining::<i64, _>("sum", Sum)).on(|sum, key, number, cx| {
        sum.add(cx, number)?;
        say_of(key, &sum.read(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: 1", 1), ("a: 3", 1), ("b: 5", 1)])
}

fn a_combining_cell_of_nothing(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1)]);
    let reads = keep(|s| s.combining::<i64, _>("count", Count))
        .on(|count, key, _, cx| say_of(key, &count.read(cx)?, cx));
    see(&reads.of(&input));
    Ending::done().saw(&[("a: 0", 1)])
}

fn a_cleared_combining_cell_starts_again(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 3)]);
    let reads = keep(|s| s.combining::<i64, _>("sum", Sum)).on(|sum, key, number, cx| {
        sum.add(cx, number)?;
        say_of(key, &sum.read(cx)?, cx)?;
        if number == 2 { sum.clear(cx) } else { Ok(()) }
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: 1", 1), ("a: 3", 2)])
}

fn a_combining_cell_merges_accumulators(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.combining::<i64, _>("sum", Sum)).on(|sum, key, number, cx| {
        sum.add(cx, number)?;
        sum.merge(cx, 100)?;
        say_of(key, &sum.read(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: 101", 1), ("a: 203", 1)])
}

fn a_combining_cell_has_an_accumulator_of_its_own_type(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.combining::<i64, _>("mean", Mean)).on(|mean, key, number, cx| {
        mean.add(cx, number)?;
        say_of(key, &mean.read(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: 1.0", 1), ("a: 1.5", 1)])
}

fn a_combining_cell_keeps_a_list(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.combining::<i64, _>("list", ToList)).on(|list, key, number, cx| {
        list.add(cx, number)?;
        say_of(key, &list.read(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: [1]", 1), ("a: [1, 2]", 1)])
}
