//! Whose state it is: of a key, a window, a step, and a bundle that was committed.

use crate::error::BoxError;
use crate::exec::{Context, StatefulDoFn, Tag};
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::state::{StateSpecs, Value};
use crate::testing::conformance::Ending;
use crate::testing::conformance::keep::{Keep, keep, say};
use crate::testing::conformance::played::Play::{Add, Mark};
use crate::testing::conformance::played::play;
use crate::testing::conformance::shared::Shared;
use crate::testing::conformance::source::see;
use crate::testing::conformance::stamps::seconds;
use crate::window::{FixedWindows, SlidingWindows};

list!(State: each_key_has_state_of_its_own, each_window_has_state_of_its_own,
    each_sliding_window_has_state_of_its_own, each_step_has_state_of_its_own,
    state_of_many_keys, keys_are_told_apart_by_their_bytes, a_stateful_function_behind_a_grouping,
    a_stateful_function_before_a_grouping, stateful_functions_in_a_row,
    a_stateful_function_with_several_outputs, a_stateful_function_of_a_united_input,
    a_function_that_requires_stable_input, an_error_in_a_stateful_function;
    sharing: a_bundle_that_failed_leaves_no_state);

/// How many numbers there were so far.
fn counts() -> Keep<Value<i64>> {
    keep(|s| s.value("count")).on(|count, key, number, cx| {
        let now = count.read(cx)?.unwrap_or(0) + 1;
        count.write(cx, now)?;
        say(cx, format!("{key}{number}: {now}"))
    })
}

fn each_key_has_state_of_its_own(p: &Pipeline) -> Ending {
    see(&counts().of(&play(p, [Add("a", 1), Add("b", 2), Add("a", 3), Add("", 4)])));
    Ending::done().saw(&[("a1: 1", 1), ("b2: 1", 1), ("a3: 2", 1), ("4: 1", 1)])
}

fn each_window_has_state_of_its_own(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 12), Add("a", 3), Add("a", 14)]);
    see(&counts().of(&input.window_into(FixedWindows::of(seconds(10)))));
    Ending::done().saw(&[("a1: 1", 1), ("a12: 1", 1), ("a3: 2", 1), ("a14: 2", 1)])
}

fn each_sliding_window_has_state_of_its_own(p: &Pipeline) -> Ending {
    let sliding = SlidingWindows::of(seconds(10)).every(seconds(5));
    see(&counts().of(&play(p, [Add("a", 1), Add("a", 7)]).window_into(sliding)));
    Ending::done().saw(&[("a1: 1", 2), ("a7: 1", 1), ("a7: 2", 1)])
}

fn each_step_has_state_of_its_own(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2)]);
    see(&counts().of(&input).map(|text| format!("one {text}")));
    see(&counts().of(&input).map(|text| format!("other {text}")));
    Ending::done().saw(&[
        ("one a1: 1", 1),
        ("one a2: 2", 1),
        ("other a1: 1", 1),
        ("other a2: 2", 1),
    ])
}

fn state_of_many_keys(p: &Pipeline) -> Ending {
    let input = p.create(0i64..3000).map(|n| (format!("key {}", n % 1000), n / 1000));
    let last = keep(|s| s.value("sum")).on(|sum, _, number, cx| {
        let now = sum.read(cx)?.unwrap_or(0) + number + 1;
        sum.write(cx, now)?;
        if now == 6 { say(cx, "six") } else { Ok(()) }
    });
    see(&last.of(&input));
    Ending::done().saw(&[("six", 1000)])
}

fn keys_are_told_apart_by_their_bytes(p: &Pipeline) -> Ending {
    see(&counts().of(&play(p, [Add("é", 1), Add("e\u{301}", 2), Add("é", 3)])));
    Ending::done().saw(&[("é1: 1", 1), ("e\u{301}2: 1", 1), ("é3: 2", 1)])
}

fn a_stateful_function_behind_a_grouping(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Mark(10), Add("a", 11), Mark(30)]);
    let groups = input.window_into(FixedWindows::of(seconds(10))).group_by_key();
    let sums = groups.map(|(key, group)| (key, group.iter().sum::<i64>()));
    see(&counts().of(&sums));
    Ending::done().saw(&[("a3: 1", 1), ("a11: 1", 1)])
}

fn a_stateful_function_before_a_grouping(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Mark(10), Add("a", 11), Mark(30)]);
    let told = counts().of(&input.window_into(FixedWindows::of(seconds(10))));
    let groups = told.map(|text| ((), text)).group_by_key();
    see(&groups.map(|((), group)| {
        let mut texts: Vec<String> = group.into_iter().collect();
        texts.sort();
        texts.join(", ")
    }));
    Ending::done().saw(&[("a1: 1, a2: 2", 1), ("a11: 1", 1)])
}

fn stateful_functions_in_a_row(p: &Pipeline) -> Ending {
    let told = counts().of(&play(p, [Add("a", 1), Add("b", 2), Add("a", 3)]));
    let lengths = told.map(|text| ("all".to_owned(), i64::try_from(text.len()).unwrap_or(0)));
    see(&counts().of(&lengths));
    Ending::done().saw(&[("all5: 1", 1), ("all5: 2", 1), ("all5: 3", 1)])
}

const ODD: Tag<i64> = Tag::new("odd");

/// Numbers values, and puts odd ones out elsewhere. It fails once, where it is told to.
#[derive(Clone)]
struct Numbering<const STABLE: bool> {
    count: Value<i64>,
    fails: Option<Shared>,
}

impl<const STABLE: bool> StatefulDoFn for Numbering<STABLE> {
    type Key = String;
    type In = i64;
    type Out = String;

    const REQUIRES_STABLE_INPUT: bool = STABLE;

    fn process(
        &mut self,
        key: &String,
        number: i64,
        cx: &mut Context<String>,
    ) -> Result<(), BoxError> {
        let now = self.count.read(cx)?.unwrap_or(0) + 1;
        self.count.write(cx, now)?;
        if number % 2 != 0 {
            cx.output_to(&ODD, number);
        }
        if let Some(calls) = &self.fails
            && calls.add()? == 0
        {
            return Err("once".into());
        }
        say(cx, format!("{key}{number}: {now}"))
    }
}

fn numbering<const STABLE: bool>(
    fails: Option<Shared>,
) -> impl FnOnce(&mut StateSpecs) -> Numbering<STABLE> {
    |s| Numbering { count: s.value("count"), fails }
}

fn a_stateful_function_with_several_outputs(p: &Pipeline) -> Ending {
    let told = play(p, [Add("a", 1), Add("a", 2)]).par_do_stateful(numbering::<false>(None));
    let told = told.named("Numbering");
    see(&told.main());
    see(&told.tagged(&ODD).map(|n| format!("odd {n}")));
    Ending::done().saw(&[("a1: 1", 1), ("a2: 2", 1), ("odd 1", 1)])
}

fn a_stateful_function_of_a_united_input(p: &Pipeline) -> Ending {
    let one = play(p, [Add("a", 1)]);
    let other: PCollection<(String, i64)> = play(p, [Add("a", 1)]);
    see(&counts().of(&one.flatten_with([other])));
    Ending::done().saw(&[("a1: 1", 1), ("a1: 2", 1)])
}

fn a_function_that_requires_stable_input(p: &Pipeline) -> Ending {
    let told = play(p, [Add("a", 1), Add("a", 2)]).par_do_stateful(numbering::<true>(None));
    let told = told.named("Numbering");
    see(&told.main());
    Ending::done().saw(&[("a1: 1", 1), ("a2: 2", 1)])
}

fn an_error_in_a_stateful_function(p: &Pipeline) -> Ending {
    let told = keep(|s| s.value::<i64>("value")).on(|_, _, _, _| Err("no state today".into()));
    see(&told.of(&play(p, [Add("a", 1)])));
    Ending::failed(&["no state today", "element: (\"a\", 1)", "state_scopes.rs:"])
}

fn a_bundle_that_failed_leaves_no_state(p: &Pipeline) -> Ending {
    let fails = Shared::of(p, "calls");
    let told = play(p, [Add("a", 1), Add("a", 2)]);
    see(&told.par_do_stateful(numbering::<false>(Some(fails))).named("Numbering").main());
    Ending::done().saw(&[("a1: 1", 1), ("a2: 2", 1)])
}
