//! The encoding of panes.

use super::{CoderError, Reader, wire};
use crate::window::{PaneInfo, Timing};

/// The bit of the first byte that says that an `ElementMetadata` message follows the pane.
const HAS_METADATA: u8 = 0x80;

/// Appends a pane.
///
/// A pane of unknown timing has no index, as in Beam's other SDKs.
pub fn put_pane(out: &mut Vec<u8>, pane: &PaneInfo) {
    let flags = flags(pane);
    if pane.timing == Timing::Unknown || (pane.index, pane.on_time_index) == (0, 0) {
        out.push(flags);
    } else if pane.timing == Timing::Early || pane.index == pane.on_time_index {
        out.push(flags | 1 << 4);
        put_index(out, pane.index);
    } else {
        out.push(flags | 2 << 4);
        put_index(out, pane.index);
        put_index(out, pane.on_time_index);
    }
}

/// Reads a pane. Metadata of the element behind it is skipped.
///
/// # Errors
/// When the bytes are not the encoding of a pane.
#[inline]
pub fn read_pane(input: &mut Reader<'_>) -> Result<PaneInfo, CoderError> {
    let byte = input.u8()?;
    let timing = match (byte >> 2) & 3 {
        0 => Timing::Early,
        1 => Timing::OnTime,
        2 => Timing::Late,
        _ => Timing::Unknown,
    };
    let (index, on_time_index) = match (byte & !HAS_METADATA) >> 4 {
        0 => (0, 0),
        1 => {
            let index = input.varint()?.cast_signed();
            (index, index)
        }
        2 => (input.varint()?.cast_signed(), input.varint()?.cast_signed()),
        form => return Err(CoderError::new(format!("a pane has the unknown form {form}"))),
    };
    if byte & HAS_METADATA != 0 {
        input.skip_length_prefixed()?;
    }
    let on_time_index = if timing == Timing::Early { -1 } else { on_time_index };
    Ok(PaneInfo { is_first: byte & 1 != 0, is_last: byte & 2 != 0, timing, index, on_time_index })
}

fn flags(pane: &PaneInfo) -> u8 {
    let timing = match pane.timing {
        Timing::Early => 0,
        Timing::OnTime => 1,
        Timing::Late => 2,
        Timing::Unknown => 3,
    };
    u8::from(pane.is_first) | u8::from(pane.is_last) << 1 | timing << 2
}

fn put_index(out: &mut Vec<u8>, index: i64) {
    wire::put_varint(out, index.cast_unsigned());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(pane: &PaneInfo) -> Vec<u8> {
        let mut out = Vec::new();
        put_pane(&mut out, pane);
        out
    }

    #[test]
    fn panes_have_the_bytes_of_the_model() {
        let pane = |timing, index, on_time_index| PaneInfo {
            is_first: index == 0,
            is_last: false,
            timing,
            index,
            on_time_index,
        };
        for (pane, bytes) in [
            (PaneInfo::NO_FIRING, vec![0x0f]),
            (PaneInfo::ON_TIME_AND_ONLY, vec![0x07]),
            (pane(Timing::Early, 0, -1), vec![0x11, 0]),
            (pane(Timing::Early, 3, -1), vec![0x10, 3]),
            (pane(Timing::OnTime, 2, 2), vec![0x14, 2]),
            (pane(Timing::OnTime, 30, 0), vec![0x24, 30, 0]),
            (pane(Timing::Late, 300, 2), vec![0x28, 0xac, 2, 2]),
        ] {
            assert_eq!(bytes_of(&pane), bytes);
            let mut input = Reader::new(&bytes);
            assert_eq!(read_pane(&mut input), Ok(pane));
            assert!(input.is_empty());
        }
    }

    #[test]
    fn metadata_behind_a_pane_is_skipped() {
        let bytes = [0x94, 2, 3, b'a', b'b', b'c'];
        let mut input = Reader::new(&bytes);
        assert_eq!(read_pane(&mut input).map(|p| p.index), Ok(2));
        assert!(input.is_empty());
    }
}
