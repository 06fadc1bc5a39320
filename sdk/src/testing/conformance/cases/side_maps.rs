//! Side inputs that are looked up by key.

use crate::error::BoxError;
use crate::exec::{Context, DoFn, SideMap, SideView};
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::metrics::counter;
use crate::testing::conformance::source::Act::{Await, Give, Watermark};
use crate::testing::conformance::source::{Gate, script, see};
use crate::testing::conformance::stamps::{seconds, timed};
use crate::transforms::{Sum, View};
use crate::window::{FixedWindows, Trigger};

list!(SideInputs: absent_keys_are_absent_again, a_key_with_many_values,
    keys_with_many_values_each, many_keys_of_a_large_map, few_keys_of_a_large_map,
    the_keys_of_a_multimap, a_function_looks_up_keys, a_windowed_multimap,
    a_key_twice_that_nobody_asks_for, a_key_twice_among_many_ends_the_job,
    a_key_that_is_missing_ends_the_job;
    sharing: a_multimap_of_a_window_has_the_panes_that_have_come);

fn absent_keys_are_absent_again(p: &Pipeline) -> Ending {
    let map = p.create((0..10i64).map(|n| (n * 2, n))).as_map();
    let twice = p.create((0..30i64).chain(0..30)).with_side_input(map);
    let found = twice.filter(|n, map| map.contains_key(n) && map.get(n) == Some(&(n / 2)));
    assert_that(&found).contains_in_any_order((0..10).chain(0..10).map(|n| n * 2));
    Ending::done()
}

/// Texts that several of make a page of a side input.
fn large(n: i64) -> String {
    format!("{}{n}", "0".repeat(400_000))
}

fn a_key_with_many_values(p: &Pipeline) -> Ending {
    let map = p.create(0..8i64).map(|n| ("key".to_owned(), large(n))).as_multimap();
    let sums = p.create(["key".to_owned(), "other".to_owned()]).with_side_input(map).try_map(
        |key, map| {
            let numbers = map.get(&key).into_iter().flatten().map(|text| text.parse::<i64>());
            numbers.sum::<Result<i64, _>>()
        },
    );
    assert_that(&sums).contains_in_any_order([28, 0]);
    Ending::done()
}

fn keys_with_many_values_each(p: &Pipeline) -> Ending {
    // Every pair of numbers, so that keys are in many chunks and pages.
    let map = p.create(0..20_000i64).map(|n| (n % 200, format!("{n:0100}"))).reshuffle();
    let counts = p.create(0..250i64).with_side_input(map.as_multimap());
    let right = counts.filter(|n, map| {
        let is_own = |text: &String| text.parse().is_ok_and(|value: i64| value % 200 == *n);
        map.get(n).is_some_and(|values| values.len() == 100 && values.iter().all(is_own))
    });
    assert_that(&right).contains_in_any_order(0..200);
    Ending::done()
}

/// A map of a hundred thousand keys, which is too large to be read at once.
fn large_map(p: &Pipeline) -> View<SideMap<i64, String>> {
    let numbers = p.create(0..100i64).flat_map(|n| n * 1000..(n + 1) * 1000);
    numbers.map(|n| (n, format!("{n:0200}"))).as_map()
}

fn many_keys_of_a_large_map(p: &Pipeline) -> Ending {
    let asked = p.create((0..150i64).flat_map(|n| [n * 1000, n * 1000]));
    let found = asked.with_side_input(large_map(p)).try_flat_map(|n, map| {
        let found = map.get(&n).map(|text| text.parse::<i64>());
        found.transpose()
    });
    let all = (0..100i64).flat_map(|n| [n * 1000, n * 1000]);
    assert_that(&found).contains_in_any_order(all);
    Ending::done()
}

fn few_keys_of_a_large_map(p: &Pipeline) -> Ending {
    let found = p.create([-1i64, 0, 99_999, 100_000]).with_side_input(large_map(p));
    assert_that(&found.map(|n, map| map.contains_key(&n)))
        .contains_in_any_order([false, true, true, false]);
    Ending::done()
}

fn the_keys_of_a_multimap(p: &Pipeline) -> Ending {
    let map = p.create(0..3000i64).map(|n| (n / 3, n)).reshuffle().as_multimap();
    let none = p.create(Vec::<(i64, i64)>::new()).as_multimap();
    let sums = p.create([0i64]).with_side_input((map, none)).map(|n, (map, none)| {
        let values = map.keys().map(|key| map[&key].iter().sum::<i64>());
        (n, map.keys().sum::<i64>(), values.sum::<i64>(), none.keys().count() as u64)
    });
    assert_that(&sums).contains_in_any_order([(0, 999 * 500, 2999 * 1500, 0)]);
    Ending::done()
}

/// Replaces what is known by name.
#[derive(Clone)]
struct Translate {
    words: SideView<SideMap<String, String>>,
}

impl DoFn for Translate {
    type In = String;
    type Out = String;

    fn process(&mut self, word: String, cx: &mut Context<String>) -> Result<(), BoxError> {
        let words = cx.side(&self.words)?;
        cx.output(words.get(&word).cloned().unwrap_or(word));
        Ok(())
    }
}

fn a_function_looks_up_keys(p: &Pipeline) -> Ending {
    let words = [("sea", "See"), ("the", "die")].map(|(from, to)| (from.to_owned(), to.to_owned()));
    let words = p.create(words).as_map();
    let text = p.create(["the", "open", "sea"].map(str::to_owned)).with_side_input(words);
    let text = text.par_do(|words| Translate { words });
    assert_that(&text).contains_in_any_order(["die", "open", "See"].map(str::to_owned));
    Ending::done()
}

fn a_windowed_multimap(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10));
    let side = timed(p, [1, 2, 3, 11, 12]).window_into(fixed).key_by(|n| n % 2).as_multimap();
    let main = timed(p, [4, 5, 14, 15, 24]).window_into(fixed).with_side_input(side);
    let sums = main.map(|n, side| (n, side.get(&(n % 2)).map(|values| values.iter().sum::<i64>())));
    let expected = [(4, Some(2)), (5, Some(4)), (14, Some(12)), (15, Some(11)), (24, None)];
    assert_that(&sums).contains_in_any_order(expected);
    Ending::done()
}

fn a_key_twice_that_nobody_asks_for(p: &Pipeline) -> Ending {
    let map = p.create([(1i64, 10i64), (1, 20), (2, 30)]).as_map();
    let found = p.create([2i64]).with_side_input(map).map(|n, map| map[&n]);
    assert_that(&found).contains_in_any_order([30]);
    Ending::done()
}

fn a_key_twice_among_many_ends_the_job(p: &Pipeline) -> Ending {
    let map = p.create((0..100i64).chain([77]).map(|n| (n, n))).as_map();
    let _ = p.create(0..100i64).with_side_input(map).map(|n, map| map[&n]).named("Find");
    Ending::failed(&["`Find` failed", "side_maps.rs:", "key 77 twice", "help: "])
}

fn a_key_that_is_missing_ends_the_job(p: &Pipeline) -> Ending {
    let map = p.create([("EUR".to_owned(), 1i64)]).as_map();
    let asked = p.create(["USD".to_owned()]).with_side_input(map);
    let _ = asked.map(|currency, map| map[&currency]).named("Find");
    Ending::failed(&["`Find` panicked", "has no key \"USD\"", "element: \"USD\""])
}

fn a_multimap_of_a_window_has_the_panes_that_have_come(p: &Pipeline) -> Ending {
    let seen = Gate::of(p);
    let trigger = Trigger::after_watermark().early(Trigger::after_count(1));
    let windowing = FixedWindows::of(seconds(10)).triggering(trigger).accumulating();
    // The second window begins when an element of the first has seen what had come by then.
    let acts = [Give(3, 3), Watermark(4), Await(seen.clone(), 1), Give(14, 14), Give(15, 15)];
    let side = script(p, acts).window_into(windowing).key_by(|n| n % 2).combine_per_key(Sum);
    let main = script(p, [Give(1, 1), Give(11, 11)]).window_into(FixedWindows::of(seconds(10)));
    let found = main.with_side_input(side.as_multimap());
    let found = seen.pass(&found.map(|n, side| (n, side.get(&1).cloned())));
    see(&found.map(|(n, values)| format!("{n} {values:?}")));
    Ending::done().and(|metrics| {
        let once = |text: &str| counter(metrics, text) == 1;
        // The second may see its key before or after the pane has come.
        let second = once("seen 11 Some([15])") != once("seen 11 None");
        if once("seen 1 Some([3])") && second { Ok(()) } else { Err(format!("{metrics:?}")) }
    })
}
