//! Floating-point numbers.

use std::fmt;

use purlin_proto::pipeline as proto;
use purlin_proto::urns::coders as urns;

use super::Element;
use super::row::atomic;
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};

/// Why floats are no keys.
pub(crate) const NOT_A_KEY: &str = "floats have several zeros and NaNs";

impl Element for f64 {
    fn coder_spec() -> CoderSpec {
        CoderSpec::new(urns::DOUBLE, Vec::new()).not_deterministic(NOT_A_KEY)
    }
    #[inline]
    fn encode(&self, out: &mut Vec<u8>, _: Nesting) -> Result<(), CoderError> {
        out.extend_from_slice(&self.to_be_bytes());
        Ok(())
    }
    #[inline]
    fn decode(input: &mut Reader<'_>, _: Nesting) -> Result<Self, CoderError> {
        input.array().map(Self::from_be_bytes)
    }
    fn field_type() -> FieldType {
        atomic(proto::AtomicType::Double)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// As an element a double, which is what the model has; in a row a FLOAT of 4 bytes.
impl Element for f32 {
    fn coder_spec() -> CoderSpec {
        f64::coder_spec()
    }
    #[inline]
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        f64::from(*self).encode(out, nesting)
    }
    #[inline]
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        // Rounds, for doubles that other SDKs wrote.
        f64::decode(input, nesting).map(|double| double as Self)
    }
    fn field_type() -> FieldType {
        atomic(proto::AtomicType::Float)
    }
    #[inline]
    fn encode_field(&self, out: &mut Vec<u8>) -> Result<(), CoderError> {
        out.extend_from_slice(&self.to_be_bytes());
        Ok(())
    }
    #[inline]
    fn decode_field(input: &mut Reader<'_>) -> Result<Self, CoderError> {
        input.array().map(Self::from_be_bytes)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
