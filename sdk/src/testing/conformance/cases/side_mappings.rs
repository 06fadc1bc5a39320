//! Side inputs of whose windows a user's function says which one elements see.

use std::time::Duration;

use crate::Element;
use crate::error::BoxError;
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::testing::conformance::Ending;
use crate::testing::conformance::metrics::counter;
use crate::testing::conformance::played::Play::{Add, At, Mark};
use crate::testing::conformance::played::play;
use crate::testing::conformance::source::Act::{Await, Give, Watermark};
use crate::testing::conformance::source::{Gate, bounded_script, endless, script, see};
use crate::testing::conformance::stamps::{seconds, timed};
use crate::time::Timestamp;
use crate::window::{
    AssignContext, BoundedWindow, FixedWindows, SlidingWindows, Trigger, Window, WindowFn,
    WindowInto,
};

list!(SideInputs: a_function_maps_the_global_window, a_function_maps_sliding_windows,
    a_function_maps_windows_of_its_own, an_element_of_a_script_sees_what_came_in_time,
    an_element_too_late_for_what_it_would_see_is_dropped, an_error_of_a_mapping,
    a_panic_of_a_mapping, a_mapping_that_looks_back_too_far, an_endless_side_input_of_own_windows_is_drained;
    sharing: an_element_waits_for_the_window_that_a_function_says,
    an_element_waits_for_an_own_window_of_a_bounded_side_input,
    an_element_waits_for_own_windows_of_each_side_input,
    an_early_pane_makes_an_own_window_ready, an_empty_own_window_is_ready_once_it_has_passed,
    what_a_function_looks_back_to_is_kept);

/// Ten seconds, by number.
#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct Ten {
    number: i64,
}

impl Ten {
    fn at(timestamp: Timestamp) -> Self {
        Self { number: timestamp.millis().div_euclid(10_000) }
    }
}

impl BoundedWindow for Ten {
    fn max_timestamp(&self) -> Timestamp {
        Timestamp(self.number * 10_000 + 9999)
    }
}

/// Windows of ten seconds, and which of them is seen.
#[derive(Debug)]
enum Tens {
    /// That in which the main window ends.
    Same,
    /// That before.
    Before,
    /// Always the first.
    First,
    /// That before, which is further away than it says.
    TooFar,
    Error,
    Panic,
}

impl WindowFn for Tens {
    type Window = Ten;

    fn assign(&self, cx: &AssignContext<'_>) -> Result<Vec<Ten>, BoxError> {
        Ok(vec![Ten::at(cx.timestamp)])
    }

    fn assigns_to_one_window(&self) -> bool {
        true
    }

    fn side_input_window(&self, main: &Window) -> Result<Ten, BoxError> {
        let same = Ten::at(main.max_timestamp());
        match self {
            Self::Same => Ok(same),
            Self::Before | Self::TooFar => Ok(Ten { number: same.number - 1 }),
            Self::First => Ok(Ten { number: 0 }),
            Self::Error => Err("there is nothing to be seen".into()),
            Self::Panic => panic!("no idea what to see"),
        }
    }

    fn maximum_lookback(&self) -> Option<Duration> {
        match self {
            Self::Before => Some(seconds(10)),
            Self::First => None,
            _ => Some(Duration::ZERO),
        }
    }
}

fn tens() -> FixedWindows {
    FixedWindows::of(seconds(10))
}

/// Shows each number with the sum of what it sees.
fn see_sums(main: &PCollection<i64>, side: &PCollection<i64>) -> PCollection<String> {
    let sums = main.with_side_input(side.as_iter());
    sums.map(|n, side| format!("{n} sees {}", side.iter().sum::<i64>()))
}

fn a_function_maps_the_global_window(p: &Pipeline) -> Ending {
    let side = timed(p, [3, 4, 14]).window_into(Tens::First);
    see(&see_sums(&timed(p, [1, 12]), &side));
    Ending::done().saw(&[("1 sees 7", 1), ("12 sees 7", 1)])
}

fn a_function_maps_sliding_windows(p: &Pipeline) -> Ending {
    let sliding = SlidingWindows::of(seconds(20)).every(seconds(10));
    let side = timed(p, [3, 14, 25]).window_into(Tens::Before);
    // In the window from 0 to 20 it sees 3, in that from 10 to 30 it sees 14.
    see(&see_sums(&timed(p, [12]).window_into(sliding), &side));
    Ending::done().saw(&[("12 sees 3", 1), ("12 sees 14", 1)])
}

fn a_function_maps_windows_of_its_own(p: &Pipeline) -> Ending {
    let side = timed(p, [3, 14]).window_into(Tens::Before);
    let main = timed(p, [1, 12, 23]).window_into(Tens::Same);
    see(&see_sums(&main, &side));
    Ending::done().saw(&[("1 sees 0", 1), ("12 sees 3", 1), ("23 sees 14", 1)])
}

fn an_element_of_a_script_sees_what_came_in_time(p: &Pipeline) -> Ending {
    let script = [Add("side", 3), Add("main", 1), Mark(10), At("side", 4, 4), At("main", 2, 2)];
    let input = play(p, script);
    let windowing = WindowInto::from(Tens::Same).allowed_lateness(seconds(100)).discarding();
    let side = input.filter(|(name, _)| name == "side").map(|(_, n)| n).window_into(windowing);
    let main = input.filter(|(name, _)| name == "main").map(|(_, n)| n).window_into(tens());
    // The first goes on when its window is complete; the second is as late as what it sees.
    see(&see_sums(&main, &side));
    Ending::done().saw(&[("1 sees 3", 1), ("2 sees 7", 1)])
}

fn an_element_too_late_for_what_it_would_see_is_dropped(p: &Pipeline) -> Ending {
    let script = [Add("side", 3), Add("main", 1), Mark(10), At("main", 2, 2), Add("main", 15)];
    let input = play(p, script);
    let of = |wanted: &'static str| input.filter(move |(name, _)| name == wanted).map(|(_, n)| n);
    see(&see_sums(&of("main").window_into(tens()), &of("side").window_into(Tens::Same)));
    Ending::done().saw(&[("1 sees 3", 1), ("15 sees 0", 1)]).counted("droppedDueToLateness", 1)
}

fn failing(p: &Pipeline, mapping: Tens) {
    let side = script(p, [Give(3, 3), Watermark(10)]).window_into(mapping).named("Tens");
    let _ = see_sums(&script(p, [Give(1, 1)]).window_into(tens()), &side);
}

fn an_error_of_a_mapping(p: &Pipeline) -> Ending {
    failing(p, Tens::Error);
    Ending::failed(&["`Tens`", "there is nothing to be seen", "side_mappings.rs:"])
}

fn a_panic_of_a_mapping(p: &Pipeline) -> Ending {
    failing(p, Tens::Panic);
    Ending::failed(&["`Tens` panicked", "no idea what to see", "side_mappings.rs:"])
}

fn a_mapping_that_looks_back_too_far(p: &Pipeline) -> Ending {
    failing(p, Tens::TooFar);
    Ending::failed(&["`Tens`", "looks back", "`maximum_lookback` is 0 ms", "side_mappings.rs:"])
}

fn an_endless_side_input_of_own_windows_is_drained(p: &Pipeline) -> Ending {
    let side = endless(p).window_into(Tens::Same);
    let small = endless(p).filter(|n| *n < 100).window_into(tens());
    see(&small.with_side_input(side.as_iter()).map(|_, _| "one".to_owned()));
    Ending::drained_when(|metrics| counter(metrics, "seen one") == 100)
}

fn an_element_waits_for_the_window_that_a_function_says(p: &Pipeline) -> Ending {
    let seen = Gate::of(p);
    // The second window ends after an element has seen the first.
    let acts = [Give(3, 3), Watermark(10), Await(seen.clone(), 1), Give(14, 14), Watermark(20)];
    let side = script(p, acts).window_into(Tens::Same);
    let main = script(p, [Give(11, 11), Give(1, 1), Give(12, 12)]).window_into(tens());
    see(&seen.pass(&see_sums(&main, &side)));
    Ending::done().saw(&[("1 sees 3", 1), ("11 sees 14", 1), ("12 sees 14", 1)])
}

fn an_element_waits_for_an_own_window_of_a_bounded_side_input(p: &Pipeline) -> Ending {
    let seen = Gate::of(p);
    let acts = [Give(3, 3), Watermark(10), Await(seen.clone(), 1), Give(14, 14), Watermark(20)];
    let side = bounded_script(p, acts).window_into(Tens::Same);
    let main = timed(p, [11, 1]).window_into(tens());
    see(&seen.pass(&see_sums(&main, &side)));
    Ending::done().saw(&[("1 sees 3", 1), ("11 sees 14", 1)])
}

fn an_element_waits_for_own_windows_of_each_side_input(p: &Pipeline) -> Ending {
    let seen = Gate::of(p);
    let ahead = script(p, [Give(3, 3), Give(13, 13), Watermark(100)]).window_into(Tens::Same);
    let behind = script(p, [Give(4, 4), Watermark(10), Await(seen.clone(), 1), Give(14, 14)]);
    let sides = (ahead.as_iter(), behind.window_into(Tens::Same).as_iter());
    let main = script(p, [Give(1, 1), Give(11, 11)]).window_into(Tens::Same);
    let sums = main.with_side_input(sides);
    let sums = sums.map(|n, (a, b)| (n, a.iter().sum::<i64>() + b.iter().sum::<i64>()));
    see(&seen.pass(&sums).map(|(n, sum)| format!("{n} sees {sum}")));
    Ending::done().saw(&[("1 sees 7", 1), ("11 sees 27", 1)])
}

fn an_early_pane_makes_an_own_window_ready(p: &Pipeline) -> Ending {
    let seen = Gate::of(p);
    let trigger = Trigger::after_watermark().early(Trigger::after_count(1));
    let windowing = WindowInto::from(Tens::Same).triggering(trigger).accumulating();
    let acts = [Give(3, 3), Watermark(4), Await(seen.clone(), 1), Give(14, 14)];
    let side = script(p, acts).window_into(windowing).combine_globally(crate::transforms::Sum);
    let main = script(p, [Give(1, 1), Give(11, 11)]).window_into(tens());
    see(&seen.pass(&see_sums(&main, &side)));
    Ending::done().saw(&[("1 sees 3", 1), ("11 sees 14", 1)])
}

fn an_empty_own_window_is_ready_once_it_has_passed(p: &Pipeline) -> Ending {
    let seen = Gate::of(p);
    let acts = [Watermark(10), Await(seen.clone(), 1), Give(14, 14)];
    let side = script(p, acts).window_into(Tens::Same);
    let main = script(p, [Give(1, 1), Give(11, 11)]).window_into(tens());
    see(&seen.pass(&see_sums(&main, &side)));
    Ending::done().saw(&[("1 sees 0", 1), ("11 sees 14", 1)])
}

fn what_a_function_looks_back_to_is_kept(p: &Pipeline) -> Ending {
    let seen = Gate::of(p);
    let side = script(p, [Give(3, 3), Watermark(30)]).window_into(Tens::Before);
    // The second comes when the first window is long over for it.
    let acts = [Give(11, 11), Watermark(15), Await(seen.clone(), 1), Give(16, 16), Give(27, 27)];
    let main = script(p, acts).window_into(tens());
    see(&seen.pass(&see_sums(&main, &side)));
    Ending::done().saw(&[("11 sees 3", 1), ("16 sees 3", 1), ("27 sees 0", 1)])
}
