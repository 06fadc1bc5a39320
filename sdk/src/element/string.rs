//! Strings and byte strings.

use std::fmt;

use bytes::Bytes;
use purlin_proto::pipeline as proto;
use purlin_proto::urns::coders as urns;

use super::row::atomic;
use super::{Element, TypedKey};
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader, wire};

/// Appends bytes, behind their length where others may follow.
#[inline]
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8], nesting: Nesting) {
    match nesting {
        Nesting::Nested => wire::put_length_prefixed(out, bytes),
        Nesting::Outer => out.extend_from_slice(bytes),
    }
}

/// Reads what [`put_bytes`] wrote.
#[inline]
pub(crate) fn read_bytes<'a>(
    input: &mut Reader<'a>,
    nesting: Nesting,
) -> Result<&'a [u8], CoderError> {
    match nesting {
        Nesting::Nested => input.length_prefixed(),
        Nesting::Outer => Ok(input.take_rest()),
    }
}

/// Reads what [`put_bytes`] wrote, as text.
#[inline]
pub(crate) fn read_str<'a>(
    input: &mut Reader<'a>,
    nesting: Nesting,
) -> Result<&'a str, CoderError> {
    let bytes = read_bytes(input, nesting)?;
    std::str::from_utf8(bytes).map_err(|e| {
        CoderError::new(format!("a string is not UTF-8 from byte {}", e.valid_up_to()))
    })
}

impl Element for String {
    fn coder_spec() -> CoderSpec {
        CoderSpec::new(urns::STRING_UTF8, Vec::new())
    }
    #[inline]
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        put_bytes(out, self.as_bytes(), nesting);
        Ok(())
    }
    #[inline]
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        read_str(input, nesting).map(str::to_owned)
    }
    #[inline]
    fn skip(input: &mut Reader<'_>) -> Result<(), CoderError> {
        input.skip_length_prefixed()
    }
    fn field_type() -> FieldType {
        atomic(proto::AtomicType::String)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
    #[inline]
    fn typed_key() -> Option<TypedKey<Self>> {
        Some(TypedKey::native())
    }
}

impl Element for Bytes {
    fn coder_spec() -> CoderSpec {
        CoderSpec::new(urns::BYTES, Vec::new())
    }
    #[inline]
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        put_bytes(out, self, nesting);
        Ok(())
    }
    #[inline]
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        let length = match nesting {
            Nesting::Nested => input.length()?,
            Nesting::Outer => input.remaining(),
        };
        input.take_shared(length)
    }
    #[inline]
    fn skip(input: &mut Reader<'_>) -> Result<(), CoderError> {
        input.skip_length_prefixed()
    }
    fn field_type() -> FieldType {
        atomic(proto::AtomicType::Bytes)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
    fn detached(&self) -> Self {
        Self::copy_from_slice(self)
    }
    #[inline]
    fn typed_key() -> Option<TypedKey<Self>> {
        Some(TypedKey::native())
    }
}
