//! Any coder of Beam's model at work on values whose type is known only at run time.
//!
//! A runner shows sample elements with it, and tests compare the typed coders with it. Data on its
//! way through a pipeline never takes this path: it is typed in the SDK and bytes in a runner.

mod decode;
mod encode;
mod row;
mod shape;
mod value;

pub(crate) use row::RowShape;
pub(crate) use shape::{Shape, WindowShape};
pub use value::{Timer, TimerSetting, Value};

use super::{CoderError, CoderSpec, Nesting, Reader};

/// A coder of Beam's model.
#[derive(Clone, Debug)]
pub struct ModelCoder {
    shape: Shape,
}

impl ModelCoder {
    /// The coder of this name. Coders outside the model are known only behind a length, and their
    /// values are opaque.
    ///
    /// # Errors
    /// When a coder is unknown and not behind a length, or has not the parts it needs.
    pub fn new(spec: &CoderSpec) -> Result<Self, CoderError> {
        Shape::of(spec).map(|shape| Self { shape })
    }

    /// Reads one value.
    ///
    /// # Errors
    /// When the bytes are not the encoding of one.
    pub fn decode(&self, input: &mut Reader<'_>, nesting: Nesting) -> Result<Value, CoderError> {
        decode::decode(&self.shape, input, nesting)
    }

    /// Appends one value.
    ///
    /// # Errors
    /// When the value is of another kind than this coder's.
    pub fn encode(
        &self,
        value: &Value,
        out: &mut Vec<u8>,
        nesting: Nesting,
    ) -> Result<(), CoderError> {
        encode::encode(&self.shape, value, out, nesting)
    }
}
