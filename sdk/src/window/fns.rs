//! The standard window functions.

use std::time::Duration;

use prost::Message;
use purlin_proto::pipeline::{FixedWindowsPayload, FunctionSpec, SlidingWindowsPayload};
use purlin_proto::urns;

use super::{IntervalWindow, Window, Windows};
use crate::time::{Timestamp, millis};

/// A window function of Beam's model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StandardWindowFn {
    /// All elements in one window.
    Global,
    /// Consecutive windows of equal size.
    Fixed(FixedWindows),
    /// Overlapping windows of equal size.
    Sliding(SlidingWindows),
}

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
}

impl StandardWindowFn {
    /// Whether it is the one window of all time.
    #[must_use]
    pub fn is_global(&self) -> bool {
        *self == Self::Global
    }

    /// The windows of an element at `timestamp`.
    #[must_use]
    pub fn assign(&self, timestamp: Timestamp) -> Windows {
        match *self {
            Self::Global => Windows::GLOBAL,
            Self::Fixed(FixedWindows { size_ms, offset_ms }) => {
                let start = align(timestamp.0, size_ms, offset_ms);
                Windows::One(interval(start, size_ms))
            }
            Self::Sliding(sliding) => sliding.assign(timestamp),
        }
    }

    /// The window of a side input that an element in `main` sees: the one that holds the last
    /// timestamp of its own window.
    #[must_use]
    pub fn side_input_window(&self, main: &Window) -> Window {
        let windows = self.assign(main.max_timestamp());
        // Of overlapping windows the earliest is used, as Beam's default mapping does.
        windows.as_slice().iter().min().cloned().unwrap_or(Window::Global)
    }

    /// What is wrong with its sizes, if anything.
    #[must_use]
    pub fn mistake(&self) -> Option<&'static str> {
        match *self {
            Self::Global => None,
            Self::Fixed(fixed) => {
                (fixed.size_ms <= 0).then_some("windows need a size of at least 1 ms")
            }
            Self::Sliding(sliding) => (sliding.size_ms <= 0 || sliding.period_ms <= 0)
                .then_some("sliding windows need a size and period of at least 1 ms"),
        }
    }

    /// Its name in a pipeline graph.
    #[doc(hidden)]
    #[must_use]
    pub fn to_proto(&self) -> FunctionSpec {
        let (urn, payload) = match *self {
            Self::Global => (urns::window_fns::GLOBAL_WINDOWS, Vec::new()),
            Self::Fixed(fixed) => (
                urns::window_fns::FIXED_WINDOWS,
                FixedWindowsPayload {
                    size: Some(duration(fixed.size_ms)),
                    offset: Some(timestamp(fixed.offset_ms)),
                }
                .encode_to_vec(),
            ),
            Self::Sliding(sliding) => (
                urns::window_fns::SLIDING_WINDOWS,
                SlidingWindowsPayload {
                    size: Some(duration(sliding.size_ms)),
                    offset: Some(timestamp(sliding.offset_ms)),
                    period: Some(duration(sliding.period_ms)),
                }
                .encode_to_vec(),
            ),
        };
        FunctionSpec { urn: urn.to_owned(), payload: payload.into() }
    }

    /// Reads its name from a pipeline graph; `None` for another function or a malformed payload.
    #[doc(hidden)]
    #[must_use]
    pub fn from_proto(spec: &FunctionSpec) -> Option<Self> {
        let payload = spec.payload.clone();
        let read = match spec.urn.as_str() {
            urns::window_fns::GLOBAL_WINDOWS => Self::Global,
            urns::window_fns::FIXED_WINDOWS => {
                let payload = FixedWindowsPayload::decode(payload).ok()?;
                Self::Fixed(FixedWindows {
                    size_ms: duration_ms(payload.size)?,
                    offset_ms: timestamp_ms(payload.offset),
                })
            }
            urns::window_fns::SLIDING_WINDOWS => {
                let payload = SlidingWindowsPayload::decode(payload).ok()?;
                Self::Sliding(SlidingWindows {
                    size_ms: duration_ms(payload.size)?,
                    period_ms: duration_ms(payload.period)?,
                    offset_ms: timestamp_ms(payload.offset),
                })
            }
            _ => return None,
        };
        read.mistake().is_none().then_some(read)
    }
}

impl SlidingWindows {
    fn assign(self, timestamp: Timestamp) -> Windows {
        let last = align(timestamp.0, self.period_ms, self.offset_ms);
        let earliest = timestamp.0.saturating_sub(self.size_ms);
        let starts = std::iter::successors(Some(last), |start| start.checked_sub(self.period_ms));
        let windows: Vec<_> = starts
            .take_while(|&start| start > earliest)
            .map(|start| interval(start, self.size_ms))
            .collect();
        Windows::from(windows)
    }
}

/// The last multiple of `period`, moved by `offset`, that is not after `time`.
fn align(time: i64, period: i64, offset: i64) -> i64 {
    time.saturating_sub(time.saturating_sub(offset).rem_euclid(period))
}

/// A window, whose end stays within the model: the last windows of time are cut short.
fn interval(start: i64, size: i64) -> Window {
    let end = Timestamp(start.saturating_add(size));
    let last = Timestamp(Timestamp::END_OF_GLOBAL_WINDOW.0 + 1);
    Window::Interval(IntervalWindow { start: Timestamp(start), end: end.min(last) })
}

fn duration(ms: i64) -> prost_types::Duration {
    prost_types::Duration {
        seconds: ms.div_euclid(1000),
        nanos: i32::try_from(ms.rem_euclid(1000) * 1_000_000).unwrap_or(0),
    }
}

fn timestamp(ms: i64) -> prost_types::Timestamp {
    let duration = duration(ms);
    prost_types::Timestamp { seconds: duration.seconds, nanos: duration.nanos }
}

fn duration_ms(duration: Option<prost_types::Duration>) -> Option<i64> {
    let duration = duration?;
    duration.seconds.checked_mul(1000)?.checked_add(i64::from(duration.nanos / 1_000_000))
}

fn timestamp_ms(timestamp: Option<prost_types::Timestamp>) -> i64 {
    let timestamp = timestamp.unwrap_or_default();
    timestamp.seconds.saturating_mul(1000).saturating_add(i64::from(timestamp.nanos / 1_000_000))
}

impl From<GlobalWindows> for StandardWindowFn {
    fn from(_: GlobalWindows) -> Self {
        Self::Global
    }
}

impl From<FixedWindows> for StandardWindowFn {
    fn from(windows: FixedWindows) -> Self {
        Self::Fixed(windows)
    }
}

impl From<SlidingWindows> for StandardWindowFn {
    fn from(windows: SlidingWindows) -> Self {
        Self::Sliding(windows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_windows_hold_their_start_but_not_their_end() {
        let windows = StandardWindowFn::from(FixedWindows::of(Duration::from_secs(10)));
        let start_of = |ms| match windows.assign(Timestamp(ms)) {
            Windows::One(Window::Interval(window)) => window.start.0,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            [start_of(0), start_of(9_999), start_of(10_000), start_of(-1)],
            [0, 0, 10_000, -10_000]
        );
    }

    #[test]
    fn sliding_windows_are_as_many_as_periods_in_a_size() {
        let windows = SlidingWindows::of(Duration::from_secs(10)).every(Duration::from_secs(5));
        let assigned = StandardWindowFn::from(windows).assign(Timestamp(12_000));
        let starts: Vec<_> = assigned
            .as_slice()
            .iter()
            .map(|window| match window {
                Window::Interval(window) => window.start.0,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(starts, [10_000, 5_000]);
    }

    #[test]
    fn window_functions_survive_their_proto() {
        for window_fn in [
            StandardWindowFn::Global,
            FixedWindows::of(Duration::from_millis(1500)).into(),
            SlidingWindows::of(Duration::from_secs(60)).every(Duration::from_secs(7)).into(),
        ] {
            assert_eq!(StandardWindowFn::from_proto(&window_fn.to_proto()), Some(window_fn));
        }
    }
}
