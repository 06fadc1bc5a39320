//! Coders: how values become bytes, exactly as Beam's model writes them.
//!
//! [`CoderSpec`] names a coder as the model does (URN, payload, components); [`Reader`] and the
//! functions of [`wire`] are the primitives; [`Coder`] is what a user implements to write one
//! collection differently. Most types need none of it: they implement
//! [`Element`], whose coder is found by type.

mod error;
mod field_type;
pub(crate) mod items;
pub mod model;
mod pane;
pub mod skip;
mod spec;
pub mod timer;
pub mod windowed;
pub mod wire;

use std::marker::PhantomData;

pub use error::CoderError;
pub use field_type::FieldType;
pub use items::read_items;
pub use pane::{put_pane, read_pane};
pub use skip::Skipper;
pub use spec::CoderSpec;
pub use wire::Reader;

use crate::element::Element;

/// Whether other bytes may follow a value.
///
/// Only strings, byte arrays and what ends with them differ: alone they need no length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nesting {
    /// Other bytes may follow, so the encoding delimits itself.
    Nested,
    /// The value is the whole byte string.
    Outer,
}

/// Turns values of type `T` into bytes and back.
///
/// Implement it to encode one collection differently from its type's default
/// ([`PCollection::with_coder`](crate::PCollection::with_coder)).
pub trait Coder<T>: Send + Sync + 'static {
    /// The coder's name in the pipeline graph. A coder outside Beam's model must be wrapped
    /// by [`CoderSpec::length_prefixed`], so that a runner can skip its values.
    fn spec(&self) -> CoderSpec;

    /// Appends `value` to `out`.
    ///
    /// # Errors
    /// When the value has no encoding.
    fn encode(&self, value: &T, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError>;

    /// Reads one value.
    ///
    /// # Errors
    /// When the bytes are not an encoding of a `T`.
    fn decode(&self, input: &mut Reader<'_>, nesting: Nesting) -> Result<T, CoderError>;

    /// Appends `value` in the nested form and returns how many of the bytes are its key;
    /// 0 where the value is no key-value pair.
    ///
    /// # Errors
    /// When the value has no encoding.
    fn encode_keyed(&self, value: &T, out: &mut Vec<u8>) -> Result<usize, CoderError> {
        self.encode(value, out, Nesting::Nested).map(|()| 0)
    }
}

/// The coder that a type brings along by implementing [`Element`].
pub struct ElementCoder<T>(PhantomData<fn() -> T>);

impl<T> ElementCoder<T> {
    /// The coder of `T`.
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Default for ElementCoder<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Element> Coder<T> for ElementCoder<T> {
    fn spec(&self) -> CoderSpec {
        T::coder_spec()
    }
    #[inline]
    fn encode(&self, value: &T, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        value.encode(out, nesting)
    }
    #[inline]
    fn decode(&self, input: &mut Reader<'_>, nesting: Nesting) -> Result<T, CoderError> {
        T::decode(input, nesting)
    }
    #[inline]
    fn encode_keyed(&self, value: &T, out: &mut Vec<u8>) -> Result<usize, CoderError> {
        value.encode_keyed(out)
    }
}
