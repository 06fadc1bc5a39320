//! The values of a pipeline: what a type must offer to be the element of a collection.

use std::fmt;

use bytes::Bytes;
use purlin_proto::pipeline as proto;

use crate::coders::{CoderError, CoderSpec, Nesting, Reader};

/// A value that a [`PCollection`](crate::PCollection) can hold.
///
/// Derive it for your own types, `#[derive(Clone, Element)]`: they then travel as Beam
/// *rows*, whose fields other SDKs can read. Wrap a foreign type that implements serde's traits
/// in [`Serde`](crate::Serde).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an element of a PCollection",
    label = "not an `Element`",
    note = "derive it: `#[derive(Clone, Element)]`, or wrap a foreign serde type in `Serde<{Self}>`"
)]
pub trait Element: Clone + Send + Sync + 'static {
    /// How the coder of this type is named in a pipeline graph.
    fn coder_spec() -> CoderSpec;

    /// Appends this value.
    ///
    /// # Errors
    /// When the value has no encoding.
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError>;

    /// Reads a value.
    ///
    /// # Errors
    /// When the bytes are not an encoding of this type.
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError>;

    /// Moves past a value in the nested form.
    ///
    /// # Errors
    /// When the bytes are not an encoding of this type.
    fn skip(input: &mut Reader<'_>) -> Result<(), CoderError> {
        Self::decode(input, Nesting::Nested).map(drop)
    }

    /// Appends this value in the nested form and returns the length of its key, 0 for what is no
    /// key-value pair.
    ///
    /// # Errors
    /// When the value has no encoding.
    fn encode_keyed(&self, out: &mut Vec<u8>) -> Result<usize, CoderError> {
        self.encode(out, Nesting::Nested).map(|()| 0)
    }

    /// The type of a row's field that holds this type.
    fn field_type() -> proto::FieldType;

    /// Appends this value as a row's field; as nested unless the model says otherwise.
    ///
    /// # Errors
    /// When the value has no encoding.
    fn encode_field(&self, out: &mut Vec<u8>) -> Result<(), CoderError> {
        self.encode(out, Nesting::Nested)
    }

    /// Reads a row's field.
    ///
    /// # Errors
    /// When the bytes are not an encoding of this type.
    fn decode_field(input: &mut Reader<'_>) -> Result<Self, CoderError> {
        Self::decode(input, Nesting::Nested)
    }

    /// Whether this is the null of a nullable field, which a row marks in its bitmap.
    fn is_null(&self) -> bool {
        false
    }

    /// The value of a field that is null or that old bytes lack; `None` where the type has none.
    fn null() -> Option<Self> {
        None
    }

    /// Shows the value in messages to users.
    ///
    /// # Errors
    /// When the formatter fails.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// This value as it is kept for long, such as a key in a table: without holding on to a larger
    /// buffer that it is a part of.
    #[must_use]
    fn detached(&self) -> Self {
        self.clone()
    }

    /// The typed key operation, where equality and hash of this type agree with its encoded bytes:
    /// then grouping needs no encoding.
    #[must_use]
    fn typed_key() -> Option<TypedKey<Self>> {
        None
    }

    /// The coder of a `Vec` of this type; `u8` alone differs.
    #[doc(hidden)]
    fn vec_coder_spec() -> CoderSpec {
        CoderSpec::iterable(Self::coder_spec())
    }
}

/// Hash and equality of keys that agree with their encoded bytes.
pub struct TypedKey<K> {
    /// A hash: equal for keys of equal bytes.
    pub hash: fn(&K) -> u64,
    /// Whether the keys' bytes are equal.
    pub equal: fn(&K, &K) -> bool,
}

/// Shows an element in at most 200 characters.
pub(crate) fn shown<T: Element>(element: &T) -> String {
    struct Show<'a, T>(&'a T);
    impl<T: Element> fmt::Display for Show<'_, T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.show(f)
        }
    }
    let text = Show(element).to_string();
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// Bytes as an element: `beam:coder:bytes:v1`.
pub type ByteString = Bytes;
