//! Dates of the Gregorian calendar, extended over all time.
//!
//! Years are counted from March, so that the day that a leap year has more is its last, and in eras
//! of 400 years, after which the calendar repeats: 146 097 days. Within an era the year follows from
//! the day by taking out the leap days before it: one every 4 years (1460 days with the last day
//! left out), none every 100 (36 524), one every 400 (146 096). Months from March on have 153 days
//! for every five, which `(153 * month + 2) / 5` spreads as the calendar does.
//!
//! **Source:** the algorithms `days_from_civil` and `civil_from_days` of Howard Hinnant's paper
//! "chrono-Compatible Low-Level Date Algorithms".

const DAYS_OF_ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// A date.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Date {
    pub(super) year: i64,
    /// From 1.
    pub(super) month: i64,
    /// From 1.
    pub(super) day: i64,
}

impl Date {
    /// The date, unless the calendar has none such.
    pub(super) fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        let is_there = (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
        is_there.then_some(Self { year, month, day })
    }

    /// The date so many days after 1970-01-01.
    pub(super) fn of_days(days: i64) -> Self {
        let days = days.saturating_add(EPOCH);
        let era = days.div_euclid(DAYS_OF_ERA);
        let day_of_era = days.rem_euclid(DAYS_OF_ERA);
        let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
        let year_of_era = (day_of_era - leap_days) / 365;
        let before_year = 365 * year_of_era + year_of_era / 4 - year_of_era / 100;
        let day_of_year = day_of_era - before_year;
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self { year: era * 400 + year_of_era + i64::from(month <= 2), month, day }
    }

    /// How many days it is after 1970-01-01.
    pub(super) fn days(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let from_march = if self.month > 2 { self.month - 3 } else { self.month + 9 };
        let day_of_year = (153 * from_march + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * DAYS_OF_ERA + day_of_era - EPOCH
    }

    /// How many months it is after January of the year 0.
    pub(super) fn months(self) -> i64 {
        self.year * 12 + self.month - 1
    }

    /// The same day so many months later; the last day of that month, where it is shorter.
    pub(super) fn plus_months(self, months: i64) -> Self {
        let months = self.months() + months;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        Self { year, month, day: self.day.min(days_in_month(year, month)) }
    }
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn date(year: i64, month: i64, day: i64) -> Date {
        Date::new(year, month, day).expect("it is a date")
    }

    #[test]
    fn known_days_have_their_dates() {
        for (days, (year, month, day)) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (19_723, (2024, 1, 1)),
            (-719_468, (0, 3, 1)),
            (-719_528, (0, 1, 1)),
            (-141_427, (1582, 10, 15)),
        ] {
            assert_eq!(Date::of_days(days), date(year, month, day));
            assert_eq!(date(year, month, day).days(), days);
        }
    }

    #[test]
    fn dates_that_no_calendar_has_are_refused() {
        for (year, month, day) in [(1900, 2, 29), (2023, 4, 31), (2023, 13, 1), (2023, 0, 1)] {
            assert_eq!(Date::new(year, month, day), None);
        }
        assert!(Date::new(2000, 2, 29).is_some());
    }

    #[test]
    fn the_last_day_of_a_month_stays_the_last() {
        assert_eq!(date(2023, 1, 31).plus_months(1), date(2023, 2, 28));
        assert_eq!(date(2024, 1, 31).plus_months(1), date(2024, 2, 29));
        assert_eq!(date(2024, 1, 31).plus_months(-2), date(2023, 11, 30));
    }

    proptest! {
        #[test]
        fn days_and_dates_follow_each_other(days in -110_000_000i64..110_000_000) {
            let today = Date::of_days(days);
            let tomorrow = Date::of_days(days + 1);
            prop_assert_eq!(today.days(), days);
            prop_assert_eq!(Date::new(today.year, today.month, today.day), Some(today));
            let next = Date::new(today.year, today.month, today.day + 1)
                .unwrap_or(Date { day: 1, ..Date { day: 1, ..today }.plus_months(1) });
            prop_assert_eq!(tomorrow, next);
        }
    }
}
