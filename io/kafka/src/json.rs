//! Keys and values as JSON.

use std::borrow::Cow;
use std::fmt;

use purlin_sdk::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};
use purlin_sdk::{BoxError, Element};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::format::{FromKafka, ToKafka, not_null};

/// JSON text.
///
/// Read: `read::<String, Json<Click>>(…)` gives pairs of a `String` and a `Click`.
/// Written: `clicks.map_values(Json).apply(write(…))`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Json<T>(pub T);

impl<T: Element + DeserializeOwned> FromKafka for Json<T> {
    type Value = T;
    fn from_kafka(bytes: Option<&[u8]>) -> Result<T, BoxError> {
        Ok(serde_json::from_slice(not_null(bytes)?)?)
    }
}

impl<T: Serialize> ToKafka for Json<T> {
    fn to_kafka(&self) -> Result<Option<Cow<'_, [u8]>>, BoxError> {
        Ok(Some(Cow::Owned(serde_json::to_vec(&self.0)?)))
    }
}

/// Between transforms it is encoded as what it holds.
impl<T: Element> Element for Json<T> {
    fn coder_spec() -> CoderSpec {
        T::coder_spec()
    }
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        self.0.encode(out, nesting)
    }
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        T::decode(input, nesting).map(Self)
    }
    fn skip(input: &mut Reader<'_>) -> Result<(), CoderError> {
        T::skip(input)
    }
    fn field_type() -> FieldType {
        T::field_type()
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(f)
    }
}
