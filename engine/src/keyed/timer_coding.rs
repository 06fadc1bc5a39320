//! Timers as workers send and receive them: `beam:coder:timer:v1`.

use bytes::Bytes;
use purlin_sdk::coders::windowed::{WindowCoder, put_windows};
use purlin_sdk::coders::wire::{put_length_prefixed, put_timestamp};
use purlin_sdk::coders::{CoderError, Reader, Skipper, put_pane, read_pane};
use purlin_sdk::{PaneInfo, Window, Windows};

use super::change::Timer;
use super::queue::DueTimer;

/// A timer that a worker sets or takes back, for one window of one key.
pub(super) struct Asked {
    pub(super) key: Bytes,
    pub(super) tag: Bytes,
    pub(super) windows: Vec<(Bytes, Window)>,
    /// `None` takes it back.
    pub(super) timer: Option<Timer>,
}

/// Reads timers, one after the other.
///
/// # Errors
/// When the bytes are not the encoding of timers with such keys and windows.
pub(super) fn read_timers(
    data: &Bytes,
    key: &Skipper,
    windows: WindowCoder,
) -> Result<Vec<Asked>, CoderError> {
    let mut input = Reader::shared(data);
    let mut timers = Vec::new();
    while !input.is_empty() {
        timers.push(read_timer(data, &mut input, key, windows)?);
    }
    Ok(timers)
}

fn read_timer(
    data: &Bytes,
    input: &mut Reader<'_>,
    key: &Skipper,
    coder: WindowCoder,
) -> Result<Asked, CoderError> {
    let start = input.position();
    key.skip(input)?;
    let key = data.slice(start..input.position());
    let length = input.length()?;
    let tag = input.take_shared(length)?;
    let count = input.count()?.ok_or_else(|| CoderError::new("a timer's windows have no count"))?;
    let mut windows = Vec::new();
    for _ in 0..count {
        let start = input.position();
        let window = coder.read_window(input)?;
        windows.push((data.slice(start..input.position()), window));
        if windows.len() > input.remaining() {
            return Err(CoderError::new(format!("{count} windows exceed the bytes left")));
        }
    }
    let timer = match input.u8()? {
        0 => {
            let (fire, hold) = (input.timestamp()?, input.timestamp()?);
            read_pane(input)?;
            Some(Timer { fire, hold })
        }
        _ => None,
    };
    Ok(Asked { key, tag, windows, timer })
}

/// Appends a timer that fires.
pub(super) fn put_timer(out: &mut Vec<u8>, due: &DueTimer, window: Window, coder: WindowCoder) {
    out.extend_from_slice(&due.key);
    put_length_prefixed(out, &due.id.tag);
    put_windows(out, &Windows::One(window), &coder);
    out.push(0);
    put_timestamp(out, due.timer.fire);
    put_timestamp(out, due.timer.hold);
    put_pane(out, &PaneInfo::NO_FIRING);
}

/// A window that was encoded by this coder.
pub(super) fn read_window(encoded: &Bytes, coder: WindowCoder) -> Result<Window, CoderError> {
    coder.read_window(&mut Reader::shared(encoded))
}

/// The encoding of a window.
pub(super) fn window_bytes(window: &Window, coder: WindowCoder) -> Bytes {
    let mut out = Vec::new();
    coder.put_window(&mut out, window);
    out.into()
}
