//! Sequences, and `Vec<u8>`, which is a byte string.

use std::fmt;

use bytes::Bytes;
use purlin_proto::pipeline as proto;

use super::item::{put_item, read_item};
use super::row::field_type;
use super::string::{put_bytes, read_bytes};
use super::{Element, TypedKey};
use crate::coders::items::{put_items, read_vec};
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader, read_items};

/// How a `Vec` is coded that is not a sequence.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct VecCoder<T: Element> {
    spec: fn() -> CoderSpec,
    field_type: fn() -> FieldType,
    put: fn(&[T], &mut Vec<u8>, Nesting),
    read: fn(&mut Reader<'_>, Nesting) -> Result<Vec<T>, CoderError>,
    show: fn(&[T], &mut fmt::Formatter<'_>) -> fmt::Result,
    key: TypedKey<Vec<T>>,
}

/// How a `Vec<u8>` is coded.
#[inline]
pub(super) fn bytes_as_vec() -> VecCoder<u8> {
    VecCoder {
        spec: Bytes::coder_spec,
        field_type: Bytes::field_type,
        put: |bytes, out, nesting| put_bytes(out, bytes, nesting),
        read: |input, nesting| read_bytes(input, nesting).map(<[u8]>::to_vec),
        show: |bytes, f| write!(f, "{:?}", bytes.escape_ascii().to_string()),
        key: TypedKey::native(),
    }
}

impl<T: Element> Element for Vec<T> {
    fn coder_spec() -> CoderSpec {
        match T::vec_coder() {
            Some(coder) => (coder.spec)(),
            None => CoderSpec::iterable(T::coder_spec()),
        }
    }
    #[inline]
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        if let Some(coder) = T::vec_coder() {
            (coder.put)(self, out, nesting);
            return Ok(());
        }
        put_items(self, out, |item, out| item.encode(out, Nesting::Nested))
    }
    #[inline]
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        match T::vec_coder() {
            Some(coder) => (coder.read)(input, nesting),
            None => read_vec(input, |input| T::decode(input, Nesting::Nested)),
        }
    }
    #[inline]
    fn skip(input: &mut Reader<'_>) -> Result<(), CoderError> {
        match T::vec_coder() {
            Some(_) => input.skip_length_prefixed(),
            None => read_items(input, T::skip).map(drop),
        }
    }
    fn field_type() -> FieldType {
        if let Some(coder) = T::vec_coder() {
            return (coder.field_type)();
        }
        let array = proto::ArrayType { element_type: Some(Box::new(T::field_type().into_proto())) };
        field_type(proto::field_type::TypeInfo::ArrayType(Box::new(array)))
    }
    #[inline]
    fn encode_field(&self, out: &mut Vec<u8>) -> Result<(), CoderError> {
        match T::vec_coder() {
            Some(_) => self.encode(out, Nesting::Nested),
            None => put_items(self, out, put_item),
        }
    }
    #[inline]
    fn decode_field(input: &mut Reader<'_>) -> Result<Self, CoderError> {
        match T::vec_coder() {
            Some(_) => Self::decode(input, Nesting::Nested),
            None => read_vec(input, read_item),
        }
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match T::vec_coder() {
            Some(coder) => (coder.show)(self, f),
            None => {
                f.write_str("[")?;
                for (i, item) in self.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { ", " })?;
                    item.show(f)?;
                }
                f.write_str("]")
            }
        }
    }
    fn detached(&self) -> Self {
        self.iter().map(T::detached).collect()
    }
    #[inline]
    fn typed_key() -> Option<TypedKey<Self>> {
        T::vec_coder().map(|coder| coder.key)
    }
}
