//! The encoding of timers: `beam:coder:timer:v1`.

use bytes::Bytes;

use super::pane::{put_pane, read_pane};
use super::windowed::{WindowCoder, put_windows, read_windows};
use super::{CoderError, CoderSpec, Reader, wire};
use crate::time::Timestamp;
use crate::window::{PaneInfo, Windows};

/// A timer as it travels: set or cleared on the way to a runner, fired on the way back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EncodedTimer {
    /// The key in its nested form.
    pub key: Bytes,
    /// What tells timers of one family apart; empty for the one without a tag.
    pub tag: String,
    /// The windows.
    pub windows: Windows,
    /// When it fires; `None` where it is cleared.
    pub firing: Option<Firing>,
}

/// When a timer fires, and what its outputs carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Firing {
    /// When it fires, in its family's time domain.
    pub fire: Timestamp,
    /// The timestamp of its outputs, which holds the watermark until it has fired.
    pub hold: Timestamp,
    /// The pane of its outputs.
    pub pane: PaneInfo,
}

/// The coder of the timers of these keys and windows.
#[must_use]
pub fn timer_coder(key: CoderSpec, window: CoderSpec) -> CoderSpec {
    CoderSpec::new(purlin_proto::urns::coders::TIMER, vec![key, window])
}

/// Appends a timer.
pub fn put_timer(out: &mut Vec<u8>, timer: &EncodedTimer, windows: &WindowCoder) {
    out.extend_from_slice(&timer.key);
    wire::put_length_prefixed(out, timer.tag.as_bytes());
    put_windows(out, &timer.windows, windows);
    let Some(firing) = &timer.firing else {
        out.push(1);
        return;
    };
    out.push(0);
    wire::put_timestamp(out, firing.fire);
    wire::put_timestamp(out, firing.hold);
    put_pane(out, &firing.pane);
}

/// Reads a timer, whose key `skip_key` moves past.
///
/// # Errors
/// When the bytes are not the encoding of one.
pub fn read_timer(
    input: &mut Reader<'_>,
    windows: &WindowCoder,
    skip_key: impl FnOnce(&mut Reader<'_>) -> Result<(), CoderError>,
) -> Result<EncodedTimer, CoderError> {
    let at = |part: &'static str| move |error: CoderError| error.within(part);
    let mut ahead = input.clone();
    skip_key(&mut ahead).map_err(at("timer.key"))?;
    let key = input.take_shared(ahead.position() - input.position())?;
    let tag = read_tag(input).map_err(at("timer.tag"))?;
    let windows = read_windows(input, windows).map_err(at("timer.windows"))?;
    let firing = match input.u8().map_err(at("timer.clear"))? {
        0 => Some(read_firing(input).map_err(at("timer.firing"))?),
        1 => None,
        other => {
            let message = format!("{other} does not say whether a timer is cleared");
            return Err(CoderError::new(message).within("timer.clear"));
        }
    };
    Ok(EncodedTimer { key, tag, windows, firing })
}

fn read_tag(input: &mut Reader<'_>) -> Result<String, CoderError> {
    let tag = input.length_prefixed()?.to_vec();
    String::from_utf8(tag).map_err(|_| CoderError::new("the tag is not UTF-8"))
}

fn read_firing(input: &mut Reader<'_>) -> Result<Firing, CoderError> {
    Ok(Firing { fire: input.timestamp()?, hold: input.timestamp()?, pane: read_pane(input)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::Element;
    use crate::window::{IntervalWindow, Window};

    fn timer(firing: Option<Firing>) -> EncodedTimer {
        let window = IntervalWindow { start: Timestamp(0), end: Timestamp(10) };
        EncodedTimer {
            key: Bytes::from_static(b"\x01k"),
            tag: "ab".to_owned(),
            windows: Windows::One(Window::Interval(window)),
            firing,
        }
    }

    fn encoded(timer: &EncodedTimer) -> Vec<u8> {
        let mut out = Vec::new();
        put_timer(&mut out, timer, &WindowCoder::Interval);
        out
    }

    fn decoded(bytes: &[u8]) -> Result<EncodedTimer, CoderError> {
        read_timer(&mut Reader::new(bytes), &WindowCoder::Interval, String::skip)
    }

    /// Key "k", tag "ab", and one window `[0, 10)`: end 10, span 10.
    const HEAD: &[u8] = b"\x01k\x02ab\0\0\0\x01\x80\0\0\0\0\0\0\x0a\x0a";

    #[test]
    fn timers_have_the_bytes_of_the_model() {
        let pane = PaneInfo::NO_FIRING;
        let set = timer(Some(Firing { fire: Timestamp(5), hold: Timestamp(-1), pane }));
        let tail = b"\0\x80\0\0\0\0\0\0\x05\x7f\xff\xff\xff\xff\xff\xff\xff\x0f";
        assert_eq!(encoded(&set), [HEAD, tail].concat());
        assert_eq!(decoded(&encoded(&set)), Ok(set));
        let cleared = timer(None);
        assert_eq!(encoded(&cleared), [HEAD, b"\x01"].concat());
        assert_eq!(decoded(&encoded(&cleared)), Ok(cleared));
    }

    #[test]
    fn malformed_timers_are_refused_and_say_where() {
        let pane = PaneInfo::NO_FIRING;
        let bytes = encoded(&timer(Some(Firing { fire: Timestamp(5), hold: Timestamp(5), pane })));
        for end in 0..bytes.len() {
            assert!(decoded(&bytes[..end]).is_err(), "{end} bytes");
        }
        let mut wrong = bytes.clone();
        wrong[3] = 0xff;
        assert_eq!(decoded(&wrong).expect_err("no UTF-8").path(), "timer.tag");
        let mut wrong = bytes;
        wrong[HEAD.len()] = 2;
        assert_eq!(decoded(&wrong).expect_err("neither set nor cleared").path(), "timer.clear");
    }
}
