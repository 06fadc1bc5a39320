//! Windows of one size: the global one, consecutive ones and overlapping ones.

use std::ops::Range;
use std::time::Duration;

use super::{IntervalWindow, Window, Windows};
use crate::time::{Timestamp, millis};

/// The one window of all time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GlobalWindows;

/// Consecutive windows of equal size, aligned to the epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FixedWindows {
    pub(crate) size_ms: i64,
    pub(crate) offset_ms: i64,
}

impl FixedWindows {
    /// Windows of `size`.
    #[must_use]
    pub fn of(size: Duration) -> Self {
        Self { size_ms: millis(size), offset_ms: 0 }
    }

    /// The same windows, moved by `offset`.
    #[must_use]
    pub fn offset(self, offset: Duration) -> Self {
        Self { offset_ms: millis(offset), ..self }
    }

    pub(super) fn assign(self, timestamp: Timestamp) -> Window {
        interval(align(timestamp.0, self.size_ms, self.offset_ms), self.size_ms)
    }

    /// The times that are in the same window.
    pub(super) fn span(self, timestamp: Timestamp) -> Range<i64> {
        let start = align(timestamp.0, self.size_ms, self.offset_ms);
        start..start.saturating_add(self.size_ms)
    }
}

/// Overlapping windows of equal size, one starting every period.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlidingWindows {
    pub(crate) size_ms: i64,
    pub(crate) period_ms: i64,
    pub(crate) offset_ms: i64,
}

impl SlidingWindows {
    /// Windows of `size`, consecutive until [`SlidingWindows::every`] says how often one starts.
    #[must_use]
    pub fn of(size: Duration) -> Self {
        Self { size_ms: millis(size), period_ms: millis(size), offset_ms: 0 }
    }

    /// A window starts every `period`.
    #[must_use]
    pub fn every(self, period: Duration) -> Self {
        Self { period_ms: millis(period), ..self }
    }

    /// The same windows, moved by `offset`.
    #[must_use]
    pub fn offset(self, offset: Duration) -> Self {
        Self { offset_ms: millis(offset), ..self }
    }

    pub(super) fn assign(self, timestamp: Timestamp) -> Windows {
        let last = align(timestamp.0, self.period_ms, self.offset_ms);
        let earliest = timestamp.0.saturating_sub(self.size_ms);
        let starts = std::iter::successors(Some(last), |start| start.checked_sub(self.period_ms));
        let windows: Vec<_> = starts
            .take_while(|&start| start > earliest)
            .map(|start| interval(start, self.size_ms))
            .collect();
        Windows::from(windows)
    }

    /// The times that are in the same windows: until the next begins or the first of these ends.
    pub(super) fn span(self, timestamp: Timestamp) -> Range<i64> {
        let Self { size_ms: size, period_ms: period, .. } = self;
        let last = align(timestamp.0, period, self.offset_ms);
        let next = last.saturating_add(period);
        let ended = timestamp.0.saturating_sub(size);
        if last <= ended {
            return last.saturating_add(size)..next;
        }
        let others = (last - ended - 1) / period;
        let first_end = last.saturating_sub(others * period).saturating_add(size);
        last.max(first_end.saturating_sub(period))..next.min(first_end)
    }
}

/// The last multiple of `period`, moved by `offset`, that is not after `time`.
fn align(time: i64, period: i64, offset: i64) -> i64 {
    time.saturating_sub(time.saturating_sub(offset).rem_euclid(period))
}

/// A window of `size` that starts at `start`.
pub(super) fn interval(start: i64, size: i64) -> Window {
    Window::Interval(within_time(start, start.saturating_add(size)))
}

/// A window that stays within the model: the last windows of time are cut short.
pub(super) fn within_time(start: i64, end: i64) -> IntervalWindow {
    let last = Timestamp::END_OF_GLOBAL_WINDOW.0;
    IntervalWindow { start: Timestamp(start.min(last)), end: Timestamp(end.min(last + 1)) }
}
