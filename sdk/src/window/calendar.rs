//! Windows of days, weeks, months and years.

use prost::Message;

use super::Window;
use super::civil::Date;
use super::fixed::within_time;
use crate::time::Timestamp;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
/// Further from the epoch, in days, than all time of the model.
const FURTHEST: i64 = 1_000_000_000;

/// A day of the week.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weekday {
    /// The first day of the week by ISO 8601.
    Monday,
    /// The day after Monday.
    Tuesday,
    /// The day after Tuesday.
    Wednesday,
    /// The day after Wednesday.
    Thursday,
    /// The day after Thursday.
    Friday,
    /// The day after Friday.
    Saturday,
    /// The day after Saturday.
    Sunday,
}

/// Consecutive windows of days, weeks, months or years, which begin at midnight.
///
/// Days are those of the Gregorian calendar at a constant offset from UTC, without it in UTC itself.
/// Other SDKs do not know the function, but its windows are the intervals that they know.
///
/// ```
/// # use purlin_sdk::{CalendarWindows, Weekday};
/// let fiscal_years = CalendarWindows::years(1).starting(2020, 4, 1);
/// let weeks_in_india = CalendarWindows::weeks(1, Weekday::Sunday).utc_offset_minutes(330);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CalendarWindows {
    unit: Unit,
    count: u32,
    /// In days after 1970-01-01; `None` where the calendar has no such day.
    start: Option<i64>,
    utc_offset_minutes: i32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unit {
    Days,
    Months,
}

impl CalendarWindows {
    /// Windows of `count` days, of which one starts on 1970-01-01.
    #[must_use]
    pub fn days(count: u32) -> Self {
        Self { unit: Unit::Days, count, start: Some(0), utc_offset_minutes: 0 }
    }

    /// Windows of `count` weeks that start on `first`: one in the week of 1970-01-01, a Thursday.
    #[must_use]
    pub fn weeks(count: u32, first: Weekday) -> Self {
        let start = Some(first as i64 - Weekday::Thursday as i64);
        Self { start, ..Self::days(count.saturating_mul(7)) }
    }

    /// Windows of `count` months, of which one starts on 1970-01-01.
    #[must_use]
    pub fn months(count: u32) -> Self {
        Self { unit: Unit::Months, ..Self::days(count) }
    }

    /// Windows of `count` years, of which one starts on 1970-01-01.
    #[must_use]
    pub fn years(count: u32) -> Self {
        Self::months(count.saturating_mul(12))
    }

    /// One of the windows starts on this day, and the others before and after it. Where a month has
    /// no such day, a window of months or years starts on its last.
    #[must_use]
    pub fn starting(self, year: i32, month: u32, day: u32) -> Self {
        let date = Date::new(i64::from(year), i64::from(month), i64::from(day));
        Self { start: date.map(Date::days), ..self }
    }

    /// Days begin at midnight of a clock that is so many minutes ahead of UTC, or behind it where
    /// the number is negative.
    #[must_use]
    pub fn utc_offset_minutes(self, minutes: i32) -> Self {
        Self { utc_offset_minutes: minutes, ..self }
    }

    pub(super) fn mistake(self) -> Option<&'static str> {
        match self.start {
            _ if self.count == 0 => Some("calendar windows need a size of at least one day"),
            _ if self.utc_offset_minutes.unsigned_abs() >= 24 * 60 => {
                Some("clocks are less than 24 hours away from UTC")
            }
            Some(start) if is_within_time(&start) => None,
            _ => Some("the calendar has no such day for windows to start on"),
        }
    }

    pub(super) fn assign(self, timestamp: Timestamp) -> Window {
        let start = self.start.unwrap_or(0);
        let offset = i64::from(self.utc_offset_minutes) * MINUTE_MS;
        let day = timestamp.0.saturating_add(offset).div_euclid(DAY_MS);
        let (first, end) = match self.unit {
            Unit::Days => days_around(day, start, i64::from(self.count)),
            Unit::Months => months_around(day, start, i64::from(self.count)),
        };
        let midnight = |day: i64| day.saturating_mul(DAY_MS).saturating_sub(offset);
        Window::Interval(within_time(midnight(first).max(Timestamp::MIN.0), midnight(end)))
    }

    pub(super) fn payload(self) -> Vec<u8> {
        let payload = Payload {
            in_months: self.unit == Unit::Months,
            count: self.count,
            start_day: self.start.unwrap_or(i64::MAX),
            utc_offset_minutes: self.utc_offset_minutes,
        };
        payload.encode_to_vec()
    }

    pub(super) fn from_payload(payload: bytes::Bytes) -> Option<Self> {
        let payload = Payload::decode(payload).ok()?;
        Some(Self {
            unit: if payload.in_months { Unit::Months } else { Unit::Days },
            count: payload.count,
            start: Some(payload.start_day).filter(is_within_time),
            utc_offset_minutes: payload.utc_offset_minutes,
        })
    }
}

fn is_within_time(day: &i64) -> bool {
    (-FURTHEST..=FURTHEST).contains(day)
}

/// The first day of the window that `day` is in, and the day after its last.
fn days_around(day: i64, start: i64, count: i64) -> (i64, i64) {
    let first = day - (day - start).rem_euclid(count);
    (first, first + count)
}

fn months_around(day: i64, start: i64, count: i64) -> (i64, i64) {
    let start = Date::of_days(start);
    let boundary = |number: i64| start.plus_months(number * count).days();
    let number = (Date::of_days(day).months() - start.months()).div_euclid(count);
    // The month is right; the day may still be before the one on which windows start.
    let number = if boundary(number) > day { number - 1 } else { number };
    (boundary(number), boundary(number + 1))
}

/// Calendar windows in a pipeline graph.
#[derive(Clone, PartialEq, prost::Message)]
struct Payload {
    #[prost(bool, tag = "1")]
    in_months: bool,
    #[prost(uint32, tag = "2")]
    count: u32,
    #[prost(sint64, tag = "3")]
    start_day: i64,
    #[prost(sint32, tag = "4")]
    utc_offset_minutes: i32,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::window::IntervalWindow;

    fn window(windows: CalendarWindows, at: i64) -> IntervalWindow {
        match windows.assign(Timestamp(at)) {
            Window::Interval(window) => window,
            other => panic!("{other:?}"),
        }
    }

    fn midnight(year: i64, month: i64, day: i64) -> i64 {
        Date::new(year, month, day).expect("a date").days() * DAY_MS
    }

    /// The dates between which the window of a date is.
    fn around(windows: CalendarWindows, (year, month, day): (i64, i64, i64)) -> [Date; 2] {
        let window = window(windows, midnight(year, month, day) + 1);
        [window.start, window.end].map(|at| Date::of_days(at.0.div_euclid(DAY_MS)))
    }

    fn date((year, month, day): (i64, i64, i64)) -> Date {
        Date::new(year, month, day).expect("a date")
    }

    #[test]
    fn windows_begin_and_end_with_their_unit() {
        let weeks = CalendarWindows::weeks(1, Weekday::Monday);
        for (windows, at, from, to) in [
            (CalendarWindows::days(1), (2024, 2, 29), (2024, 2, 29), (2024, 3, 1)),
            (weeks, (2024, 2, 29), (2024, 2, 26), (2024, 3, 4)),
            (
                CalendarWindows::weeks(1, Weekday::Sunday),
                (1970, 1, 1),
                (1969, 12, 28),
                (1970, 1, 4),
            ),
            (CalendarWindows::months(1), (2024, 2, 29), (2024, 2, 1), (2024, 3, 1)),
            (CalendarWindows::months(3), (2024, 2, 29), (2024, 1, 1), (2024, 4, 1)),
            (CalendarWindows::years(1), (2024, 2, 29), (2024, 1, 1), (2025, 1, 1)),
            (CalendarWindows::years(10), (1965, 6, 1), (1960, 1, 1), (1970, 1, 1)),
        ] {
            assert_eq!(around(windows, at), [date(from), date(to)], "{windows:?}");
        }
    }

    #[test]
    fn windows_start_where_they_are_told_to() {
        let fiscal = CalendarWindows::years(1).starting(2020, 4, 6);
        assert_eq!(around(fiscal, (2024, 4, 5)), [date((2023, 4, 6)), date((2024, 4, 6))]);
        assert_eq!(around(fiscal, (2024, 4, 6)), [date((2024, 4, 6)), date((2025, 4, 6))]);
        let ends = CalendarWindows::months(1).starting(2024, 1, 31);
        assert_eq!(around(ends, (2024, 2, 29)), [date((2024, 2, 29)), date((2024, 3, 31))]);
        let india = CalendarWindows::days(1).utc_offset_minutes(330);
        assert_eq!(
            window(india, midnight(2024, 1, 1)).start.0,
            midnight(2024, 1, 1) - 330 * 60_000
        );
    }

    #[test]
    fn windows_that_cannot_be_are_mistakes() {
        for windows in [
            CalendarWindows::days(0),
            CalendarWindows::years(1).starting(2023, 2, 29),
            CalendarWindows::days(1).utc_offset_minutes(24 * 60),
            CalendarWindows::days(1).utc_offset_minutes(i32::MIN),
        ] {
            assert!(windows.mistake().is_some(), "{windows:?}");
        }
        assert_eq!(CalendarWindows::days(u32::MAX).mistake(), None);
    }

    fn any_windows() -> impl Strategy<Value = CalendarWindows> {
        let unit = prop_oneof![Just(Unit::Days), Just(Unit::Months)];
        let start = (-1_000_000i64..1_000_000).prop_map(Some);
        let parts = (unit, prop_oneof![1u32..50, Just(u32::MAX)], start, -1439i32..1440);
        parts.prop_map(|(unit, count, start, utc_offset_minutes)| CalendarWindows {
            unit,
            count,
            start,
            utc_offset_minutes,
        })
    }

    proptest! {
        #[test]
        fn windows_hold_what_is_put_into_them_and_leave_no_gap(
            windows in any_windows(),
            at in Timestamp::MIN.0..Timestamp::END_OF_GLOBAL_WINDOW.0,
        ) {
            let assigned = window(windows, at);
            prop_assert!(assigned.start.0 <= at && at < assigned.end.0);
            prop_assert_eq!(window(windows, assigned.end.0 - 1), assigned);
            if assigned.end <= Timestamp::END_OF_GLOBAL_WINDOW {
                prop_assert_eq!(window(windows, assigned.end.0).start, assigned.end);
            }
            prop_assert_eq!(CalendarWindows::from_payload(windows.payload().into()), Some(windows));
        }
    }
}
