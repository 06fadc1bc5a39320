//! Elements that are one value of the model: unit, bool, char, timestamps; and pointers.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use purlin_proto::pipeline as proto;
use purlin_proto::urns::{coders as urns, logical_types};

use super::row::{atomic, field_type};
use super::{Element, TypedKey};
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader, wire};
use crate::time::Timestamp;

/// Nothing, as empty bytes: what Impulse emits.
impl Element for () {
    fn coder_spec() -> CoderSpec {
        Bytes::coder_spec()
    }
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        if nesting == Nesting::Nested {
            out.push(0);
        }
        Ok(())
    }
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        let length = match nesting {
            Nesting::Nested => input.length()?,
            Nesting::Outer => input.remaining(),
        };
        match length {
            0 => Ok(()),
            n => Err(CoderError::new(format!("{n} bytes where a unit has none"))),
        }
    }
    fn field_type() -> FieldType {
        atomic(proto::AtomicType::Bytes)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("()")
    }
    fn typed_key() -> Option<TypedKey<Self>> {
        Some(TypedKey::native())
    }
}

impl Element for bool {
    fn coder_spec() -> CoderSpec {
        CoderSpec::new(urns::BOOL, Vec::new())
    }
    #[inline]
    fn encode(&self, out: &mut Vec<u8>, _: Nesting) -> Result<(), CoderError> {
        out.push(u8::from(*self));
        Ok(())
    }
    #[inline]
    fn decode(input: &mut Reader<'_>, _: Nesting) -> Result<Self, CoderError> {
        match input.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            byte => Err(CoderError::new(format!("the byte {byte:#04x} is no bool"))),
        }
    }
    fn field_type() -> FieldType {
        atomic(proto::AtomicType::Boolean)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
    fn typed_key() -> Option<TypedKey<Self>> {
        Some(TypedKey::native())
    }
}

/// A character, as a string of one.
impl Element for char {
    fn coder_spec() -> CoderSpec {
        String::coder_spec()
    }
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        let mut buffer = [0; 4];
        let text = self.encode_utf8(&mut buffer).as_bytes();
        match nesting {
            Nesting::Nested => wire::put_length_prefixed(out, text),
            Nesting::Outer => out.extend_from_slice(text),
        }
        Ok(())
    }
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        let mut chars = super::string::read_str(input, nesting)?.chars();
        match (chars.next(), chars.next()) {
            (Some(char), None) => Ok(char),
            _ => Err(CoderError::new("a string of other than one character is no char")),
        }
    }
    fn skip(input: &mut Reader<'_>) -> Result<(), CoderError> {
        input.skip_length_prefixed()
    }
    fn field_type() -> FieldType {
        atomic(proto::AtomicType::String)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
    fn typed_key() -> Option<TypedKey<Self>> {
        Some(TypedKey::native())
    }
}

/// A point in event time: its milliseconds; in a row, Beam's `millis_instant`.
impl Element for Timestamp {
    fn coder_spec() -> CoderSpec {
        i64::coder_spec()
    }
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        self.0.encode(out, nesting)
    }
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        i64::decode(input, nesting).map(Self)
    }
    fn field_type() -> FieldType {
        let logical = proto::LogicalType {
            urn: logical_types::MILLIS_INSTANT.into(),
            representation: Some(Box::new(i64::field_type().into_proto())),
            ..proto::LogicalType::default()
        };
        field_type(proto::field_type::TypeInfo::LogicalType(Box::new(logical)))
    }
    fn encode_field(&self, out: &mut Vec<u8>) -> Result<(), CoderError> {
        wire::put_timestamp(out, *self);
        Ok(())
    }
    fn decode_field(input: &mut Reader<'_>) -> Result<Self, CoderError> {
        input.timestamp()
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
    fn typed_key() -> Option<TypedKey<Self>> {
        Some(TypedKey::native())
    }
}

macro_rules! pointer {
    ($pointer:ident) => {
        impl<T: Element> Element for $pointer<T> {
            fn coder_spec() -> CoderSpec {
                T::coder_spec()
            }
            #[inline]
            fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
                T::encode(self, out, nesting)
            }
            #[inline]
            fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
                T::decode(input, nesting).map(Self::new)
            }
            #[inline]
            fn skip(input: &mut Reader<'_>) -> Result<(), CoderError> {
                T::skip(input)
            }
            #[inline]
            fn encode_keyed(&self, out: &mut Vec<u8>) -> Result<usize, CoderError> {
                T::encode_keyed(self, out)
            }
            fn field_type() -> FieldType {
                T::field_type()
            }
            #[inline]
            fn encode_field(&self, out: &mut Vec<u8>) -> Result<(), CoderError> {
                T::encode_field(self, out)
            }
            #[inline]
            fn decode_field(input: &mut Reader<'_>) -> Result<Self, CoderError> {
                T::decode_field(input).map(Self::new)
            }
            #[inline]
            fn is_null(&self) -> bool {
                T::is_null(self)
            }
            #[inline]
            fn null() -> Option<Self> {
                T::null().map(Self::new)
            }
            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                T::show(self, f)
            }
            fn detached(&self) -> Self {
                Self::new(T::detached(self))
            }
            #[inline]
            fn typed_key() -> Option<TypedKey<Self>> {
                T::typed_key()?;
                Some(TypedKey {
                    hash: |key| super::key::hash_part::<T>(key),
                    equal: |a, b| super::key::equal_part::<T>(a, b),
                })
            }
        }
    };
}

pointer!(Box);
pointer!(Arc);
