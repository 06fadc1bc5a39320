//! Windows that a user's own function merges.

use crate::Element;
use crate::error::BoxError;
use crate::pipeline::Pipeline;
use crate::testing::conformance::Ending;
use crate::testing::conformance::played::Play::{Add, Mark};
use crate::testing::conformance::played::{play, see_panes, see_windows};
use crate::testing::conformance::source::see;
use crate::testing::conformance::stamps::{at, seconds};
use crate::time::Timestamp;
use crate::transforms::Sum;
use crate::window::{AssignContext, BoundedWindow, IntervalWindow, Trigger, WindowFn, WindowInto};

list!(Windows: sessions_with_a_greatest_length, sessions_of_intervals_of_a_users_own,
    own_sessions_are_of_one_key, own_sessions_merge_over_bundles,
    own_sessions_of_a_bounded_input, own_sessions_are_combined, early_panes_of_own_sessions,
    a_late_element_joins_an_own_session, an_own_session_that_is_too_late_is_dropped,
    windows_that_merge_by_what_they_hold, an_error_of_a_merging, a_panic_of_a_merging,
    a_merging_of_windows_that_are_not_there);

/// From the first second of a visit to behind its last, and what kind it is.
#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct Visit {
    first: i64,
    end: i64,
    name: String,
}

impl BoundedWindow for Visit {
    fn max_timestamp(&self) -> Timestamp {
        Timestamp(self.end * 1000 - 1)
    }
}

/// Sessions with a gap of ten seconds, none of which is longer than thirty.
#[derive(Debug)]
struct Visits;

impl WindowFn for Visits {
    type Window = Visit;

    fn assign(&self, cx: &AssignContext<'_>) -> Result<Vec<Visit>, BoxError> {
        let first = cx.timestamp.millis().div_euclid(1000);
        Ok(vec![Visit { first, end: first + 10, name: String::new() }])
    }

    fn is_merging(&self) -> bool {
        true
    }

    fn merge(&self, windows: &[Visit]) -> Result<Vec<(Visit, Vec<Visit>)>, BoxError> {
        let mut sorted = windows.to_vec();
        sorted.sort_by_key(|visit| (visit.first, visit.end));
        let mut merged: Vec<(Visit, Vec<Visit>)> = Vec::new();
        for visit in sorted {
            match merged.last_mut() {
                Some((into, from)) if visit.first < into.end && visit.end - into.first <= 30 => {
                    into.end = into.end.max(visit.end);
                    from.push(visit);
                }
                _ => merged.push((visit.clone(), vec![visit])),
            }
        }
        Ok(merged)
    }
}

fn sessions_with_a_greatest_length(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Add("a", 9), Add("a", 17), Add("a", 25), Mark(80)];
    see_windows(&play(p, script), Visits);
    Ending::done().saw(&[
        ("a: 1+9+17 at 26999 ms in custom until 26999 ms", 1),
        ("a: 25 at 34999 ms in custom until 34999 ms", 1),
    ])
}

/// The windows of ten seconds that touch each other become one.
#[derive(Debug)]
struct Touching;

impl WindowFn for Touching {
    type Window = IntervalWindow;

    fn assign(&self, cx: &AssignContext<'_>) -> Result<Vec<IntervalWindow>, BoxError> {
        let first = cx.timestamp.millis().div_euclid(10_000) * 10_000;
        Ok(vec![IntervalWindow { start: Timestamp(first), end: Timestamp(first + 10_000) }])
    }

    fn is_merging(&self) -> bool {
        true
    }

    fn merge(
        &self,
        windows: &[IntervalWindow],
    ) -> Result<Vec<(IntervalWindow, Vec<IntervalWindow>)>, BoxError> {
        let mut sorted = windows.to_vec();
        sorted.sort();
        let mut merged: Vec<(IntervalWindow, Vec<IntervalWindow>)> = Vec::new();
        for window in sorted {
            match merged.last_mut() {
                Some((into, from)) if window.start <= into.end => {
                    into.end = into.end.max(window.end);
                    from.push(window);
                }
                _ => merged.push((window, vec![window])),
            }
        }
        Ok(merged)
    }
}

fn sessions_of_intervals_of_a_users_own(p: &Pipeline) -> Ending {
    see_windows(&play(p, [Add("a", 1), Add("a", 12), Add("a", 45), Mark(80)]), Touching);
    Ending::done().saw(&[
        ("a: 1+12 at 19999 ms in [0, 20000)", 1),
        ("a: 45 at 49999 ms in [40000, 50000)", 1),
    ])
}

fn own_sessions_are_of_one_key(p: &Pipeline) -> Ending {
    see_windows(&play(p, [Add("a", 1), Add("b", 5), Add("a", 9), Mark(40)]), Visits);
    Ending::done().saw(&[
        ("a: 1+9 at 18999 ms in custom until 18999 ms", 1),
        ("b: 5 at 14999 ms in custom until 14999 ms", 1),
    ])
}

fn own_sessions_merge_over_bundles(p: &Pipeline) -> Ending {
    see_windows(&play(p, [Add("a", 1), Add("a", 15), Mark(3), Add("a", 8), Mark(60)]), Visits);
    Ending::done().saw(&[("a: 1+8+15 at 24999 ms in custom until 24999 ms", 1)])
}

fn own_sessions_of_a_bounded_input(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64, 9, 30]).with_timestamps(|second| at(*second));
    see_windows(&numbers.map(|n| ("a".to_owned(), n)), Visits);
    Ending::done().saw(&[
        ("a: 1+9 at 18999 ms in custom until 18999 ms", 1),
        ("a: 30 at 39999 ms in custom until 39999 ms", 1),
    ])
}

fn own_sessions_are_combined(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 9), Mark(20), Add("a", 30), Mark(50)]);
    let sums = input.window_into(Visits).combine_per_key(Sum);
    see(&sums.map(|(key, sum)| format!("{key}: {sum}")));
    Ending::done().saw(&[("a: 10", 1), ("a: 30", 1)])
}

fn early_panes_of_own_sessions(p: &Pipeline) -> Ending {
    let trigger = Trigger::after_watermark().early(Trigger::after_count(2).repeatedly());
    let windowing = WindowInto::from(Visits).triggering(trigger).accumulating();
    see_panes(&play(p, [Add("a", 1), Add("a", 5), Add("a", 9), Mark(40)]), windowing);
    Ending::done().saw(&[("a: 1+5 Early 0/-1 first", 1), ("a: 1+5+9 OnTime 0/0 first last", 1)])
}

fn a_late_element_joins_an_own_session(p: &Pipeline) -> Ending {
    let windowing = WindowInto::from(Visits).allowed_lateness(seconds(100)).accumulating();
    see_windows(&play(p, [Add("a", 8), Mark(12), Add("a", 1), Mark(40)]), windowing);
    Ending::done().saw(&[("a: 1+8 at 17999 ms in custom until 17999 ms", 1)])
}

fn an_own_session_that_is_too_late_is_dropped(p: &Pipeline) -> Ending {
    see_windows(&play(p, [Add("a", 1), Mark(20), Add("a", 5), Add("a", 30)]), Visits);
    Ending::done()
        .saw(&[
            ("a: 1 at 10999 ms in custom until 10999 ms", 1),
            ("a: 30 at 39999 ms in custom until 39999 ms", 1),
        ])
        .counted("droppedDueToLateness", 1)
}

/// Merges the visits of even seconds, and those of odd ones, and does more where it is told to.
#[derive(Debug)]
enum ByParity {
    Well,
    Error,
    Panic,
    Invents,
}

impl WindowFn for ByParity {
    type Window = Visit;

    fn assign(&self, cx: &AssignContext<'_>) -> Result<Vec<Visit>, BoxError> {
        let first = cx.timestamp.millis().div_euclid(1000);
        let name = if first % 2 == 0 { "even" } else { "odd" };
        Ok(vec![Visit { first, end: first + 10, name: name.to_owned() }])
    }

    fn is_merging(&self) -> bool {
        true
    }

    fn merge(&self, windows: &[Visit]) -> Result<Vec<(Visit, Vec<Visit>)>, BoxError> {
        let of = |name: &str| {
            let from: Vec<_> = windows.iter().filter(|visit| visit.name == name).cloned().collect();
            let first = from.iter().map(|visit| visit.first).min()?;
            let end = from.iter().map(|visit| visit.end).max()?;
            Some((Visit { first, end, name: name.to_owned() }, from))
        };
        match self {
            Self::Error => return Err("these do not mix".into()),
            Self::Panic => panic!("no idea how to merge"),
            Self::Well | Self::Invents => {}
        }
        let mut merged: Vec<_> = ["even", "odd"].into_iter().filter_map(of).collect();
        if matches!(self, Self::Invents) {
            let nowhere = Visit { first: 900, end: 901, name: String::new() };
            let part = Visit { first: 800, ..nowhere.clone() };
            merged.push((nowhere, vec![part]));
        }
        Ok(merged)
    }
}

fn windows_that_merge_by_what_they_hold(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Add("a", 2), Add("a", 3), Add("a", 4), Mark(60)];
    see_windows(&play(p, script), ByParity::Well);
    Ending::done().saw(&[
        ("a: 1+3 at 12999 ms in custom until 12999 ms", 1),
        ("a: 2+4 at 13999 ms in custom until 13999 ms", 1),
    ])
}

fn merged(p: &Pipeline, window_fn: ByParity) {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 3), Mark(60)]);
    let _ = input.window_into(window_fn).named("Parity").group_by_key();
}

fn an_error_of_a_merging(p: &Pipeline) -> Ending {
    merged(p, ByParity::Error);
    Ending::failed(&["`Parity`", "these do not mix", "merging_windows.rs:"])
}

fn a_panic_of_a_merging(p: &Pipeline) -> Ending {
    merged(p, ByParity::Panic);
    Ending::failed(&["`Parity` panicked", "no idea how to merge", "merging_windows.rs:"])
}

fn a_merging_of_windows_that_are_not_there(p: &Pipeline) -> Ending {
    merged(p, ByParity::Invents);
    Ending::failed(&["`Parity`", "which is not there"])
}
