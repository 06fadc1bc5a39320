//! Sources that a test scripts.

use crate::Element;
use crate::error::BoxError;
use crate::exec::{Context, Continuation, Restriction, SplittableDoFn, Tracker};
use crate::pipeline::Pipeline;
use crate::testing::conformance::Ending;
use crate::testing::conformance::keep::{keep, say};
use crate::testing::conformance::played::Play::{Add, Mark, Pass};
use crate::testing::conformance::played::{play, see_panes, see_windows};
use crate::testing::conformance::source::see;
use crate::testing::conformance::stamps::{at, seconds, with_stamp};
use crate::testing::{TestStream, assert_that};
use crate::transforms::Sum;
use crate::window::FixedWindows;

list!(TestStream: a_script_without_events_ends, a_script_ends_without_being_closed,
    elements_have_the_time_of_the_watermark, elements_come_together,
    elements_of_any_type_are_scripted, an_assertion_about_a_script,
    a_script_is_united_with_a_bounded_collection, scripts_take_turns,
    the_slower_of_two_scripts_holds_the_watermark, a_script_has_several_readers,
    a_script_is_shuffled, a_script_reads_a_bounded_side_input, a_side_input_is_scripted,
    a_side_input_of_the_same_script, a_source_waits_by_the_clock_of_a_script,
    events_wait_for_what_the_last_one_led_to, elements_behind_the_end_of_all_are_late,
    groups_of_groups_of_a_script);

fn tens() -> FixedWindows {
    FixedWindows::of(seconds(10))
}

fn a_script_without_events_ends(p: &Pipeline) -> Ending {
    assert_that(&play(p, [])).is_empty();
    Ending::done()
}

fn a_script_ends_without_being_closed(p: &Pipeline) -> Ending {
    let numbers = p.apply(TestStream::of::<i64>().add_timestamped(1, at(1)));
    see(&numbers.window_into(tens()).combine_globally(Sum).map(|sum| sum.to_string()));
    Ending::done().saw(&[("1", 1)])
}

fn elements_have_the_time_of_the_watermark(p: &Pipeline) -> Ending {
    let script = TestStream::of::<i64>().add(1).advance_watermark_to(at(5)).add(2).add_all([3, 4]);
    let stamped = with_stamp(&p.apply(script.close()));
    see(&stamped.map(|(n, stamp)| format!("{n} at {stamp}")));
    Ending::done().saw(&[
        ("1 at -inf in global", 1),
        ("2 at 5000 ms in global", 1),
        ("3 at 5000 ms in global", 1),
        ("4 at 5000 ms in global", 1),
    ])
}

fn elements_come_together(p: &Pipeline) -> Ending {
    let script = TestStream::of::<i64>()
        .add_all_timestamped([(1, at(1)), (2, at(2)), (11, at(11))])
        .advance_watermark_to_infinity();
    see(&p.apply(script).window_into(tens()).combine_globally(Sum).map(|sum| sum.to_string()));
    Ending::done().saw(&[("3", 1), ("11", 1)])
}

fn elements_of_any_type_are_scripted(p: &Pipeline) -> Ending {
    let texts = TestStream::of::<String>().add(String::new()).add("ä b".to_owned());
    see(&p.apply(texts).map(|text| format!("text `{text}`")));
    let nested = TestStream::of::<(String, (u64, String))>();
    let nested = nested.add(("key".to_owned(), (300, "value".to_owned())));
    see(&p.apply(nested).map(|value| format!("{value:?}")));
    let lists = TestStream::of::<(Vec<String>, Option<bool>)>();
    let lists = lists.add((vec!["a".to_owned(), String::new()], Some(true)));
    see(&p.apply(lists).map(|value| format!("{value:?}")));
    let units = TestStream::of::<()>().add_all([(), ()]);
    see(&p.apply(units).map(|()| "unit".to_owned()));
    Ending::done().saw(&[
        ("text ``", 1),
        ("text `ä b`", 1),
        ("(\"key\", (300, \"value\"))", 1),
        ("([\"a\", \"\"], Some(true))", 1),
        ("unit", 2),
    ])
}

fn an_assertion_about_a_script(p: &Pipeline) -> Ending {
    let script = TestStream::of::<i64>().add(1).advance_watermark_to(at(5)).add(2);
    assert_that(&p.apply(script.close())).contains_in_any_order([1, 2]);
    Ending::done()
}

fn a_script_is_united_with_a_bounded_collection(p: &Pipeline) -> Ending {
    let bounded = p.create([2i64, 13]).with_timestamps(|second| at(*second));
    let bounded = bounded.map(|n| ("a".to_owned(), n));
    let script = play(p, [Add("a", 1), Mark(10), Add("a", 11)]);
    see_panes(&script.flatten_with([bounded]), tens());
    Ending::done()
        .saw(&[("a: 1+2 OnTime 0/0 first last", 1), ("a: 11+13 OnTime 0/0 first last", 1)])
}

fn scripts_take_turns(p: &Pipeline) -> Ending {
    let one = play(p, [Add("a", 1), Mark(10), Add("a", 11), Mark(20)]);
    let other = play(p, [Add("a", 2), Mark(10), Add("a", 12), Mark(20)]);
    see_panes(&one.flatten_with([other]), tens());
    Ending::done()
        .saw(&[("a: 1+2 OnTime 0/0 first last", 1), ("a: 11+12 OnTime 0/0 first last", 1)])
}

fn the_slower_of_two_scripts_holds_the_watermark(p: &Pipeline) -> Ending {
    let fast = play(p, [Mark(100), Add("a", 101)]);
    let slow = play(p, [Mark(2), Mark(3), Mark(4), Add("a", 5)]);
    see_windows(&fast.flatten_with([slow]), tens());
    Ending::done().saw(&[
        ("a: 5 at 9999 ms in [0, 10000)", 1),
        ("a: 101 at 109999 ms in [100000, 110000)", 1),
    ])
}

fn a_script_has_several_readers(p: &Pipeline) -> Ending {
    let script = play(p, [Add("a", 1), Mark(10), Add("a", 11)]);
    see_panes(&script, tens());
    see(&script.map(|(key, n)| format!("{key}{n}")));
    Ending::done().saw(&[
        ("a: 1 OnTime 0/0 first last", 1),
        ("a: 11 OnTime 0/0 first last", 1),
        ("a1", 1),
        ("a11", 1),
    ])
}

fn a_script_is_shuffled(p: &Pipeline) -> Ending {
    see_panes(&play(p, [Add("a", 1), Mark(10), Add("a", 2), Add("a", 11)]).reshuffle(), tens());
    Ending::done().saw(&[("a: 1 OnTime 0/0 first last", 1), ("a: 11 OnTime 0/0 first last", 1)])
}

fn a_script_reads_a_bounded_side_input(p: &Pipeline) -> Ending {
    let side = p.create([100i64]).as_singleton();
    let script = play(p, [Add("a", 1), Mark(10), Add("a", 2)]);
    let sums = script.with_side_input(side).map(|(key, n), side| format!("{key}{}", n + side));
    see(&sums);
    Ending::done().saw(&[("a101", 1), ("a102", 1)])
}

fn a_side_input_is_scripted(p: &Pipeline) -> Ending {
    let side = play(p, [Add("x", 3), Add("x", 4), Mark(10), Add("x", 15), Mark(20)]);
    let side = side.map(|(_, n)| n).window_into(tens()).combine_globally(Sum).as_singleton_or(-1);
    let main = play(p, [Add("a", 1), Add("a", 12), Add("a", 23)]).window_into(tens());
    see(&main.with_side_input(side).map(|(_, n), side| format!("{n} and {side}")));
    Ending::done().saw(&[("1 and 7", 1), ("12 and 15", 1), ("23 and -1", 1)])
}

fn a_side_input_of_the_same_script(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Mark(10), Add("a", 13), Mark(20)]);
    let input = input.window_into(tens());
    let side = input.map(|(_, n)| n).as_list();
    see(&input.with_side_input(side).map(|(_, n), all| format!("{n} of {}", all.len())));
    Ending::done().saw(&[("1 of 2", 1), ("2 of 2", 1), ("13 of 1", 1)])
}

/// Numbers that are gone through one after the other: the rest can be put off, but not be done by
/// somebody else meanwhile.
#[derive(Clone, Element)]
#[element(crate = "purlin_sdk")]
struct Steps {
    start: i64,
    end: i64,
}

impl Restriction for Steps {
    type Position = i64;

    fn contains(&self, position: i64) -> bool {
        (self.start..self.end).contains(&position)
    }

    fn split(&self, claimed: Option<i64>, fraction: f64) -> Option<(Self, Self)> {
        let next = claimed.map_or(self.start, |claimed| claimed + 1);
        let is_put_off = fraction <= 0.0 && next < self.end;
        is_put_off.then_some((Self { end: next, ..*self }, Self { start: next, ..*self }))
    }

    fn is_complete(&self, claimed: Option<i64>) -> bool {
        self.start >= self.end || claimed.is_some_and(|claimed| claimed + 1 >= self.end)
    }

    fn size(&self, claimed: Option<i64>) -> f64 {
        if self.is_complete(claimed) { 0.0 } else { 1.0 }
    }
}

/// Puts out a number, waits for five seconds, and puts out the next, up to two.
#[derive(Clone)]
struct Waiting;

impl SplittableDoFn for Waiting {
    type In = i64;
    type Out = (String, i64);
    type Restriction = Steps;

    fn initial_restriction(&self, _: &i64) -> Result<Steps, BoxError> {
        Ok(Steps { start: 0, end: 3 })
    }

    fn process(
        &mut self,
        _: &i64,
        tracker: &mut Tracker<Steps>,
        cx: &mut Context<(String, i64)>,
    ) -> Result<Continuation, BoxError> {
        let next = tracker.restriction().start;
        if !tracker.try_claim(next) {
            return Ok(Continuation::Stop);
        }
        cx.output(("wait".to_owned(), next));
        Ok(Continuation::Resume(seconds(5)))
    }
}

fn a_source_waits_by_the_clock_of_a_script(p: &Pipeline) -> Ending {
    let waiting = p.create([0i64]).par_do_splittable(Waiting, true).main();
    let script = play(p, [Add("t", 1), Pass(3), Add("t", 2), Pass(3), Add("t", 3)]);
    let all = waiting
        .flatten_with([script])
        .map(|(name, n)| ("all".to_owned(), { n + if name == "t" { 100 } else { 0 } }));
    let order = keep(|s| s.value::<Vec<i64>>("order")).on(|order, _, number, cx| {
        let mut all = order.read(cx)?.unwrap_or_default();
        all.push(number);
        say(cx, format!("{all:?}"))?;
        order.write(cx, all)
    });
    see(&order.of(&all));
    Ending::done().saw(&[
        ("[0]", 1),
        ("[0, 101]", 1),
        ("[0, 101, 102]", 1),
        ("[0, 101, 102, 1]", 1),
        ("[0, 101, 102, 1, 103]", 1),
        ("[0, 101, 102, 1, 103, 2]", 1),
    ])
}

fn events_wait_for_what_the_last_one_led_to(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Mark(10), Add("b", 11), Mark(20), Add("c", 21)]);
    let sums = input.window_into(tens()).reshuffle().combine_per_key(Sum).reshuffle();
    let order = keep(|s| s.value::<String>("order")).on(|order, _, number, cx| {
        let all = format!("{} {number}", order.read(cx)?.unwrap_or_default());
        order.write(cx, all.clone())?;
        say(cx, all)
    });
    let sums = sums.window_into(crate::window::GlobalWindows).map(|(_, n)| ("all".to_owned(), n));
    see(&order.of(&sums));
    Ending::done().saw(&[(" 1", 1), (" 1 11", 1), (" 1 11 21", 1)])
}

fn elements_behind_the_end_of_all_are_late(p: &Pipeline) -> Ending {
    let script = TestStream::of::<(String, i64)>()
        .add_timestamped(("a".to_owned(), 1), at(1))
        .advance_watermark_to_infinity()
        .add_timestamped(("a".to_owned(), 2), at(2));
    see_panes(&p.apply(script), tens());
    Ending::done().saw(&[("a: 1 OnTime 0/0 first last", 1)]).counted("droppedDueToLateness", 1)
}

fn groups_of_groups_of_a_script(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("b", 2), Mark(10), Add("a", 11), Mark(20)]);
    let sums = input.window_into(tens()).combine_per_key(Sum);
    let all = sums.map(|(_, sum)| ("all".to_owned(), sum)).group_by_key();
    see(&all.map(|(key, group)| format!("{key}: {}", group.iter().sum::<i64>())));
    Ending::done().saw(&[("all: 3", 1), ("all: 11", 1)])
}
