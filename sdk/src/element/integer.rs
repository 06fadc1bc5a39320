//! Integers of every width: the model's varint, or the fitting type of a row's field.

use std::fmt;

use purlin_proto::pipeline as proto;
use purlin_proto::urns::coders as urns;

use super::row::atomic;
use super::vec::bytes_as_vec;
use super::{Element, TypedKey, VecCoder};
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader, wire};

#[cold]
fn out_of_range(value: impl fmt::Display, width: &str) -> CoderError {
    CoderError::new(format!("{value} does not fit `{width}`"))
}

/// `$wide` is `i64` or `u64`, whose 64-bit image the varint is.
macro_rules! integer {
    ($($type:ident as $wide:ident, $field:ident { $put:expr, $read:expr } $($vec:expr)?;)*) => { $(
        impl Element for $type {
            fn coder_spec() -> CoderSpec {
                CoderSpec::new(urns::VARINT, Vec::new())
            }
            #[inline]
            fn encode(&self, out: &mut Vec<u8>, _: Nesting) -> Result<(), CoderError> {
                put_wide(out, $wide::from(*self));
                Ok(())
            }
            #[inline]
            fn decode(input: &mut Reader<'_>, _: Nesting) -> Result<Self, CoderError> {
                narrow(<$wide as Wide>::read(input)?)
            }
            #[inline]
            fn skip(input: &mut Reader<'_>) -> Result<(), CoderError> {
                input.skip_varint()
            }
            fn field_type() -> FieldType {
                atomic(proto::AtomicType::$field)
            }
            #[inline]
            fn encode_field(&self, out: &mut Vec<u8>) -> Result<(), CoderError> {
                let put: fn(Self, &mut Vec<u8>) = $put;
                put(*self, out);
                Ok(())
            }
            #[inline]
            fn decode_field(input: &mut Reader<'_>) -> Result<Self, CoderError> {
                let read: fn(&mut Reader<'_>) -> Result<Self, CoderError> = $read;
                read(input)
            }
            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
            #[inline]
            fn typed_key() -> Option<TypedKey<Self>> {
                Some(TypedKey::native())
            }
            $(
                #[inline]
                fn vec_coder() -> Option<VecCoder<Self>> {
                    Some($vec)
                }
            )?
        }
    )* };
}

integer! {
    i8 as i64, Byte { |n, out| out.push(n.cast_unsigned()), |input| Ok(input.u8()?.cast_signed()) };
    u8 as u64, Byte { |n, out| out.push(n), |input| input.u8() } bytes_as_vec();
    i16 as i64, Int16 {
        |n, out| out.extend_from_slice(&n.to_be_bytes()),
        |input| input.array().map(i16::from_be_bytes)
    };
    u16 as u64, Int32 { |n, out| put_int32(out, n.into()), |input| narrow(read_int32(input)?) };
    i32 as i64, Int32 { |n, out| put_int32(out, n), |input| read_int32(input) };
    u32 as u64, Int64 { |n, out| put_wide(out, i64::from(n)), |input| narrow(i64::read(input)?) };
    i64 as i64, Int64 { |n, out| put_wide(out, n), |input| i64::read(input) };
    u64 as u64, Int64 { |n, out| put_wide(out, n), |input| u64::read(input) };
}

/// The two types that a varint is the image of.
trait Wide: Copy + fmt::Display {
    fn image(self) -> u64;
    fn read(input: &mut Reader<'_>) -> Result<Self, CoderError>;
}

impl Wide for i64 {
    #[inline]
    fn image(self) -> u64 {
        self.cast_unsigned()
    }
    #[inline]
    fn read(input: &mut Reader<'_>) -> Result<Self, CoderError> {
        input.varint().map(u64::cast_signed)
    }
}

impl Wide for u64 {
    #[inline]
    fn image(self) -> u64 {
        self
    }
    #[inline]
    fn read(input: &mut Reader<'_>) -> Result<Self, CoderError> {
        input.varint()
    }
}

#[inline]
fn put_wide(out: &mut Vec<u8>, value: impl Wide) {
    wire::put_varint(out, value.image());
}

#[inline]
fn narrow<W: fmt::Display + Copy, T: TryFrom<W>>(value: W) -> Result<T, CoderError> {
    T::try_from(value).map_err(|_| out_of_range(value, std::any::type_name::<T>()))
}

/// Appends an INT32: the varint of the unsigned 32-bit image, as Java and Python write it.
#[inline]
pub(crate) fn put_int32(out: &mut Vec<u8>, value: i32) {
    wire::put_varint(out, u64::from(value.cast_unsigned()));
}

/// Reads an INT32 of either image, 32 or 64 bits: the Go SDK writes the latter.
#[inline]
pub(crate) fn read_int32(input: &mut Reader<'_>) -> Result<i32, CoderError> {
    let image = input.varint()?;
    match u32::try_from(image) {
        Ok(image) => Ok(image.cast_signed()),
        Err(_) => narrow(image.cast_signed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_out_of_range_are_refused() {
        let mut out = Vec::new();
        300i64.encode(&mut out, Nesting::Nested).expect("it is encodable");
        let error = u8::decode(&mut Reader::new(&out), Nesting::Nested).expect_err("too large");
        assert_eq!(error.to_string(), "300 does not fit `u8`");
    }

    #[test]
    fn both_images_of_a_negative_int32_are_read() {
        let mut out = Vec::new();
        put_int32(&mut out, -1);
        assert_eq!(out, [0xff, 0xff, 0xff, 0xff, 0x0f]);
        assert_eq!(i32::decode_field(&mut Reader::new(&out)), Ok(-1));
        out.clear();
        put_wide(&mut out, -1i64);
        assert_eq!(out.len(), 10);
        assert_eq!(i32::decode_field(&mut Reader::new(&out)), Ok(-1));
    }
}
