//! The encoding of windows, and of what an element carries beside its value.

use bytes::Bytes;
use purlin_proto::urns::coders as urns;

use super::pane::{put_pane_and_kind, read_pane, read_pane_and_kind};
use super::{CoderError, CoderSpec, Reader, wire};
use crate::time::Timestamp;
use crate::window::{IntervalWindow, Stamp, Window, Windows};

/// How many windows without bytes, which global ones are, one element may claim to have.
const MAX_EMPTY_WINDOWS: usize = 1024;

/// The coder of a collection's windows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowCoder {
    /// The global window, which has no bytes.
    Global,
    /// Intervals of event time.
    Interval,
    /// A user's own windows: their last timestamp, and an encoding behind its length.
    Custom,
}

impl WindowCoder {
    /// The window coder of this name.
    ///
    /// # Errors
    /// When it is none, or one of custom windows whose length is not given.
    pub fn from_spec(spec: &CoderSpec) -> Result<Self, CoderError> {
        match (spec.urn.as_ref(), spec.components.as_slice()) {
            (urns::GLOBAL_WINDOW, _) => Ok(Self::Global),
            (urns::INTERVAL_WINDOW, _) => Ok(Self::Interval),
            (urns::CUSTOM_WINDOW, [window]) if window.urn == urns::LENGTH_PREFIX => {
                Ok(Self::Custom)
            }
            (urn, _) => Err(CoderError::new(format!("`{urn}` is no coder of windows known here"))),
        }
    }

    /// Appends a window, which must be of this coder's kind.
    pub fn put_window(self, out: &mut Vec<u8>, window: &Window) {
        debug_assert_eq!(self, Self::of(window), "a collection's windows are of one kind");
        match window {
            Window::Global => {}
            Window::Interval(window) => put_interval(out, *window),
            Window::Custom(max, encoded) => {
                wire::put_timestamp(out, *max);
                wire::put_length_prefixed(out, encoded);
            }
        }
    }

    /// The coder of windows of this kind.
    #[must_use]
    pub fn of(window: &Window) -> Self {
        match window {
            Window::Global => Self::Global,
            Window::Interval(_) => Self::Interval,
            Window::Custom(..) => Self::Custom,
        }
    }

    /// Reads a window.
    ///
    /// # Errors
    /// When the bytes are not the encoding of one.
    pub fn read_window(self, input: &mut Reader<'_>) -> Result<Window, CoderError> {
        match self {
            Self::Global => Ok(Window::Global),
            Self::Interval => read_interval(input).map(Window::Interval),
            Self::Custom => {
                let max = input.timestamp()?;
                let length = input.length()?;
                Ok(Window::Custom(max, input.take_shared(length)?))
            }
        }
    }

    fn skip_windows(self, input: &mut Reader<'_>, count: usize) -> Result<(), CoderError> {
        for _ in 0..if matches!(self, Self::Global) { 0 } else { count } {
            input.take(8)?;
            match self {
                Self::Custom => input.skip_length_prefixed()?,
                _ => input.skip_varint()?,
            }
        }
        Ok(())
    }
}

/// Appends an interval: its end, and how long it is.
pub(crate) fn put_interval(out: &mut Vec<u8>, window: IntervalWindow) {
    wire::put_timestamp(out, window.end);
    wire::put_varint(out, window.end.0.abs_diff(window.start.0));
}

/// Reads an interval.
pub(crate) fn read_interval(input: &mut Reader<'_>) -> Result<IntervalWindow, CoderError> {
    let end = input.timestamp()?;
    let start = i64::try_from(input.varint()?)
        .ok()
        .and_then(|span| end.0.checked_sub(span))
        .ok_or_else(|| CoderError::new("an interval window is longer than time"))?;
    Ok(IntervalWindow { start: Timestamp(start), end })
}

/// Appends the header of a `beam:coder:windowed_value:v1`: timestamp, windows and pane.
#[inline]
pub fn put_stamp(out: &mut Vec<u8>, stamp: &Stamp, coder: &WindowCoder) {
    wire::put_timestamp(out, stamp.timestamp);
    put_windows(out, &stamp.windows, coder);
    put_pane_and_kind(out, &stamp.pane, stamp.value_kind);
}

/// Reads the header of a `beam:coder:windowed_value:v1`; of the metadata behind the pane only the
/// kind of the value is kept.
///
/// # Errors
/// When the bytes are not such a header.
pub fn read_stamp(input: &mut Reader<'_>, coder: &WindowCoder) -> Result<Stamp, CoderError> {
    let at = |part: &'static str| move |e: CoderError| e.within(part);
    let timestamp = input.timestamp().map_err(at("windowed_value.timestamp"))?;
    let windows = read_windows(input, coder).map_err(at("windowed_value.windows"))?;
    let (pane, value_kind) = read_pane_and_kind(input).map_err(at("windowed_value.pane"))?;
    Ok(Stamp { timestamp, windows, pane, value_kind })
}

/// Moves past the header of a `beam:coder:windowed_value:v1`.
///
/// # Errors
/// When the bytes are not such a header.
#[inline]
pub fn skip_stamp(input: &mut Reader<'_>, coder: &WindowCoder) -> Result<(), CoderError> {
    input.take(8)?;
    let count = window_count(input, coder)?;
    coder.skip_windows(input, count)?;
    read_pane(input).map(drop)
}

/// Appends a list of windows, as elements and timers carry it.
pub fn put_windows(out: &mut Vec<u8>, windows: &Windows, coder: &WindowCoder) {
    let windows = windows.as_slice();
    let count = i32::try_from(windows.len()).unwrap_or(i32::MAX);
    out.extend_from_slice(&count.to_be_bytes());
    for window in windows {
        coder.put_window(out, window);
    }
}

/// Reads a list of windows.
///
/// # Errors
/// When the bytes are not such a list.
pub fn read_windows(input: &mut Reader<'_>, coder: &WindowCoder) -> Result<Windows, CoderError> {
    match window_count(input, coder)? {
        1 => coder.read_window(input).map(Windows::One),
        count => {
            let windows: Result<Vec<_>, _> = (0..count).map(|_| coder.read_window(input)).collect();
            windows.map(Windows::from)
        }
    }
}

/// The number of windows, checked so that a corrupt one cannot allocate.
fn window_count(input: &mut Reader<'_>, coder: &WindowCoder) -> Result<usize, CoderError> {
    let count = input.count()?.ok_or_else(|| CoderError::new("a window count is negative"))?;
    let most = match coder {
        WindowCoder::Global => MAX_EMPTY_WINDOWS,
        _ => input.remaining() / 9,
    };
    match count {
        0 => Err(CoderError::new("an element is in no window")),
        _ if count > most => Err(CoderError::new(format!("{count} windows exceed the bytes left"))),
        _ => Ok(count),
    }
}

/// The payload of a `beam:coder:param_windowed_value:v1`, whose values all have this stamp.
#[must_use]
pub fn param_payload(stamp: &Stamp, coder: &WindowCoder) -> Bytes {
    let mut out = Vec::with_capacity(24);
    put_stamp(&mut out, stamp, coder);
    // The value of the windowed value that the payload is: an empty byte string, nested.
    out.push(0);
    out.into()
}

/// The stamp in the payload of a `beam:coder:param_windowed_value:v1`.
///
/// # Errors
/// When the payload is not a windowed value with an empty byte string.
pub fn read_param_payload(payload: &[u8], coder: &WindowCoder) -> Result<Stamp, CoderError> {
    let mut input = Reader::new(payload);
    let stamp = read_stamp(&mut input, coder)?;
    match input.take_rest() {
        [] | [0] => Ok(stamp),
        rest => Err(CoderError::new(format!("{} bytes follow the stamp", rest.len()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::{PaneInfo, Timing, ValueKind};

    fn round_trip(stamp: &Stamp, coder: &WindowCoder) {
        let mut out = Vec::new();
        put_stamp(&mut out, stamp, coder);
        let mut input = Reader::new(&out);
        assert_eq!(read_stamp(&mut input, coder).as_ref(), Ok(stamp));
        assert!(input.is_empty());
        let mut input = Reader::new(&out);
        skip_stamp(&mut input, coder).expect("it is skippable");
        assert!(input.is_empty());
        let payload = param_payload(stamp, coder);
        assert_eq!(read_param_payload(&payload, coder).as_ref(), Ok(stamp));
        for end in 0..out.len() {
            assert!(read_stamp(&mut Reader::new(&out[..end]), coder).is_err());
        }
    }

    fn interval(start: i64, end: i64) -> Window {
        Window::Interval(IntervalWindow { start: Timestamp(start), end: Timestamp(end) })
    }

    #[test]
    fn stamps_round_trip_with_every_kind_of_window() {
        let pane = PaneInfo { timing: Timing::Late, index: 7, ..PaneInfo::NO_FIRING };
        round_trip(&Stamp::default(), &WindowCoder::Global);
        let windows = Windows::from(vec![interval(0, 10), interval(-5, 5)]);
        let stamp = Stamp { timestamp: Timestamp(3), windows, pane, value_kind: ValueKind::Insert };
        round_trip(&stamp, &WindowCoder::Interval);
        let windows = Windows::One(Window::Custom(Timestamp(9), Bytes::from_static(b"abc")));
        let (timestamp, value_kind) = (Timestamp::MAX, ValueKind::UpdateBefore);
        round_trip(&Stamp { timestamp, windows, pane, value_kind }, &WindowCoder::Custom);
    }

    #[test]
    fn the_payload_of_constant_stamps_is_that_of_the_model() {
        let windows = Windows::One(interval(10, 20));
        let pane = PaneInfo {
            is_first: false,
            is_last: true,
            timing: Timing::OnTime,
            index: 30,
            on_time_index: 40,
        };
        let stamp = Stamp { timestamp: Timestamp(1000), windows, pane, ..Stamp::default() };
        let payload = param_payload(&stamp, &WindowCoder::Interval);
        let model = b"\x80\0\0\0\0\0\x03\xe8\0\0\0\x01\x80\0\0\0\0\0\0\x14\n&\x1e(\0".as_slice();
        assert_eq!(payload, model);
    }

    #[test]
    fn an_absurd_number_of_windows_is_refused_before_it_is_allocated() {
        let mut bytes = vec![0x80, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend(i32::MAX.to_be_bytes());
        bytes.extend([0x0f; 20]);
        for coder in [WindowCoder::Global, WindowCoder::Interval] {
            let error = read_stamp(&mut Reader::new(&bytes), &coder).expect_err("it is absurd");
            assert_eq!(error.path(), "windowed_value.windows");
        }
    }
}
