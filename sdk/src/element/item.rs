//! Values inside the containers of a row's field: arrays, map keys and map values.

use super::Element;
use crate::coders::{CoderError, Reader};

/// Appends a container's item: as a row's field, behind a presence byte where it may be null.
#[inline]
pub(crate) fn put_item<T: Element>(item: &T, out: &mut Vec<u8>) -> Result<(), CoderError> {
    if T::null().is_some() {
        let is_null = item.is_null();
        out.push(u8::from(!is_null));
        if is_null {
            return Ok(());
        }
    }
    item.encode_field(out)
}

/// Reads a container's item.
#[inline]
pub(crate) fn read_item<T: Element>(input: &mut Reader<'_>) -> Result<T, CoderError> {
    match T::null() {
        Some(null) if !is_present(input)? => Ok(null),
        _ => T::decode_field(input),
    }
}

/// Reads the byte before a nullable value.
#[inline]
pub(crate) fn is_present(input: &mut Reader<'_>) -> Result<bool, CoderError> {
    match input.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        byte => {
            Err(CoderError::new(format!("the byte {byte:#04x} marks neither null nor a value")))
        }
    }
}
