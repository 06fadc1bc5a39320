//! The end of windows with state.

use crate::pipeline::Pipeline;
use crate::state::{Bag, EventTimer, Value};
use crate::testing::conformance::Ending;
use crate::testing::conformance::keep::{Keep, keep, say};
use crate::testing::conformance::played::Play::{Add, Mark, MarkMillis};
use crate::testing::conformance::played::{grouped, play};
use crate::testing::conformance::source::see;
use crate::testing::conformance::stamps::{at, seconds, with_stamp};
use crate::window::{FixedWindows, SlidingWindows};

list!(State: a_function_is_told_of_the_end_of_a_window,
    the_end_of_a_window_waits_for_late_elements, the_end_of_a_window_comes_once_for_each_key,
    each_sliding_window_ends, the_end_of_a_window_is_told_without_state,
    the_end_of_the_global_window_is_told, what_the_end_of_a_window_outputs_is_in_it,
    what_the_end_of_a_window_outputs_is_not_late, timers_fire_before_the_end_of_their_window,
    an_error_at_the_end_of_a_window, state_is_gone_after_the_end_of_its_window,
    state_is_kept_within_the_lateness, elements_after_the_end_of_their_window_are_dropped);

fn tens() -> FixedWindows {
    FixedWindows::of(seconds(10))
}

/// Keeps all numbers of a window, and tells them at its end.
fn all() -> Keep<Bag<i64>> {
    keep(|s| s.bag("all")).on(|all, _, number, cx| all.add(cx, number)).on_expiration(
        |all, key, cx| {
            let mut all = all.read(cx)?;
            all.sort_unstable();
            say(cx, format!("{key}: {all:?}"))
        },
    )
}

fn a_function_is_told_of_the_end_of_a_window(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 11), Mark(10)]).window_into(tens());
    see(&all().of(&input));
    Ending::done().saw(&[("a: [1, 2]", 1), ("a: [11]", 1)])
}

fn the_end_of_a_window_waits_for_late_elements(p: &Pipeline) -> Ending {
    let windowing = tens().allowed_lateness(seconds(5)).discarding();
    let script = [Add("a", 1), Mark(10), Add("a", 2), MarkMillis(14_999), Add("a", 3), Mark(16)];
    see(&all().of(&play(p, script).window_into(windowing)));
    Ending::done().saw(&[("a: [1, 2, 3]", 1)])
}

fn the_end_of_a_window_comes_once_for_each_key(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Add("b", 2), Mark(10), Add("b", 13), Mark(30)];
    see(&all().of(&play(p, script).window_into(tens())));
    Ending::done().saw(&[("a: [1]", 1), ("b: [2]", 1), ("b: [13]", 1)])
}

fn each_sliding_window_ends(p: &Pipeline) -> Ending {
    let sliding = SlidingWindows::of(seconds(10)).every(seconds(5));
    see(&all().of(&play(p, [Add("a", 1), Add("a", 7), Mark(30)]).window_into(sliding)));
    Ending::done().saw(&[("a: [1]", 1), ("a: [1, 7]", 1), ("a: [7]", 1)])
}

fn the_end_of_a_window_is_told_without_state(p: &Pipeline) -> Ending {
    let told = keep(|s| s.value::<i64>("unused")).on_expiration(|_, key, cx| say(cx, key));
    let input = play(p, [Add("a", 1), Add("a", 2), Mark(10)]);
    see(&told.of(&input.window_into(tens())));
    Ending::done().saw(&[("a", 1)])
}

fn the_end_of_the_global_window_is_told(p: &Pipeline) -> Ending {
    see(&all().of(&play(p, [Add("a", 1), Mark(10), Add("a", 2)])));
    Ending::done().saw(&[("a: [1, 2]", 1)])
}

fn what_the_end_of_a_window_outputs_is_in_it(p: &Pipeline) -> Ending {
    let told = all().of(&play(p, [Add("a", 1), Mark(30)]).window_into(tens()));
    see(&with_stamp(&told).map(|(text, stamp)| format!("{text} at {stamp}")));
    Ending::done().saw(&[("a: [1] at 9999 ms in [0, 10000)", 1)])
}

fn what_the_end_of_a_window_outputs_is_not_late(p: &Pipeline) -> Ending {
    let windowing = tens().allowed_lateness(seconds(50)).discarding();
    let told = all().of(&play(p, [Add("a", 1), Mark(30), Mark(100)]).window_into(windowing));
    see(&grouped(&told.map(|key| (key, 7)), tens()));
    Ending::done().saw(&[("a: [1]: 7", 1)])
}

fn timers_fire_before_the_end_of_their_window(p: &Pipeline) -> Ending {
    let told = keep(|s| (s.value::<String>("log"), s.event_timer("timer")))
        .on(|(_, timer): &(Value<String>, EventTimer), _, _, cx| {
            timer.set(cx, at(5));
            Ok(())
        })
        .on_timer(|(log, _), _, _, cx| log.write(cx, "fired".to_owned()))
        .on_expiration(|(log, _), key, cx| {
            let log = log.read(cx)?;
            say(cx, format!("{key}: {log:?}"))
        });
    see(&told.of(&play(p, [Add("a", 1), Mark(30)]).window_into(tens())));
    Ending::done().saw(&[("a: Some(\"fired\")", 1)])
}

fn an_error_at_the_end_of_a_window(p: &Pipeline) -> Ending {
    let told = all().on_expiration(|_, _, _| Err("it cannot end".into()));
    see(&told.of(&play(p, [Add("a", 1), Mark(30)]).window_into(tens())));
    Ending::failed(&["it cannot end", "of key \"a\""])
}

/// Counts the numbers of a window.
fn counts() -> Keep<Value<i64>> {
    keep(|s| s.value("count")).on(|count, key, number, cx| {
        let now = count.read(cx)?.unwrap_or(0) + 1;
        count.write(cx, now)?;
        say(cx, format!("{key}{number}: {now}"))
    })
}

fn state_is_gone_after_the_end_of_its_window(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Add("a", 2), Mark(10), Add("a", 11), Mark(20), Add("a", 21)];
    see(&counts().of(&play(p, script).window_into(tens())));
    Ending::done().saw(&[("a1: 1", 1), ("a2: 2", 1), ("a11: 1", 1), ("a21: 1", 1)])
}

fn state_is_kept_within_the_lateness(p: &Pipeline) -> Ending {
    let windowing = tens().allowed_lateness(seconds(5)).discarding();
    let script = [Add("a", 1), MarkMillis(14_999), Add("a", 2), Mark(15), Add("a", 3)];
    see(&counts().of(&play(p, script).window_into(windowing)));
    Ending::done().saw(&[("a1: 1", 1), ("a2: 2", 1)]).counted("droppedDueToLateness", 1)
}

fn elements_after_the_end_of_their_window_are_dropped(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Mark(10), Add("a", 2), Add("b", 3), Add("a", 11)];
    see(&counts().of(&play(p, script).window_into(tens())));
    Ending::done().saw(&[("a1: 1", 1), ("a11: 1", 1)]).counted("droppedDueToLateness", 2)
}
