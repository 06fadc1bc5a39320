//! Sessions, windows of the calendar, and windows of a user's own.

use crate::Element;
use crate::error::BoxError;
use crate::pipeline::Pipeline;
use crate::testing::conformance::Ending;
use crate::testing::conformance::played::Play::{Add, At, Mark};
use crate::testing::conformance::played::{play, see_panes, see_windows};
use crate::testing::conformance::source::see;
use crate::testing::conformance::stamps::{at, seconds};
use crate::time::Timestamp;
use crate::transforms::Sum;
use crate::window::{
    AssignContext, BoundedWindow, CalendarWindows, Sessions, TimestampCombiner, Trigger, Weekday,
    WindowFn,
};

list!(Windows: a_session_grows_with_its_elements, sessions_are_apart_after_a_gap,
    an_element_joins_two_sessions, each_key_has_sessions_of_its_own,
    an_open_session_is_not_split_by_the_watermark, a_late_element_joins_an_open_session,
    a_late_element_extends_a_session_within_the_lateness, a_session_that_is_too_late_is_dropped,
    early_panes_of_a_session, a_session_has_the_earliest_timestamp, sessions_of_a_bounded_input,
    combinations_of_sessions, windows_of_days, windows_of_weeks, windows_of_months,
    windows_of_years, windows_of_days_in_another_time_zone, windows_of_a_users_own,
    windows_of_a_users_own_fire_one_by_one);

fn gap() -> Sessions {
    Sessions::with_gap(seconds(10))
}

fn a_session_grows_with_its_elements(p: &Pipeline) -> Ending {
    see_windows(&play(p, [Add("a", 1), Add("a", 9), Add("a", 16), Mark(40)]), gap());
    Ending::done().saw(&[("a: 1+9+16 at 25999 ms in [1000, 26000)", 1)])
}

fn sessions_are_apart_after_a_gap(p: &Pipeline) -> Ending {
    see_windows(&play(p, [Add("a", 1), Add("a", 11), Mark(40)]), gap());
    Ending::done().saw(&[
        ("a: 1 at 10999 ms in [1000, 11000)", 1),
        ("a: 11 at 20999 ms in [11000, 21000)", 1),
    ])
}

fn an_element_joins_two_sessions(p: &Pipeline) -> Ending {
    see_windows(&play(p, [Add("a", 1), Add("a", 15), Add("a", 8), Mark(40)]), gap());
    Ending::done().saw(&[("a: 1+8+15 at 24999 ms in [1000, 25000)", 1)])
}

fn each_key_has_sessions_of_its_own(p: &Pipeline) -> Ending {
    see_windows(&play(p, [Add("a", 1), Add("b", 5), Add("a", 9), Mark(40)]), gap());
    Ending::done().saw(&[
        ("a: 1+9 at 18999 ms in [1000, 19000)", 1),
        ("b: 5 at 14999 ms in [5000, 15000)", 1),
    ])
}

fn an_open_session_is_not_split_by_the_watermark(p: &Pipeline) -> Ending {
    see_windows(&play(p, [At("a", 1, 0), At("a", 2, 8), Mark(12), Mark(40)]), gap());
    Ending::done().saw(&[("a: 1+2 at 17999 ms in [0, 18000)", 1)])
}

fn a_late_element_joins_an_open_session(p: &Pipeline) -> Ending {
    see_windows(&play(p, [Add("a", 8), Mark(12), Add("a", 1), Mark(40)]), gap());
    Ending::done().saw(&[("a: 1+8 at 17999 ms in [1000, 18000)", 1)])
}

fn a_late_element_extends_a_session_within_the_lateness(p: &Pipeline) -> Ending {
    let windowing = gap().allowed_lateness(seconds(100)).accumulating();
    // The session is another now, whose end has not come yet.
    see_panes(&play(p, [Add("a", 1), Mark(12), Add("a", 5), Mark(20)]), windowing);
    Ending::done().saw(&[("a: 1 OnTime 0/0 first", 1), ("a: 1+5 OnTime 0/0 first", 1)])
}

fn a_session_that_is_too_late_is_dropped(p: &Pipeline) -> Ending {
    see_windows(&play(p, [Add("a", 1), Mark(20), Add("a", 5), Add("a", 30)]), gap());
    Ending::done()
        .saw(&[
            ("a: 1 at 10999 ms in [1000, 11000)", 1),
            ("a: 30 at 39999 ms in [30000, 40000)", 1),
        ])
        .counted("droppedDueToLateness", 1)
}

fn early_panes_of_a_session(p: &Pipeline) -> Ending {
    let trigger = Trigger::after_watermark().early(Trigger::after_count(2).repeatedly());
    let windowing = gap().triggering(trigger).accumulating();
    see_panes(&play(p, [Add("a", 1), Add("a", 5), Add("a", 9), Mark(40)]), windowing);
    Ending::done().saw(&[("a: 1+5 Early 0/-1 first", 1), ("a: 1+5+9 OnTime 0/0 first last", 1)])
}

fn a_session_has_the_earliest_timestamp(p: &Pipeline) -> Ending {
    let windowing = gap().timestamp_combiner(TimestampCombiner::Earliest);
    see_windows(&play(p, [Add("a", 5), Add("a", 1), Mark(40)]), windowing);
    Ending::done().saw(&[("a: 1+5 at 1000 ms in [1000, 15000)", 1)])
}

fn sessions_of_a_bounded_input(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64, 9, 30]).with_timestamps(|second| at(*second));
    see_windows(&numbers.map(|n| ("a".to_owned(), n)), gap());
    Ending::done().saw(&[
        ("a: 1+9 at 18999 ms in [1000, 19000)", 1),
        ("a: 30 at 39999 ms in [30000, 40000)", 1),
    ])
}

fn combinations_of_sessions(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 9), Mark(20), Add("a", 30), Mark(50)]);
    let sums = input.window_into(gap()).combine_per_key(Sum);
    see(&sums.map(|(key, sum)| format!("{key}: {sum}")));
    Ending::done().saw(&[("a: 10", 1), ("a: 30", 1)])
}

const DAY: i64 = 86_400;

/// The groups of elements at days after the epoch, and half a day later.
fn days(p: &Pipeline, days: &[i64], windowing: CalendarWindows) {
    let script: Vec<_> = days.iter().map(|day| At("a", *day, day * DAY + DAY / 2)).collect();
    see_windows(&play(p, script), windowing);
}

fn windows_of_days(p: &Pipeline) -> Ending {
    days(p, &[0, 1], CalendarWindows::days(1));
    Ending::done().saw(&[
        ("a: 0 at 86399999 ms in [0, 86400000)", 1),
        ("a: 1 at 172799999 ms in [86400000, 172800000)", 1),
    ])
}

fn windows_of_weeks(p: &Pipeline) -> Ending {
    // The epoch was a Thursday.
    days(p, &[3, 4, 10, 11], CalendarWindows::weeks(1, Weekday::Monday));
    Ending::done().saw(&[
        ("a: 3 at 345599999 ms in [-259200000, 345600000)", 1),
        ("a: 4+10 at 950399999 ms in [345600000, 950400000)", 1),
        ("a: 11 at 1555199999 ms in [950400000, 1555200000)", 1),
    ])
}

fn windows_of_months(p: &Pipeline) -> Ending {
    days(p, &[30, 31, 58], CalendarWindows::months(1));
    Ending::done().saw(&[
        ("a: 30 at 2678399999 ms in [0, 2678400000)", 1),
        ("a: 31+58 at 5097599999 ms in [2678400000, 5097600000)", 1),
    ])
}

fn windows_of_years(p: &Pipeline) -> Ending {
    days(p, &[0, 364, 365], CalendarWindows::years(1));
    Ending::done().saw(&[
        ("a: 0+364 at 31535999999 ms in [0, 31536000000)", 1),
        ("a: 365 at 63071999999 ms in [31536000000, 63072000000)", 1),
    ])
}

fn windows_of_days_in_another_time_zone(p: &Pipeline) -> Ending {
    let windowing = CalendarWindows::days(1).utc_offset_minutes(60);
    see_windows(&play(p, [At("a", 1, 82_799), At("a", 2, 82_800)]), windowing);
    Ending::done().saw(&[
        ("a: 1 at 82799999 ms in [-3600000, 82800000)", 1),
        ("a: 2 at 169199999 ms in [82800000, 169200000)", 1),
    ])
}

/// A window of even or of odd seconds, ten seconds long.
#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct Parity {
    is_odd: bool,
    last: i64,
}

impl BoundedWindow for Parity {
    fn max_timestamp(&self) -> Timestamp {
        Timestamp(self.last)
    }
}

#[derive(Debug)]
struct ByParity;

impl WindowFn for ByParity {
    type Window = Parity;

    fn assign(&self, cx: &AssignContext<'_>) -> Result<Vec<Parity>, BoxError> {
        let second = cx.timestamp.millis().div_euclid(1000);
        let last = (second.div_euclid(10) + 1) * 10_000 - 1;
        Ok(vec![Parity { is_odd: second % 2 != 0, last }])
    }

    fn assigns_to_one_window(&self) -> bool {
        true
    }
}

fn windows_of_a_users_own(p: &Pipeline) -> Ending {
    let input = play(p, [Add("a", 1), Add("a", 2), Add("a", 3), Add("a", 12), Mark(30)]);
    see_windows(&input, ByParity);
    Ending::done().saw(&[
        ("a: 1+3 at 9999 ms in custom until 9999 ms", 1),
        ("a: 2 at 9999 ms in custom until 9999 ms", 1),
        ("a: 12 at 19999 ms in custom until 19999 ms", 1),
    ])
}

fn windows_of_a_users_own_fire_one_by_one(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Add("a", 2), Mark(10), Add("a", 3), Add("a", 13), Mark(30)];
    see_panes(&play(p, script), ByParity);
    Ending::done()
        .saw(&[
            ("a: 1 OnTime 0/0 first last", 1),
            ("a: 2 OnTime 0/0 first last", 1),
            ("a: 13 OnTime 0/0 first last", 1),
        ])
        .counted("droppedDueToLateness", 1)
}
