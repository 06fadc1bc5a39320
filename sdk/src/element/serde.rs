//! Foreign types as elements, through serde.

use std::fmt;
use std::ops::{Deref, DerefMut};

use purlin_proto::pipeline as proto;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Element;
use super::row::atomic;
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader, wire};

/// The coder of the bytes behind the length.
const SERDE_CODER: &str = "purlin:coder:serde:v1";

/// A value of a foreign type that implements serde's traits, as an element.
///
/// It is written as `MessagePack` with field names, so `#[serde(default)]` lets a type grow. Other
/// SDKs see bytes, and it cannot be a key: serde promises no one encoding of equal values.
///
/// Messages show it as JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Serde<T>(pub T);

impl<T> Deref for Serde<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Serde<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Serde<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> Element for Serde<T>
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    fn coder_spec() -> CoderSpec {
        CoderSpec::length_prefixed(
            CoderSpec::new(SERDE_CODER, Vec::new())
                .not_deterministic("serde promises no one encoding of equal values"),
        )
    }
    fn encode(&self, out: &mut Vec<u8>, _: Nesting) -> Result<(), CoderError> {
        let start = out.len();
        rmp_serde::encode::write_named(out, &self.0)
            .map_err(|e| CoderError::new(e.to_string()).within("serde"))?;
        // The length is known only now: it moves in before the value.
        let mut length = Vec::with_capacity(5);
        wire::put_varint(&mut length, (out.len() - start) as u64);
        out.splice(start..start, length);
        Ok(())
    }
    fn decode(input: &mut Reader<'_>, _: Nesting) -> Result<Self, CoderError> {
        rmp_serde::from_slice(input.length_prefixed()?)
            .map(Self)
            .map_err(|e| CoderError::new(e.to_string()).within("serde"))
    }
    fn skip(input: &mut Reader<'_>) -> Result<(), CoderError> {
        input.skip_length_prefixed()
    }
    fn field_type() -> FieldType {
        atomic(proto::AtomicType::Bytes)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match serde_json::to_string(&self.0) {
            Ok(json) => f.write_str(&json),
            Err(_) => f.write_str("a value that JSON cannot show"),
        }
    }
}
