//! Input in the order of time.

use crate::pipeline::Pipeline;
use crate::state::{EventTimer, Value};
use crate::testing::conformance::Ending;
use crate::testing::conformance::keep::{Keep, keep, say};
use crate::testing::conformance::played::Play::{Add, At, Mark, MarkMillis};
use crate::testing::conformance::played::play;
use crate::testing::conformance::source::see;
use crate::testing::conformance::stamps::{at, seconds};
use crate::window::FixedWindows;

list!(State: sorted_input_comes_in_the_order_of_time, sorted_input_waits_for_the_watermark,
    sorted_input_of_a_bounded_collection, sorted_input_is_sorted_by_key,
    late_elements_are_sorted_within_the_lateness, elements_too_late_to_be_sorted_are_dropped,
    sorted_input_and_the_end_of_a_window, a_timer_waits_for_sorted_elements_before_it,
    a_timer_waits_for_late_elements_to_be_sorted,
    timers_of_sorted_input_fire_before_the_end_of_their_window,
    an_element_behind_the_end_of_its_window_is_sorted);

fn tens() -> FixedWindows {
    FixedWindows::of(seconds(10))
}

/// Tells all numbers of a key so far, in the order in which they came.
fn order() -> Keep<Value<Vec<i64>>> {
    keep(|s| s.value::<Vec<i64>>("order"))
        .on(|order, key, number, cx| {
            let mut all = order.read(cx)?.unwrap_or_default();
            all.push(number);
            say(cx, format!("{key}: {all:?}"))?;
            order.write(cx, all)
        })
        .sorted()
}

fn sorted_input_comes_in_the_order_of_time(p: &Pipeline) -> Ending {
    see(&order().of(&play(p, [Add("a", 3), Add("a", 1), Add("a", 2), Mark(10)])));
    Ending::done().saw(&[("a: [1]", 1), ("a: [1, 2]", 1), ("a: [1, 2, 3]", 1)])
}

fn sorted_input_waits_for_the_watermark(p: &Pipeline) -> Ending {
    let script = [Add("a", 5), Mark(3), Add("a", 4), Mark(7), Add("a", 9), Add("a", 8), Mark(20)];
    see(&order().of(&play(p, script)));
    Ending::done().saw(&[
        ("a: [4]", 1),
        ("a: [4, 5]", 1),
        ("a: [4, 5, 8]", 1),
        ("a: [4, 5, 8, 9]", 1),
    ])
}

fn sorted_input_of_a_bounded_collection(p: &Pipeline) -> Ending {
    let numbers = p.create([3i64, 1, 2]).with_timestamps(|second| at(*second));
    see(&order().of(&numbers.map(|n| ("a".to_owned(), n))));
    Ending::done().saw(&[("a: [1]", 1), ("a: [1, 2]", 1), ("a: [1, 2, 3]", 1)])
}

fn sorted_input_is_sorted_by_key(p: &Pipeline) -> Ending {
    see(&order().of(&play(p, [Add("a", 3), Add("b", 2), Add("a", 1), Add("b", 1), Mark(10)])));
    Ending::done().saw(&[("a: [1]", 1), ("a: [1, 3]", 1), ("b: [1]", 1), ("b: [1, 2]", 1)])
}

fn late_elements_are_sorted_within_the_lateness(p: &Pipeline) -> Ending {
    let windowing = tens().allowed_lateness(seconds(5)).discarding();
    let script = [Add("a", 3), Add("a", 7), Mark(6), Add("a", 2), Mark(30)];
    see(&order().of(&play(p, script).window_into(windowing)));
    Ending::done().saw(&[("a: [2]", 1), ("a: [2, 3]", 1), ("a: [2, 3, 7]", 1)])
}

fn elements_too_late_to_be_sorted_are_dropped(p: &Pipeline) -> Ending {
    let script = [Add("a", 3), Mark(6), Add("a", 2), Add("a", 7)];
    see(&order().of(&play(p, script).window_into(tens())));
    Ending::done().saw(&[("a: [3]", 1), ("a: [3, 7]", 1)]).counted("droppedDueToLateness", 1)
}

fn sorted_input_and_the_end_of_a_window(p: &Pipeline) -> Ending {
    let told = order().on(|order, _, number, cx| {
        let mut all = order.read(cx)?.unwrap_or_default();
        all.push(number);
        order.write(cx, all)
    });
    let told = told.on_expiration(|order, key, cx| {
        let order = order.read(cx)?;
        say(cx, format!("{key}: {order:?}"))
    });
    see(&told.of(&play(p, [Add("a", 3), Add("a", 1), Mark(30)]).window_into(tens())));
    Ending::done().saw(&[("a: Some([1, 3])", 1)])
}

/// Tells each number and the timer, which the first number sets to the second that it is told of, with
/// all numbers before.
fn order_with_timer() -> Keep<(Value<Vec<i64>>, EventTimer)> {
    keep(|s| (s.value::<Vec<i64>>("order"), s.event_timer("timer")))
        .on(|(order, timer), _, number, cx| {
            let mut all = order.read(cx)?.unwrap_or_default();
            if all.is_empty() {
                timer.set(cx, at(5));
            }
            all.push(number);
            order.write(cx, all)
        })
        .on_timer(|(order, _), _, key, cx| {
            let all = order.read(cx)?;
            say(cx, format!("{key}: {all:?}"))
        })
        .sorted()
}

fn a_timer_waits_for_sorted_elements_before_it(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Mark(2), At("a", 50, 5), Mark(20)];
    see(&order_with_timer().of(&play(p, script)));
    Ending::done().saw(&[("a: Some([1, 50])", 1)])
}

fn a_timer_waits_for_late_elements_to_be_sorted(p: &Pipeline) -> Ending {
    let windowing = tens().allowed_lateness(seconds(5)).discarding();
    // The timer is set when the watermark is at 7, which is behind it; 4 may come until it is at 9.
    let script = [Add("a", 1), Add("a", 5), Mark(7), Add("a", 4), MarkMillis(9_999), Mark(30)];
    see(&order_with_timer().of(&play(p, script).window_into(windowing)));
    Ending::done().saw(&[("a: Some([1, 4, 5])", 1)])
}

fn timers_of_sorted_input_fire_before_the_end_of_their_window(p: &Pipeline) -> Ending {
    let windowing = tens().allowed_lateness(seconds(5)).discarding();
    let told = order_with_timer()
        .on(|(order, timer), _, number, cx| {
            let end = cx.window().max_timestamp();
            timer.output_timestamp(end).set(cx, end + seconds(4));
            order.write(cx, vec![number])
        })
        .on_expiration(|(order, _), key, cx| {
            let order = order.read(cx)?;
            say(cx, format!("{key} ends with {order:?}"))
        });
    see(&told.of(&play(p, [Add("a", 1), Mark(30)]).window_into(windowing)));
    Ending::done().saw(&[("a: Some([1])", 1), ("a ends with Some([1])", 1)])
}

fn an_element_behind_the_end_of_its_window_is_sorted(p: &Pipeline) -> Ending {
    let later = play(p, [Add("a", 2), Add("a", 1), Mark(30)]).window_into(tens());
    let later = later.with_timestamps(|(_, number)| at(number + 14));
    see(&order().of(&later));
    Ending::done().saw(&[("a: [1]", 1), ("a: [1, 2]", 1)])
}
