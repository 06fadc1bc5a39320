//! Timers of processing time, by the clock of a script.

use crate::pipeline::Pipeline;
use crate::state::{ProcessingTimer, Value};
use crate::testing::conformance::Ending;
use crate::testing::conformance::keep::{Cx, Done, Keep, keep, say};
use crate::testing::conformance::played::Play::{Add, Mark, Pass};
use crate::testing::conformance::played::{grouped, play};
use crate::testing::conformance::source::see;
use crate::testing::conformance::stamps::{at, seconds, with_stamp};
use crate::window::FixedWindows;

list!(Timers: a_processing_timer_fires_once_its_time_has_come,
    a_processing_timer_does_not_fire_by_the_watermark, processing_timers_fire_in_the_order_of_time,
    a_processing_timer_set_again_fires_later, a_cleared_processing_timer_does_not_fire,
    a_processing_timer_loops, each_key_has_processing_timers_of_its_own,
    processing_timers_of_tags_are_timers_of_their_own,
    what_a_processing_timer_outputs_has_the_time_of_its_element,
    a_processing_timer_holds_the_watermark, a_processing_timer_fires_at_the_end_of_the_input,
    event_and_processing_timers_do_not_know_of_each_other,
    a_processing_timer_of_a_window_fires_before_the_window_ends,
    a_processing_timer_reads_and_clears_state);

#[derive(Clone)]
struct Log {
    log: Value<String>,
    timer: ProcessingTimer,
}

/// Each timer adds its tag to the log.
fn log() -> Keep<Log> {
    keep(|s| Log { log: s.value("log"), timer: s.processing_timer("timer") }).on_timer(
        |cells, _, _, cx| {
            let tag = match cx.timer_tag() {
                "" => "!".to_owned(),
                tag => tag.to_owned(),
            };
            let log = format!("{}{tag}", cells.log.read(cx)?.unwrap_or_default());
            cells.log.write(cx, log)
        },
    )
}

fn tell(cells: &Log, key: &str, number: i64, cx: &mut Cx) -> Done {
    let log = cells.log.read(cx)?.unwrap_or_default();
    say(cx, format!("{key}{number}: {log}"))
}

/// The first number of a key sets the timer to five seconds later.
fn set_once(cells: &Log, key: &str, number: i64, cx: &mut Cx) -> Done {
    if number == 1 {
        cells.timer.set_after(cx, seconds(5));
    }
    tell(cells, key, number, cx)
}

fn a_processing_timer_fires_once_its_time_has_come(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Pass(3), Add("a", 2), Pass(3), Add("a", 3)];
    see(&log().on(set_once).of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("a2: ", 1), ("a3: !", 1)])
}

fn a_processing_timer_does_not_fire_by_the_watermark(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Mark(100), Add("a", 101), Pass(6), Add("a", 102)];
    see(&log().on(set_once).of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("a101: ", 1), ("a102: !", 1)])
}

fn processing_timers_fire_in_the_order_of_time(p: &Pipeline) -> Ending {
    let told = log().on(|cells, key, number, cx| {
        if number == 1 {
            for (tag, second) in [("y", 10), ("z", 20), ("x", 5)] {
                cells.timer.tag(tag).set_after(cx, seconds(second));
            }
        }
        tell(cells, key, number, cx)
    });
    let script = [Add("a", 1), Pass(15), Add("a", 2), Pass(15), Add("a", 3)];
    see(&told.of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("a2: xy", 1), ("a3: xyz", 1)])
}

fn a_processing_timer_set_again_fires_later(p: &Pipeline) -> Ending {
    let told = log().on(|cells, key, number, cx| {
        if number < 3 {
            cells.timer.set_after(cx, seconds(5));
        }
        tell(cells, key, number, cx)
    });
    let script = [Add("a", 1), Pass(3), Add("a", 2), Pass(3), Add("a", 3), Pass(3), Add("a", 4)];
    see(&told.of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("a2: ", 1), ("a3: ", 1), ("a4: !", 1)])
}

fn a_cleared_processing_timer_does_not_fire(p: &Pipeline) -> Ending {
    let told = log().on(|cells, key, number, cx| {
        match number {
            1 => cells.timer.set_after(cx, seconds(5)),
            2 => cells.timer.clear(cx),
            _ => {}
        }
        tell(cells, key, number, cx)
    });
    see(&told.of(&play(p, [Add("a", 1), Add("a", 2), Pass(9), Add("a", 3)])));
    Ending::done().saw(&[("a1: ", 1), ("a2: ", 1), ("a3: ", 1)])
}

fn a_processing_timer_loops(p: &Pipeline) -> Ending {
    let told = log().on(set_once).on_timer(|cells, _, _, cx| {
        let log = format!("{}!", cells.log.read(cx)?.unwrap_or_default());
        if log.len() < 3 {
            cells.timer.set_after(cx, seconds(5));
        }
        cells.log.write(cx, log)
    });
    let script = [
        Add("a", 1),
        Pass(7),
        Add("a", 2),
        Pass(7),
        Add("a", 3),
        Pass(7),
        Add("a", 4),
        Pass(70),
        Add("a", 5),
    ];
    see(&told.of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("a2: !", 1), ("a3: !!", 1), ("a4: !!!", 1), ("a5: !!!", 1)])
}

fn each_key_has_processing_timers_of_its_own(p: &Pipeline) -> Ending {
    let script = [
        Add("a", 1),
        Pass(3),
        Add("b", 1),
        Pass(3),
        Add("a", 2),
        Add("b", 2),
        Pass(3),
        Add("b", 3),
    ];
    see(&log().on(set_once).of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("b1: ", 1), ("a2: !", 1), ("b2: ", 1), ("b3: !", 1)])
}

fn processing_timers_of_tags_are_timers_of_their_own(p: &Pipeline) -> Ending {
    let told = log().on(|cells, key, number, cx| {
        match number {
            1 => {
                cells.timer.tag("x").set_after(cx, seconds(5));
                cells.timer.tag("y").set_after(cx, seconds(6));
            }
            2 => cells.timer.tag("x").clear(cx),
            _ => {}
        }
        tell(cells, key, number, cx)
    });
    see(&told.of(&play(p, [Add("a", 1), Add("a", 2), Pass(9), Add("a", 3)])));
    Ending::done().saw(&[("a1: ", 1), ("a2: ", 1), ("a3: y", 1)])
}

fn what_a_processing_timer_outputs_has_the_time_of_its_element(p: &Pipeline) -> Ending {
    let told = log().on(set_once).on_timer(|_, _, key, cx| say(cx, key));
    let told = told.of(&play(p, [Add("a", 1), Pass(9), Mark(20)]));
    see(&with_stamp(&told).map(|(text, stamp)| format!("{text} at {stamp}")));
    Ending::done().saw(&[("a1:  at 1000 ms in global", 1), ("a at 1000 ms in global", 1)])
}

fn a_processing_timer_holds_the_watermark(p: &Pipeline) -> Ending {
    let told = log()
        .on(|cells, _, _, cx| {
            cells.timer.set_after(cx, seconds(5));
            Ok(())
        })
        .on_timer(|_, _, key, cx| say(cx, key));
    let told = told.of(&play(p, [Add("a", 1), Mark(30), Pass(9)]));
    let groups = grouped(&told.map(|key| (key, 7)), FixedWindows::of(seconds(10)));
    see(&with_stamp(&groups).map(|(text, stamp)| format!("{text} at {stamp}")));
    Ending::done().saw(&[("a: 7 at 9999 ms in [0, 10000)", 1)])
}

fn a_processing_timer_fires_at_the_end_of_the_input(p: &Pipeline) -> Ending {
    let told = log().on(set_once).on_timer(|_, _, key, cx| say(cx, key));
    see(&told.of(&play(p, [Add("a", 1), Pass(1)])));
    Ending::done().saw(&[("a1: ", 1), ("a", 1)])
}

fn event_and_processing_timers_do_not_know_of_each_other(p: &Pipeline) -> Ending {
    let told = keep(|s| (s.value("log"), s.event_timer("event"), s.processing_timer("processing")))
        .on(|(log, event, processing), key, number, cx| {
            if number == 1 {
                event.set(cx, at(5));
                processing.set_after(cx, seconds(5));
            }
            let log: String = log.read(cx)?.unwrap_or_default();
            say(cx, format!("{key}{number}: {log}"))
        })
        .on_timer(|(log, ..), timer, _, cx| {
            let text = format!("{}{} ", log.read(cx)?.unwrap_or_default(), timer.name());
            log.write(cx, text)
        });
    let script = [Add("a", 1), Mark(6), Add("a", 7), Pass(9), Add("a", 8)];
    see(&told.of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("a7: event ", 1), ("a8: event processing ", 1)])
}

fn a_processing_timer_of_a_window_fires_before_the_window_ends(p: &Pipeline) -> Ending {
    let told = log().on(set_once).on_timer(|_, _, key, cx| say(cx, key));
    let input = play(p, [Add("a", 1), Pass(9), Mark(20)]);
    let told = told.of(&input.window_into(FixedWindows::of(seconds(10))));
    see(&with_stamp(&told).map(|(text, stamp)| format!("{text} at {stamp}")));
    Ending::done().saw(&[("a1:  at 1000 ms in [0, 10000)", 1), ("a at 1000 ms in [0, 10000)", 1)])
}

fn a_processing_timer_reads_and_clears_state(p: &Pipeline) -> Ending {
    let told = keep(|s| (s.bag::<i64>("bag"), s.processing_timer("timer")))
        .on(|(bag, timer), _, number, cx| {
            timer.set_after(cx, seconds(5));
            bag.add(cx, number)
        })
        .on_timer(|(bag, _), _, key, cx| {
            let mut all = bag.read(cx)?;
            all.sort_unstable();
            bag.clear(cx)?;
            say(cx, format!("{key}: {all:?}"))
        });
    let script = [Add("a", 1), Add("a", 2), Pass(8), Add("a", 9), Pass(8)];
    see(&told.of(&play(p, script)));
    Ending::done().saw(&[("a: [1, 2]", 1), ("a: [9]", 1)])
}
