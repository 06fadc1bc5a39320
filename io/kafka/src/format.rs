//! How keys and values become bytes and back.
//!
//! | type | bytes | null |
//! | --- | --- | --- |
//! | `String`, `Text` | UTF-8 | refused |
//! | `Bytes`, `Vec<u8>` | as they are | refused |
//! | `i16`, `i32`, `i64`, `u64`, `f32`, `f64` | big-endian, as Kafka's own Java serialisers | refused |
//! | [`Json<T>`](crate::Json) | JSON text | refused |
//! | `()` | read: ignored; written: null | accepted |
//! | `Option<F>` | those of `F` | `None` |
//!
//! A null value is a tombstone: compaction removes its key. Keys are null wherever a producer gave
//! none, so read a topic of unknown origin as `Option<String>`, or ignore its keys with `()`.

use std::borrow::Cow;

use bytes::Bytes;
use purlin_sdk::{BoxError, Element, Text};

const NULL: &str = "it is null; read an `Option` of its type, or `()` to ignore it";

/// How a key or value is read: a type parameter of [`read`](crate::read).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a Kafka record",
    note = "read JSON as `Json<{Self}>`, or implement `FromKafka` for it"
)]
pub trait FromKafka: 'static {
    /// What becomes of it.
    type Value: Element;

    /// Reads a key or value; `None` is Kafka's null.
    ///
    /// # Errors
    /// When these bytes are none of this format; topic, partition and offset are added.
    fn from_kafka(bytes: Option<&[u8]>) -> Result<Self::Value, BoxError>;
}

/// How a key or value is written by [`write`](crate::write).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written to a Kafka record",
    note = "write JSON by `.map_values(Json)`, or implement `ToKafka` for it"
)]
pub trait ToKafka {
    /// The bytes; `None` is Kafka's null.
    ///
    /// # Errors
    /// When this value has no form in this format.
    fn to_kafka(&self) -> Result<Option<Cow<'_, [u8]>>, BoxError>;
}

/// The bytes of what must not be null.
pub(crate) fn not_null(bytes: Option<&[u8]>) -> Result<&[u8], BoxError> {
    bytes.ok_or_else(|| NULL.into())
}

impl FromKafka for String {
    type Value = Self;
    fn from_kafka(bytes: Option<&[u8]>) -> Result<Self, BoxError> {
        Ok(std::str::from_utf8(not_null(bytes)?)?.to_owned())
    }
}

impl FromKafka for Text {
    type Value = Self;
    fn from_kafka(bytes: Option<&[u8]>) -> Result<Self, BoxError> {
        Ok(std::str::from_utf8(not_null(bytes)?)?.into())
    }
}

impl FromKafka for Bytes {
    type Value = Self;
    fn from_kafka(bytes: Option<&[u8]>) -> Result<Self, BoxError> {
        Ok(Self::copy_from_slice(not_null(bytes)?))
    }
}

impl FromKafka for Vec<u8> {
    type Value = Self;
    fn from_kafka(bytes: Option<&[u8]>) -> Result<Self, BoxError> {
        Ok(not_null(bytes)?.to_vec())
    }
}

impl FromKafka for () {
    type Value = Self;
    fn from_kafka(_: Option<&[u8]>) -> Result<Self, BoxError> {
        Ok(())
    }
}

impl<F: FromKafka> FromKafka for Option<F> {
    type Value = Option<F::Value>;
    fn from_kafka(bytes: Option<&[u8]>) -> Result<Self::Value, BoxError> {
        bytes.map(|bytes| F::from_kafka(Some(bytes))).transpose()
    }
}

macro_rules! borrowed {
    ($($type:ty: $as_bytes:ident),*) => {$(
        impl ToKafka for $type {
            fn to_kafka(&self) -> Result<Option<Cow<'_, [u8]>>, BoxError> {
                Ok(Some(Cow::Borrowed(self.$as_bytes())))
            }
        }
    )*};
}

borrowed!(String: as_bytes, Text: as_bytes, Bytes: as_ref, Vec<u8>: as_slice);

impl ToKafka for () {
    fn to_kafka(&self) -> Result<Option<Cow<'_, [u8]>>, BoxError> {
        Ok(None)
    }
}

impl<F: ToKafka> ToKafka for Option<F> {
    fn to_kafka(&self) -> Result<Option<Cow<'_, [u8]>>, BoxError> {
        self.as_ref().map_or(Ok(None), F::to_kafka)
    }
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl FromKafka for $type {
            type Value = Self;
            fn from_kafka(bytes: Option<&[u8]>) -> Result<Self, BoxError> {
                let bytes = not_null(bytes)?;
                let array = bytes.try_into().map_err(|_| {
                    format!("{} bytes where {} are a number", bytes.len(), size_of::<Self>())
                })?;
                Ok(Self::from_be_bytes(array))
            }
        }
        impl ToKafka for $type {
            fn to_kafka(&self) -> Result<Option<Cow<'_, [u8]>>, BoxError> {
                Ok(Some(Cow::Owned(self.to_be_bytes().to_vec())))
            }
        }
    )*};
}

number!(i16, i32, i64, u64, f32, f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_is_refused_unless_the_type_has_one() {
        assert!(String::from_kafka(None).unwrap_err().to_string().contains("`Option`"));
        assert_eq!(Option::<String>::from_kafka(None).unwrap(), None);
        assert_eq!(Option::<String>::from_kafka(Some(b"")).unwrap(), Some(String::new()));
        <()>::from_kafka(None).unwrap();
        assert_eq!(None::<String>.to_kafka().unwrap(), None);
    }

    #[test]
    fn numbers_are_those_of_kafkas_java_serialisers() {
        assert_eq!(258i64.to_kafka().unwrap().unwrap().as_ref(), [0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(i32::from_kafka(Some(&[0, 0, 1, 2])).unwrap(), 258);
        assert!(i32::from_kafka(Some(b"258")).unwrap_err().to_string().contains("3 bytes"));
    }

    #[test]
    fn text_must_be_utf_8() {
        String::from_kafka(Some(&[0xff])).unwrap_err();
    }
}
