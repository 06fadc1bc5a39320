//! Sets, maps, multimaps and ordered lists.

use std::fmt::Debug;

use crate::error::BoxError;
use crate::exec::Context;
use crate::pipeline::Pipeline;
use crate::testing::conformance::Ending;
use crate::testing::conformance::keep::{keep, say};
use crate::testing::conformance::played::Play::{Add, At};
use crate::testing::conformance::played::play;
use crate::testing::conformance::source::see;
use crate::testing::conformance::stamps::at;

list!(State: a_set_keeps_each_value_once, a_set_knows_what_is_in_it, a_value_is_removed_from_a_set,
    a_cleared_set_is_empty, a_value_is_added_to_a_set_after_it_was_removed,
    a_map_gives_what_was_inserted, a_map_overwrites, an_entry_is_removed_from_a_map,
    a_map_lists_its_keys_and_entries, a_cleared_map_is_empty, a_map_is_filled_after_it_was_cleared,
    a_map_holds_thousands_of_entries, a_multimap_keeps_all_values_of_a_key,
    a_key_is_removed_from_a_multimap, a_multimap_lists_its_keys_and_entries,
    a_cleared_multimap_is_empty, an_ordered_list_is_read_by_timestamp,
    an_ordered_list_is_read_in_part, an_ordered_list_is_cleared_in_part,
    a_cleared_ordered_list_is_empty, an_ordered_list_keeps_equal_timestamps);

fn sorted<T: Ord + Debug>(
    key: &str,
    mut values: Vec<T>,
    cx: &mut Context<String>,
) -> Result<(), BoxError> {
    values.sort();
    say(cx, format!("{key}: {values:?}"))
}

fn a_set_keeps_each_value_once(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.set("set")).on(|set, key, number, cx| {
        set.add(cx, number)?;
        sorted(key, set.read(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: [1]", 2), ("a: [1, 2]", 1)])
}

fn a_set_knows_what_is_in_it(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.set("set")).on(|set, key, number, cx| {
        let is_known = set.contains(cx, &number)?;
        say(cx, format!("{key}: {number} {is_known}"))?;
        set.add(cx, number)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: 1 false", 1), ("a: 1 true", 1), ("a: 2 false", 1)])
}

fn a_value_is_removed_from_a_set(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 3)]);
    let reads = keep(|s| s.set("set")).on(|set, key, number, cx| {
        set.add(cx, number)?;
        set.remove(cx, &2)?;
        sorted(key, set.read(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: [1]", 2), ("a: [1, 3]", 1)])
}

fn a_cleared_set_is_empty(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.set("set")).on(|set, key, number, cx| {
        sorted(key, set.read(cx)?, cx)?;
        set.add(cx, number)?;
        set.clear(cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: []", 2)])
}

fn a_value_is_added_to_a_set_after_it_was_removed(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 1)]);
    let reads = keep(|s| s.set("set")).on(|set, key, number, cx| {
        sorted(key, set.read(cx)?, cx)?;
        set.remove(cx, &number)?;
        set.add(cx, number)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: []", 1), ("a: [1]", 1)])
}

fn a_map_gives_what_was_inserted(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("b", 1)]);
    let reads = keep(|s| s.map("map")).on(|map, key, number, cx| {
        let before = map.get(cx, &(number - 1))?;
        map.insert(cx, number, format!("number {number}"))?;
        say(cx, format!("{key}: {before:?}"))
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: None", 1), ("a: Some(\"number 1\")", 1), ("b: None", 1)])
}

fn a_map_overwrites(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.map("map")).on(|map, key, number, cx| {
        map.insert(cx, "same".to_owned(), number)?;
        sorted(key, map.entries(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: [(\"same\", 1)]", 1), ("a: [(\"same\", 2)]", 1)])
}

fn an_entry_is_removed_from_a_map(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 3)]);
    let reads = keep(|s| s.map("map")).on(|map, key, number, cx| {
        map.insert(cx, number, number * 10)?;
        map.remove(cx, &(number - 1))?;
        sorted(key, map.entries(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: [(1, 10)]", 1), ("a: [(2, 20)]", 1), ("a: [(3, 30)]", 1)])
}

fn a_map_lists_its_keys_and_entries(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.map("map")).on(|map, key, number, cx| {
        map.insert(cx, number, number * 10)?;
        sorted(key, map.keys(cx)?, cx)?;
        sorted(key, map.entries(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[
        ("a: [1]", 1),
        ("a: [(1, 10)]", 1),
        ("a: [1, 2]", 1),
        ("a: [(1, 10), (2, 20)]", 1),
    ])
}

fn a_cleared_map_is_empty(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.map("map")).on(|map, key, number, cx| {
        sorted(key, map.keys(cx)?, cx)?;
        map.insert(cx, number, number)?;
        map.clear(cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: []", 2)])
}

fn a_map_is_filled_after_it_was_cleared(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 3)]);
    let reads = keep(|s| s.map("map")).on(|map, key, number, cx| {
        sorted(key, map.keys(cx)?, cx)?;
        map.clear(cx)?;
        map.insert(cx, number, number)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: []", 1), ("a: [1]", 1), ("a: [2]", 1)])
}

fn a_map_holds_thousands_of_entries(p: &Pipeline) -> Ending {
    let input = p.create(0i64..3000).map(|n| ("a".to_owned(), n));
    let reads = keep(|s| (s.map("map"), s.value("count"))).on(|(map, count), key, number, cx| {
        map.insert(cx, number % 1000, number)?;
        let seen = count.read(cx)?.unwrap_or(0) + 1;
        count.write(cx, seen)?;
        if seen < 3000 {
            return Ok(());
        }
        let entries = map.entries(cx)?;
        say(cx, format!("{key}: {} entries", entries.len()))
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: 1000 entries", 1)])
}

fn a_multimap_keeps_all_values_of_a_key(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 3), Add("a", 2)]);
    let reads = keep(|s| s.multimap("multimap")).on(|multimap, key, number, cx| {
        multimap.add(cx, number % 2, number)?;
        sorted(key, multimap.get(cx, &(number % 2))?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: [1]", 1), ("a: [1, 3]", 1), ("a: [2]", 1)])
}

fn a_key_is_removed_from_a_multimap(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 3), Add("a", 2)]);
    let reads = keep(|s| s.multimap("multimap")).on(|multimap, key, number, cx| {
        multimap.add(cx, number % 2, number)?;
        if number == 2 {
            multimap.remove(cx, &1)?;
        }
        sorted(key, multimap.entries(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: [(1, [1])]", 1), ("a: [(1, [1, 3])]", 1), ("a: [(0, [2])]", 1)])
}

fn a_multimap_lists_its_keys_and_entries(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.multimap("multimap")).on(|multimap, key, number, cx| {
        multimap.add(cx, number % 2, number)?;
        multimap.add(cx, number % 2, number)?;
        sorted(key, multimap.keys(cx)?, cx)?;
        sorted(key, multimap.entries(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[
        ("a: [1]", 1),
        ("a: [(1, [1, 1])]", 1),
        ("a: [0, 1]", 1),
        ("a: [(0, [2, 2]), (1, [1, 1])]", 1),
    ])
}

fn a_cleared_multimap_is_empty(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.multimap("multimap")).on(|multimap, key, number, cx| {
        sorted(key, multimap.entries(cx)?, cx)?;
        multimap.add(cx, number, number)?;
        multimap.clear(cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: []", 2)])
}

/// The second of a timestamp with its value.
fn listed<T: Debug>(
    key: &str,
    values: &[(crate::Timestamp, T)],
    cx: &mut Context<String>,
) -> Result<(), BoxError> {
    let values: Vec<_> = values.iter().map(|(at, value)| (at.millis() / 1000, value)).collect();
    say(cx, format!("{key}: {values:?}"))
}

fn an_ordered_list_is_read_by_timestamp(p: &Pipeline) -> Ending {
    let input = play(p, [At("a", 1, 3), At("a", 2, 1), At("a", 3, 2)]);
    let reads = keep(|s| s.ordered_list("list")).on(|list, key, number, cx| {
        let at = cx.timestamp();
        list.add(cx, at, number)?;
        listed(key, &list.read(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[
        ("a: [(3, 1)]", 1),
        ("a: [(1, 2), (3, 1)]", 1),
        ("a: [(1, 2), (2, 3), (3, 1)]", 1),
    ])
}

fn an_ordered_list_is_read_in_part(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 3)]);
    let reads = keep(|s| s.ordered_list("list")).on(|list, key, number, cx| {
        list.add(cx, at(number), number)?;
        listed(key, &list.read_range(cx, at(1)..at(3))?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: [(1, 1)]", 1), ("a: [(1, 1), (2, 2)]", 2)])
}

fn an_ordered_list_is_cleared_in_part(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 3)]);
    let reads = keep(|s| s.ordered_list("list")).on(|list, key, number, cx| {
        list.add(cx, at(number), number)?;
        list.clear_range(cx, at(2)..at(3))?;
        listed(key, &list.read(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: [(1, 1)]", 2), ("a: [(1, 1), (3, 3)]", 1)])
}

fn a_cleared_ordered_list_is_empty(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    let reads = keep(|s| s.ordered_list("list")).on(|list, key, number, cx| {
        listed(key, &list.read(cx)?, cx)?;
        list.add(cx, at(number), number)?;
        list.clear(cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: []", 2)])
}

fn an_ordered_list_keeps_equal_timestamps(p: &Pipeline) -> Ending {
    let input = play(p, [At("a", 1, 5), At("a", 2, 5)]);
    let reads = keep(|s| s.ordered_list("list")).on(|list, key, number, cx| {
        list.add(cx, at(5), number)?;
        listed(key, &list.read(cx)?, cx)
    });
    see(&reads.of(&input));
    Ending::done().saw(&[("a: [(5, 1)]", 1), ("a: [(5, 1), (5, 2)]", 1)])
}
