//! The encoding of panes.

use prost::Message;
use purlin_proto::fn_execution::elements::{ElementMetadata, value_kind};

use super::{CoderError, Reader, wire};
use crate::window::{PaneInfo, Timing, ValueKind};

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

/// Appends a pane, and behind it what kind of value its element is, unless that is the plain one.
pub(crate) fn put_pane_and_kind(out: &mut Vec<u8>, pane: &PaneInfo, kind: ValueKind) {
    let start = out.len();
    put_pane(out, pane);
    if kind != ValueKind::Insert {
        out[start] |= HAS_METADATA;
        let value_kind = Some(kind_to_proto(kind).into());
        let metadata = ElementMetadata { value_kind, ..ElementMetadata::default() };
        wire::put_length_prefixed(out, &metadata.encode_to_vec());
    }
}

/// Reads a pane, and what kind of value its element is. Other metadata behind it is skipped.
///
/// # Errors
/// When the bytes are not the encoding of a pane with metadata.
#[inline]
pub(crate) fn read_pane_and_kind(
    input: &mut Reader<'_>,
) -> Result<(PaneInfo, ValueKind), CoderError> {
    let (pane, has_metadata) = read_bare(input)?;
    let kind = if has_metadata { read_kind(input)? } else { ValueKind::Insert };
    Ok((pane, kind))
}

#[cold]
fn read_kind(input: &mut Reader<'_>) -> Result<ValueKind, CoderError> {
    use value_kind::Enum;
    let at = |error: CoderError| error.within("metadata");
    let metadata = input.length_prefixed().map_err(at)?;
    let metadata = ElementMetadata::decode(metadata)
        .map_err(|error| at(CoderError::new(error.to_string())))?;
    let number = metadata.value_kind.unwrap_or_default();
    match Enum::try_from(number) {
        Ok(Enum::ValueKindUnspecified | Enum::Insert) => Ok(ValueKind::Insert),
        Ok(Enum::UpdateBefore) => Ok(ValueKind::UpdateBefore),
        Ok(Enum::UpdateAfter) => Ok(ValueKind::UpdateAfter),
        Ok(Enum::Delete) => Ok(ValueKind::Delete),
        Err(_) => Err(at(CoderError::new(format!("{number} is no kind of value")))),
    }
}

fn kind_to_proto(kind: ValueKind) -> value_kind::Enum {
    match kind {
        ValueKind::Insert => value_kind::Enum::Insert,
        ValueKind::UpdateBefore => value_kind::Enum::UpdateBefore,
        ValueKind::UpdateAfter => value_kind::Enum::UpdateAfter,
        ValueKind::Delete => value_kind::Enum::Delete,
    }
}

/// Reads a pane. Metadata of the element behind it is skipped.
///
/// # Errors
/// When the bytes are not the encoding of a pane.
#[inline]
pub fn read_pane(input: &mut Reader<'_>) -> Result<PaneInfo, CoderError> {
    let (pane, has_metadata) = read_bare(input)?;
    if has_metadata {
        input.skip_length_prefixed()?;
    }
    Ok(pane)
}

/// Reads a pane, and whether metadata follows.
#[inline]
fn read_bare(input: &mut Reader<'_>) -> Result<(PaneInfo, bool), CoderError> {
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
    let on_time_index = if timing == Timing::Early { -1 } else { on_time_index };
    let (is_first, is_last) = (byte & 1 != 0, byte & 2 != 0);
    let pane = PaneInfo { is_first, is_last, timing, index, on_time_index };
    Ok((pane, byte & HAS_METADATA != 0))
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

    #[test]
    fn kinds_of_values_have_the_bytes_of_the_model() {
        for (kind, bytes) in [
            (ValueKind::Insert, [0x14, 2].as_slice()),
            (ValueKind::UpdateBefore, &[0x94, 2, 2, 0x20, 2]),
            (ValueKind::UpdateAfter, &[0x94, 2, 2, 0x20, 3]),
            (ValueKind::Delete, &[0x94, 2, 2, 0x20, 4]),
        ] {
            let pane = PaneInfo {
                is_first: false,
                is_last: false,
                timing: Timing::OnTime,
                index: 2,
                on_time_index: 2,
            };
            let mut out = Vec::new();
            put_pane_and_kind(&mut out, &pane, kind);
            assert_eq!(out, bytes);
            let mut input = Reader::new(bytes);
            assert_eq!(read_pane_and_kind(&mut input), Ok((pane, kind)));
            assert!(input.is_empty());
        }
    }

    #[test]
    fn metadata_without_a_kind_is_of_a_plain_value_and_an_unknown_kind_is_refused() {
        let traced = [0x8f, 3, 0x12, 1, b'a'];
        let kind = read_pane_and_kind(&mut Reader::new(&traced)).map(|(_, kind)| kind);
        assert_eq!(kind, Ok(ValueKind::Insert));
        let unknown = read_pane_and_kind(&mut Reader::new(&[0x8f, 2, 0x20, 9]));
        assert_eq!(unknown.expect_err("9 is none").path(), "metadata");
    }
}
