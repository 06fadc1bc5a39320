//! The window functions that their proto describes whole.

use std::ops::Range;

use prost::Message;
use purlin_proto::pipeline::{
    FixedWindowsPayload, FunctionSpec, SessionWindowsPayload, SlidingWindowsPayload,
};
use purlin_proto::urns;

use super::{
    CalendarWindows, FixedWindows, GlobalWindows, IntervalWindow, Sessions, SlidingWindows, Window,
    Windows,
};
use crate::time::Timestamp;

/// The URN of calendar windows, which Beam's model does not have.
const CALENDAR_WINDOWS: &str = "purlin:window_fn:calendar:v1";

/// A window function that a pipeline's proto describes whole, so that a runner knows it too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StandardWindowFn {
    /// All elements in one window.
    Global,
    /// Consecutive windows of equal size.
    Fixed(FixedWindows),
    /// Overlapping windows of equal size.
    Sliding(SlidingWindows),
    /// Windows of activity, which merge.
    Sessions(Sessions),
    /// Windows of days, weeks, months or years.
    Calendar(CalendarWindows),
}

impl StandardWindowFn {
    /// Whether it is the one window of all time.
    #[must_use]
    pub fn is_global(&self) -> bool {
        *self == Self::Global
    }

    /// Whether its windows are to be merged by the grouping that follows.
    #[must_use]
    pub fn is_merging(&self) -> bool {
        matches!(self, Self::Sessions(_))
    }

    /// The windows of an element at `timestamp`.
    #[must_use]
    pub fn assign(&self, timestamp: Timestamp) -> Windows {
        match *self {
            Self::Global => Windows::GLOBAL,
            Self::Fixed(fixed) => Windows::One(fixed.assign(timestamp)),
            Self::Sliding(sliding) => sliding.assign(timestamp),
            Self::Sessions(sessions) => Windows::One(sessions.assign(timestamp)),
            Self::Calendar(calendar) => Windows::One(calendar.assign(timestamp)),
        }
    }

    /// Times around this one that are in the same windows.
    pub(crate) fn span(&self, timestamp: Timestamp) -> Range<i64> {
        match *self {
            Self::Global => i64::MIN..i64::MAX,
            Self::Fixed(fixed) => fixed.span(timestamp),
            Self::Sliding(sliding) => sliding.span(timestamp),
            Self::Sessions(_) => timestamp.0..timestamp.0 + 1,
            Self::Calendar(calendar) => match calendar.assign(timestamp) {
                Window::Interval(window) => window.start.0..window.end.0,
                _ => timestamp.0..timestamp.0 + 1,
            },
        }
    }

    /// The windows to merge, each with those that it is merged from; the others stay as they are.
    #[must_use]
    pub fn merge(&self, windows: &[Window]) -> Vec<(Window, Vec<Window>)> {
        if !self.is_merging() {
            return Vec::new();
        }
        let intervals: Vec<_> = windows.iter().filter_map(Window::as_interval).collect();
        let merged = IntervalWindow::merge_overlapping(&intervals).into_iter();
        merged
            .map(|(window, parts)| {
                let parts = parts.into_iter().map(Window::Interval).collect();
                (Window::Interval(window), parts)
            })
            .collect()
    }

    /// The window of a side input that an element in `main` sees: the one that holds the last
    /// timestamp of its own window.
    #[must_use]
    pub fn side_input_window(&self, main: &Window) -> Window {
        earliest(&self.assign(main.max_timestamp())).unwrap_or(Window::Global)
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
            Self::Sessions(sessions) => {
                (sessions.gap_ms <= 0).then_some("sessions need a gap of at least 1 ms")
            }
            Self::Calendar(calendar) => calendar.mistake(),
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
            Self::Sessions(sessions) => {
                let gap_size = Some(duration(sessions.gap_ms));
                let payload = SessionWindowsPayload { gap_size };
                (urns::window_fns::SESSION_WINDOWS, payload.encode_to_vec())
            }
            Self::Calendar(calendar) => (CALENDAR_WINDOWS, calendar.payload()),
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
            urns::window_fns::SESSION_WINDOWS => {
                let payload = SessionWindowsPayload::decode(payload).ok()?;
                Self::Sessions(Sessions { gap_ms: duration_ms(payload.gap_size)? })
            }
            CALENDAR_WINDOWS => Self::Calendar(CalendarWindows::from_payload(payload)?),
            _ => return None,
        };
        read.mistake().is_none().then_some(read)
    }
}

/// Of overlapping windows the earliest is used for side inputs, as Beam's default mapping does.
pub(super) fn earliest(windows: &Windows) -> Option<Window> {
    windows.as_slice().iter().min().cloned()
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

/// Lets the functions be given where a [`StandardWindowFn`] is wanted.
macro_rules! standard {
    ($($window_fn:ident => $variant:ident),*) => {$(
        impl From<$window_fn> for StandardWindowFn {
            fn from(windows: $window_fn) -> Self {
                Self::$variant(windows)
            }
        }
    )*};
}

standard!(
    FixedWindows => Fixed, SlidingWindows => Sliding, Sessions => Sessions,
    CalendarWindows => Calendar
);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn interval(start: i64, end: i64) -> Window {
        Window::Interval(IntervalWindow { start: Timestamp(start), end: Timestamp(end) })
    }

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

    fn any_window_fn() -> impl Strategy<Value = StandardWindowFn> {
        let seconds = || (1u64..100).prop_map(Duration::from_secs);
        prop_oneof![
            Just(StandardWindowFn::Global),
            (seconds(), seconds()).prop_map(|(size, o)| FixedWindows::of(size).offset(o).into()),
            (seconds(), seconds(), seconds()).prop_map(|(size, period, offset)| {
                SlidingWindows::of(size).every(period).offset(offset).into()
            }),
            seconds().prop_map(|gap| Sessions::with_gap(gap).into()),
            (1u32..20).prop_map(|count| CalendarWindows::months(count).into()),
        ]
    }

    fn sessions(starts: &[i64]) -> Vec<Window> {
        let sessions = StandardWindowFn::from(Sessions::with_gap(Duration::from_millis(10)));
        let windows = starts.iter().map(|at| sessions.assign(Timestamp(*at)).as_slice()[0].clone());
        windows.collect()
    }

    fn merge(windows: &[Window]) -> Vec<(Window, Vec<Window>)> {
        StandardWindowFn::from(Sessions::with_gap(Duration::from_millis(10))).merge(windows)
    }

    #[test]
    fn sessions_that_only_touch_stay_apart() {
        assert_eq!(merge(&sessions(&[0, 10])), []);
        let merged = merge(&sessions(&[0, 9, 30]));
        assert_eq!(merged.len(), 1);
        assert_eq!(merged[0].0, interval(0, 19));
        assert_eq!(merged[0].1, sessions(&[0, 9]));
    }

    proptest! {
        #[test]
        fn assigned_windows_hold_their_timestamp(
            window_fn in any_window_fn(),
            at in -10_000_000i64..10_000_000,
        ) {
            for window in window_fn.assign(Timestamp(at)).as_slice() {
                let start = window.as_interval().map_or(Timestamp::MIN, |window| window.start);
                prop_assert!(start.0 <= at && at <= window.max_timestamp().0);
            }
        }

        #[test]
        fn times_of_one_span_are_in_the_same_windows(
            window_fn in any_window_fn(),
            at in -10_000_000i64..10_000_000,
            part in 0.0f64..1.0,
        ) {
            let span = window_fn.span(Timestamp(at));
            prop_assert!(span.contains(&at));
            let windows = window_fn.assign(Timestamp(at));
            if window_fn != StandardWindowFn::Global {
                let within = span.start + ((span.end - span.start) as f64 * part) as i64;
                for time in [span.start, within.min(span.end - 1), span.end - 1] {
                    prop_assert_eq!(window_fn.assign(Timestamp(time)), windows.clone());
                }
                prop_assert_ne!(window_fn.assign(Timestamp(span.end)), windows.clone());
                prop_assert_ne!(window_fn.assign(Timestamp(span.start - 1)), windows);
            }
        }

        #[test]
        fn window_functions_survive_their_proto(window_fn in any_window_fn()) {
            prop_assert_eq!(StandardWindowFn::from_proto(&window_fn.to_proto()), Some(window_fn));
        }

        #[test]
        fn merging_asks_for_no_order_and_happens_once(
            mut starts in prop::collection::vec(0i64..100, 0..12),
            turn in 0usize..12,
        ) {
            let merged = merge(&sessions(&starts));
            let turn = turn.min(starts.len());
            starts.rotate_left(turn);
            prop_assert_eq!(&merge(&sessions(&starts)), &merged);
            starts.reverse();
            prop_assert_eq!(&merge(&sessions(&starts)), &merged);
            let mut left = sessions(&starts);
            left.retain(|window| !merged.iter().any(|(_, parts)| parts.contains(window)));
            left.extend(merged.into_iter().map(|(window, _)| window));
            prop_assert_eq!(merge(&left), []);
        }
    }

    #[test]
    fn sessions_have_the_bytes_of_the_model() {
        let spec =
            StandardWindowFn::from(Sessions::with_gap(Duration::from_millis(1500))).to_proto();
        assert_eq!(spec.urn, "beam:window_fn:session_windows:v1");
        assert_eq!(spec.payload.as_ref(), b"\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01");
    }
}
