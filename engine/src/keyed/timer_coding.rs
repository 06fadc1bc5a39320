//! Timers of a stage as workers send and receive them, and windows as keys of cells and timers.

use bytes::Bytes;
use purlin_sdk::coders::timer::{EncodedTimer, Firing, put_timer, read_timer};
use purlin_sdk::coders::windowed::WindowCoder;
use purlin_sdk::coders::{CoderError, Reader, Skipper};
use purlin_sdk::{PaneInfo, Window, Windows};

use super::kept_bytes::KeptBytes;
use super::queue::DueTimer;

/// Reads timers that a worker sets or takes back, one after the other.
///
/// # Errors
/// When the bytes are not the encoding of timers with such keys and windows.
pub(super) fn read_timers(
    data: &Bytes,
    key: &Skipper,
    windows: WindowCoder,
) -> Result<Vec<EncodedTimer>, CoderError> {
    let mut input = Reader::shared(data);
    let mut timers = Vec::new();
    while !input.is_empty() {
        timers.push(read_timer(&mut input, &windows, |input| key.skip(input))?);
    }
    Ok(timers)
}

/// Appends a timer that fires.
///
/// # Errors
/// When its window or tag cannot be read, which the engine wrote.
pub(super) fn put_due(
    out: &mut Vec<u8>,
    due: &DueTimer,
    coder: WindowCoder,
) -> Result<(), CoderError> {
    let tag = String::from_utf8(due.id.tag.to_vec());
    let timer = EncodedTimer {
        key: due.key.clone(),
        tag: tag.map_err(|_| CoderError::new("the tag of a timer is not UTF-8"))?,
        windows: Windows::One(read_window(&due.id.window, coder)?),
        firing: Some(Firing {
            fire: due.timer.fire,
            hold: due.timer.hold,
            pane: PaneInfo::NO_FIRING,
        }),
    };
    put_timer(out, &timer, &coder);
    Ok(())
}

/// A window that was encoded by this coder.
pub(super) fn read_window(encoded: &[u8], coder: WindowCoder) -> Result<Window, CoderError> {
    coder.read_window(&mut Reader::new(encoded))
}

/// The encoding of a window.
pub(super) fn window_bytes(window: &Window, coder: WindowCoder) -> KeptBytes {
    let mut out = Vec::new();
    coder.put_window(&mut out, window);
    KeptBytes::from(&out[..])
}
