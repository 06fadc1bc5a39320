//! Timers of event time: when they fire.

use crate::pipeline::Pipeline;
use crate::state::{EventTimer, Value};
use crate::testing::conformance::Ending;
use crate::testing::conformance::keep::{Cx, Done, Keep, keep, say};
use crate::testing::conformance::played::Play::{Add, At, Mark, MarkMillis};
use crate::testing::conformance::played::play;
use crate::testing::conformance::source::see;
use crate::testing::conformance::stamps::{at, seconds};
use crate::time::Timestamp;

list!(Timers: a_timer_fires_once_the_watermark_has_reached_it, timers_fire_in_the_order_of_time,
    timers_fire_in_the_order_of_time_at_the_end, a_timer_set_again_fires_later,
    a_timer_set_again_fires_earlier, a_cleared_timer_does_not_fire,
    a_timer_set_after_it_was_cleared_fires, a_timer_sets_another_timer, a_timer_loops,
    a_timer_clears_another_timer, a_timer_set_for_the_past_fires_at_once,
    timers_of_tags_are_timers_of_their_own, a_cleared_tag_leaves_the_other_tags,
    a_function_is_told_which_timer_has_fired, each_key_has_timers_of_its_own,
    a_timer_of_a_bounded_input_fires_at_its_end, a_timer_reads_and_clears_state,
    an_error_in_a_timer_says_which, a_timer_fires_before_later_elements);

/// Logs which timers have fired, and tells what the log says.
#[derive(Clone)]
pub(super) struct Log {
    log: Value<String>,
    pub(super) timer: EventTimer,
}

impl Log {
    fn note(&self, what: &str, cx: &mut Cx) -> Result<String, crate::BoxError> {
        let log = format!("{}{what}", self.log.read(cx)?.unwrap_or_default());
        self.log.write(cx, log.clone())?;
        Ok(log)
    }
}

/// Each number tells the log, and each timer adds its tag to it.
pub(super) fn log() -> Keep<Log> {
    keep(|s| Log { log: s.value("log"), timer: s.event_timer("timer") }).on_timer(
        |cells, _, _, cx| {
            let tag = match cx.timer_tag() {
                "" => "!".to_owned(),
                tag => tag.to_owned(),
            };
            cells.note(&tag, cx).map(drop)
        },
    )
}

fn tell(cells: &Log, key: &str, number: i64, cx: &mut Cx) -> Done {
    let log = cells.log.read(cx)?.unwrap_or_default();
    say(cx, format!("{key}{number}: {log}"))
}

fn a_timer_fires_once_the_watermark_has_reached_it(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), MarkMillis(4999), Add("a", 5), MarkMillis(5000), Add("a", 6)];
    let told = log().on(|cells, key, number, cx| {
        if number == 1 {
            cells.timer.set(cx, at(5));
        }
        tell(cells, key, number, cx)
    });
    see(&told.of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("a5: ", 1), ("a6: !", 1)])
}

/// Sets three timers, in another order than that of their times.
fn set_three(cells: &Log, key: &str, number: i64, cx: &mut Cx) -> Done {
    if number == 1 {
        for (tag, second) in [("y", 3), ("z", 4), ("x", 2)] {
            cells.timer.tag(tag).set(cx, at(second));
        }
    }
    tell(cells, key, number, cx)
}

fn timers_fire_in_the_order_of_time(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Mark(3), Add("a", 5), Mark(9), Add("a", 10)];
    see(&log().on(set_three).of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("a5: xy", 1), ("a10: xyz", 1)])
}

fn timers_fire_in_the_order_of_time_at_the_end(p: &Pipeline) -> Ending {
    let told = log().on(set_three).on_timer(|cells, _, key, cx| {
        let tag = cx.timer_tag().to_owned();
        let log = cells.note(&tag, cx)?;
        say(cx, format!("{key}: {log}"))
    });
    see(&told.of(&play(p, [Add("a", 1)])));
    Ending::done().saw(&[("a1: ", 1), ("a: x", 1), ("a: xy", 1), ("a: xyz", 1)])
}

fn a_timer_set_again_fires_later(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Add("a", 2), Mark(6), Add("a", 7), Mark(10), Add("a", 11)];
    let told = log().on(|cells, key, number, cx| {
        match number {
            1 => cells.timer.set(cx, at(5)),
            2 => cells.timer.set(cx, at(9)),
            _ => {}
        }
        tell(cells, key, number, cx)
    });
    see(&told.of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("a2: ", 1), ("a7: ", 1), ("a11: !", 1)])
}

fn a_timer_set_again_fires_earlier(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Add("a", 2), Mark(6), Add("a", 7), Mark(10), Add("a", 11)];
    let told = log().on(|cells, key, number, cx| {
        match number {
            1 => cells.timer.set(cx, at(9)),
            2 => cells.timer.set(cx, at(5)),
            _ => {}
        }
        tell(cells, key, number, cx)
    });
    see(&told.of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("a2: ", 1), ("a7: !", 1), ("a11: !", 1)])
}

fn a_cleared_timer_does_not_fire(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Add("a", 2), Mark(6), Add("a", 7)];
    let told = log().on(|cells, key, number, cx| {
        match number {
            1 => cells.timer.set(cx, at(5)),
            2 => cells.timer.clear(cx),
            _ => {}
        }
        tell(cells, key, number, cx)
    });
    see(&told.of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("a2: ", 1), ("a7: ", 1)])
}

fn a_timer_set_after_it_was_cleared_fires(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Add("a", 2), Mark(6), Add("a", 7)];
    let told = log().on(|cells, key, number, cx| {
        if number < 3 {
            cells.timer.clear(cx);
            cells.timer.set(cx, at(5));
        }
        tell(cells, key, number, cx)
    });
    see(&told.of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("a2: ", 1), ("a7: !", 1)])
}

fn a_timer_sets_another_timer(p: &Pipeline) -> Ending {
    let told = log()
        .on(|cells, key, number, cx| {
            if number == 1 {
                cells.timer.tag("x").set(cx, at(2));
            }
            tell(cells, key, number, cx)
        })
        .on_timer(|cells, _, _, cx| {
            let tag = cx.timer_tag().to_owned();
            if tag == "x" {
                cells.timer.tag("y").set(cx, at(5));
            }
            cells.note(&tag, cx).map(drop)
        });
    let script = [Add("a", 1), Mark(4), Add("a", 4), Mark(6), Add("a", 7)];
    see(&told.of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("a4: x", 1), ("a7: xy", 1)])
}

fn a_timer_loops(p: &Pipeline) -> Ending {
    let told = log()
        .on(|cells, _, _, cx| {
            cells.timer.set(cx, at(2));
            Ok(())
        })
        .on_timer(|cells, _, key, cx| {
            let fired = cx.fire_timestamp().unwrap_or(Timestamp::MIN);
            if fired < at(5) {
                cells.timer.set(cx, fired + seconds(1));
            }
            say(cx, format!("{key} at {fired}"))
        });
    see(&told.of(&play(p, [Add("a", 1), Mark(3), Mark(100)])));
    Ending::done().saw(&[
        ("a at 2000 ms", 1),
        ("a at 3000 ms", 1),
        ("a at 4000 ms", 1),
        ("a at 5000 ms", 1),
    ])
}

fn a_timer_clears_another_timer(p: &Pipeline) -> Ending {
    let told = log().on(set_three).on_timer(|cells, _, key, cx| {
        let tag = cx.timer_tag().to_owned();
        if tag == "x" {
            cells.timer.tag("y").clear(cx);
        }
        let log = cells.note(&tag, cx)?;
        say(cx, format!("{key}: {log}"))
    });
    see(&told.of(&play(p, [Add("a", 1), Mark(10)])));
    Ending::done().saw(&[("a1: ", 1), ("a: x", 1), ("a: xz", 1)])
}

fn a_timer_set_for_the_past_fires_at_once(p: &Pipeline) -> Ending {
    let told = log().on(|cells, key, number, cx| {
        if number == 1 {
            cells.timer.set(cx, at(5));
        }
        tell(cells, key, number, cx)
    });
    see(&told.of(&play(p, [Mark(10), Add("a", 1), Add("a", 11)])));
    Ending::done().saw(&[("a1: ", 1), ("a11: !", 1)])
}

fn timers_of_tags_are_timers_of_their_own(p: &Pipeline) -> Ending {
    let told = log()
        .on(|cells, _, number, cx| {
            cells.timer.tag(&format!("tag {number}")).set(cx, at(number + 10));
            Ok(())
        })
        .on_timer(|_, _, key, cx| {
            let text = format!("{key}: {} at {}", cx.timer_tag(), cx.timestamp());
            say(cx, text)
        });
    see(&told.of(&play(p, [Add("a", 1), Add("a", 2), Add("a", 1), Mark(20)])));
    Ending::done().saw(&[("a: tag 1 at 11000 ms", 1), ("a: tag 2 at 12000 ms", 1)])
}

fn a_cleared_tag_leaves_the_other_tags(p: &Pipeline) -> Ending {
    let told = log().on(|cells, key, number, cx| {
        match number {
            1 => set_three(cells, key, number, cx)?,
            2 => cells.timer.tag("y").clear(cx),
            _ => tell(cells, key, number, cx)?,
        }
        Ok(())
    });
    see(&told.of(&play(p, [Add("a", 1), Add("a", 2), Mark(10), Add("a", 11)])));
    Ending::done().saw(&[("a1: ", 1), ("a11: xz", 1)])
}

fn a_function_is_told_which_timer_has_fired(p: &Pipeline) -> Ending {
    let told = keep(|s| [s.event_timer("one"), s.event_timer("other")])
        .on(|timers, _, number, cx| {
            timers[usize::try_from(number)?].set(cx, at(5));
            Ok(())
        })
        .on_timer(|timers, timer, key, cx| {
            let place = timers.iter().position(|known| timer == *known);
            say(cx, format!("{key}: {} {place:?}", timer.name()))
        });
    see(&told.of(&play(p, [Add("a", 0), Add("a", 1), Add("b", 1)])));
    Ending::done().saw(&[("a: one Some(0)", 1), ("a: other Some(1)", 1), ("b: other Some(1)", 1)])
}

fn each_key_has_timers_of_its_own(p: &Pipeline) -> Ending {
    let told = log().on(|cells, key, number, cx| {
        if number < 3 {
            cells.timer.set(cx, at(number + 4));
        }
        tell(cells, key, number, cx)
    });
    let script = [Add("a", 1), Add("b", 2), Mark(5), Add("a", 6), Add("b", 6)];
    see(&told.of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("b2: ", 1), ("a6: !", 1), ("b6: ", 1)])
}

fn a_timer_of_a_bounded_input_fires_at_its_end(p: &Pipeline) -> Ending {
    let input = p.create([("a".to_owned(), 1i64), ("b".to_owned(), 2), ("a".to_owned(), 3)]);
    let told = log()
        .on(|cells, _, _, cx| {
            cells.timer.set(cx, at(1000));
            Ok(())
        })
        .on_timer(|_, _, key, cx| say(cx, key));
    see(&told.of(&input));
    Ending::done().saw(&[("a", 1), ("b", 1)])
}

fn a_timer_reads_and_clears_state(p: &Pipeline) -> Ending {
    let told = keep(|s| (s.bag::<i64>("bag"), s.event_timer("timer")))
        .on(|(bag, timer), _, number, cx| {
            timer.set(cx, at(number + 5));
            bag.add(cx, number)
        })
        .on_timer(|(bag, _), _, key, cx| {
            let mut all = bag.read(cx)?;
            all.sort_unstable();
            bag.clear(cx)?;
            say(cx, format!("{key}: {all:?}"))
        });
    let script = [Add("a", 1), Add("a", 2), Mark(8), Add("a", 9), Mark(20)];
    see(&told.of(&play(p, script)));
    Ending::done().saw(&[("a: [1, 2]", 1), ("a: [9]", 1)])
}

fn an_error_in_a_timer_says_which(p: &Pipeline) -> Ending {
    let told = log()
        .on(|cells, _, _, cx| {
            cells.timer.set(cx, at(5));
            Ok(())
        })
        .on_timer(|_, _, _, _| Err("out of time".into()));
    see(&told.of(&play(p, [Add("a", 1), Mark(10)])));
    Ending::failed(&["out of time", "timer `timer` of key \"a\""])
}

fn a_timer_fires_before_later_elements(p: &Pipeline) -> Ending {
    let told = log().on(|cells, key, number, cx| {
        cells.timer.set(cx, at(number + 1));
        tell(cells, key, number, cx)
    });
    let script = [Add("a", 1), Mark(3), At("a", 4, 4), Mark(7), Add("a", 8), Mark(20)];
    see(&told.of(&play(p, script)));
    Ending::done().saw(&[("a1: ", 1), ("a4: !", 1), ("a8: !!", 1)])
}
