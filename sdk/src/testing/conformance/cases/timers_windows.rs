//! Timers of event time in windows: what they put out, what they hold, and when it is too late.

use std::time::Duration;

use super::timers_event::{Log, log};
use crate::pipeline::Pipeline;
use crate::testing::conformance::Ending;
use crate::testing::conformance::keep::{Keep, say};
use crate::testing::conformance::played::Play::{Add, Mark, MarkMillis};
use crate::testing::conformance::played::{grouped, play};
use crate::testing::conformance::source::see;
use crate::testing::conformance::stamps::{at, seconds, with_stamp};
use crate::time::Timestamp;
use crate::window::{FixedWindows, SlidingWindows};

list!(Timers: each_window_has_timers_of_its_own, each_sliding_window_has_timers_of_its_own,
    what_a_timer_outputs_has_its_time, what_a_timer_outputs_is_in_its_window,
    an_output_timestamp_holds_the_watermark, an_output_timestamp_is_that_of_the_output,
    a_timer_holds_the_watermark_by_its_time, a_timer_fires_at_the_end_of_its_window,
    a_timer_fires_within_the_lateness_of_its_window, a_timer_after_its_window_is_an_error,
    an_output_timestamp_before_the_element_is_an_error, a_delay_is_from_the_time_of_the_element,
    a_delay_ends_with_the_window);

/// Each number sets the one timer of its window to the end of the window.
fn at_the_end() -> Keep<Log> {
    log()
        .on(|cells, _, _, cx| {
            let end = cx.window().max_timestamp();
            cells.timer.set(cx, end);
            Ok(())
        })
        .on_timer(|_, _, key, cx| say(cx, key))
}

fn each_window_has_timers_of_its_own(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 11), Mark(30)]);
    let told = at_the_end().of(&input.window_into(FixedWindows::of(seconds(10))));
    see(&with_stamp(&told).map(|(text, stamp)| format!("{text} at {stamp}")));
    Ending::done().saw(&[("a at 9999 ms in [0, 10000)", 1), ("a at 19999 ms in [10000, 20000)", 1)])
}

fn each_sliding_window_has_timers_of_its_own(p: &Pipeline) -> Ending {
    let sliding = SlidingWindows::of(seconds(10)).every(seconds(5));
    let told = at_the_end().of(&play(p, [Add("a", 1), Mark(30)]).window_into(sliding));
    see(&with_stamp(&told).map(|(text, stamp)| format!("{text} at {stamp}")));
    Ending::done().saw(&[("a at 4999 ms in [-5000, 5000)", 1), ("a at 9999 ms in [0, 10000)", 1)])
}

fn what_a_timer_outputs_has_its_time(p: &Pipeline) -> Ending {
    let told = log()
        .on(|cells, _, _, cx| {
            cells.timer.set(cx, at(5));
            Ok(())
        })
        .on_timer(|_, _, key, cx| say(cx, key))
        .of(&play(p, [Add("a", 1), Mark(30)]));
    see(&with_stamp(&told).map(|(text, stamp)| format!("{text} at {stamp}")));
    Ending::done().saw(&[("a at 5000 ms in global", 1)])
}

fn what_a_timer_outputs_is_in_its_window(p: &Pipeline) -> Ending {
    let told = log()
        .on(|cells, _, number, cx| {
            cells.timer.set(cx, at(number + 1));
            Ok(())
        })
        .on_timer(|_, _, key, cx| say(cx, key));
    let input = play(p, [Add("a", 1), Add("a", 12)]).window_into(FixedWindows::of(seconds(10)));
    let told = told.of(&input).map(|key| (key, 1));
    see(&grouped_again(&told));
    Ending::done()
        .saw(&[("a: 1 at 9999 ms in [0, 10000)", 1), ("a: 1 at 19999 ms in [10000, 20000)", 1)])
}

/// The groups of keys in the windows in which they are.
fn grouped_again(input: &crate::PCollection<(String, i64)>) -> crate::PCollection<String> {
    let sums = input.group_by_key().map(|(key, group)| (key, group.iter().sum::<i64>()));
    with_stamp(&sums).map(|((key, sum), stamp)| format!("{key}: {sum} at {stamp}"))
}

/// The numbers of a timer that outputs 7, in windows of ten seconds.
fn windowed(p: &Pipeline, keep: Keep<Log>) {
    let told = keep.on_timer(|_, _, key, cx| say(cx, key));
    let told = told.of(&play(p, [Add("a", 3), Mark(15), Add("b", 16), Mark(25), Mark(40)]));
    let groups = grouped(&told.map(|key| (key, 7)), FixedWindows::of(seconds(10)));
    see(&with_stamp(&groups).map(|(text, stamp)| format!("{text} at {stamp}")));
}

fn an_output_timestamp_holds_the_watermark(p: &Pipeline) -> Ending {
    windowed(
        p,
        log().on(|cells, _, number, cx| {
            if number == 3 {
                cells.timer.output_timestamp(at(4)).set(cx, at(20));
            }
            Ok(())
        }),
    );
    Ending::done().saw(&[("a: 7 at 9999 ms in [0, 10000)", 1)])
}

fn an_output_timestamp_is_that_of_the_output(p: &Pipeline) -> Ending {
    let told = log()
        .on(|cells, _, _, cx| {
            cells.timer.output_timestamp(at(4)).set(cx, at(20));
            Ok(())
        })
        .on_timer(|_, _, _, cx| {
            let text = format!("fires {:?}", cx.fire_timestamp().map(Timestamp::millis));
            say(cx, text)
        })
        .of(&play(p, [Add("a", 3), Mark(30)]));
    see(&with_stamp(&told).map(|(text, stamp)| format!("{text} at {stamp}")));
    Ending::done().saw(&[("fires Some(20000) at 4000 ms in global", 1)])
}

fn a_timer_holds_the_watermark_by_its_time(p: &Pipeline) -> Ending {
    windowed(
        p,
        log().on(|cells, _, number, cx| {
            cells.timer.set(cx, at(number + 3));
            Ok(())
        }),
    );
    Ending::done()
        .saw(&[("a: 7 at 9999 ms in [0, 10000)", 1), ("b: 7 at 19999 ms in [10000, 20000)", 1)])
}

fn a_timer_fires_at_the_end_of_its_window(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), MarkMillis(9999), Mark(10)]);
    see(&at_the_end().of(&input.window_into(FixedWindows::of(seconds(10)))));
    Ending::done().saw(&[("a", 1)])
}

fn a_timer_fires_within_the_lateness_of_its_window(p: &Pipeline) -> Ending {
    let windowing = FixedWindows::of(seconds(10)).allowed_lateness(seconds(5)).discarding();
    let told = log()
        .on(|cells, _, _, cx| {
            let end = cx.window().max_timestamp();
            cells.timer.output_timestamp(end).set(cx, end + seconds(5));
            Ok(())
        })
        .on_timer(|_, _, key, cx| say(cx, key));
    see(&told.of(&play(p, [Add("a", 1), Mark(30)]).window_into(windowing)));
    Ending::done().saw(&[("a", 1)])
}

fn a_timer_after_its_window_is_an_error(p: &Pipeline) -> Ending {
    let told = log().on(|cells, _, _, cx| {
        cells.timer.set(cx, at(10));
        Ok(())
    });
    see(&told.of(&play(p, [Add("a", 1)]).window_into(FixedWindows::of(seconds(10)))));
    Ending::failed(&["timer `timer` is set to fire at 10000 ms", "after its window has ended"])
}

fn an_output_timestamp_before_the_element_is_an_error(p: &Pipeline) -> Ending {
    let told = log().on(|cells, _, _, cx| {
        cells.timer.output_timestamp(at(4)).set(cx, at(10));
        Ok(())
    });
    see(&told.of(&play(p, [Add("a", 5)])));
    Ending::failed(&["timer `timer` has the output timestamp 4000 ms", "before 5000 ms"])
}

/// Each number sets the timer to ten seconds after it.
fn after_ten_seconds() -> Keep<Log> {
    log()
        .on(|cells, _, _, cx| {
            cells.timer.set_after(cx, Duration::from_secs(10));
            Ok(())
        })
        .on_timer(|_, _, key, cx| {
            let text = format!("{key} at {}", cx.timestamp());
            say(cx, text)
        })
}

fn a_delay_is_from_the_time_of_the_element(p: &Pipeline) -> Ending {
    see(&after_ten_seconds().of(&play(p, [Add("a", 3), Mark(30)])));
    Ending::done().saw(&[("a at 13000 ms", 1)])
}

fn a_delay_ends_with_the_window(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 3), Mark(30)]);
    see(&after_ten_seconds().of(&input.window_into(FixedWindows::of(seconds(10)))));
    Ending::done().saw(&[("a at 9999 ms", 1)])
}
