//! The values of a pipeline: what a type must offer to be the element of a collection.
//!
//! | type | coder | row field |
//! | --- | --- | --- |
//! | `()` | `bytes`, empty | BYTES |
//! | `bool` | `bool` | BOOLEAN |
//! | `i8`, `u8` | `varint` | BYTE |
//! | `i16` | `varint` | INT16 |
//! | `i32`, `u16` | `varint` | INT32 |
//! | `i64`, `u32`, `u64` | `varint` | INT64 |
//! | `f32`, `f64` | `double` | FLOAT, DOUBLE |
//! | `String`, `Text`, `char` | `string_utf8` | STRING |
//! | `Bytes`, `Vec<u8>` | `bytes` | BYTES |
//! | `Timestamp` | `varint` of milliseconds | logical type `millis_instant` |
//! | `Option<T>` | `nullable<T>` | the type of `T`, nullable |
//! | `Vec<T>` | `iterable<T>` | array |
//! | `BTreeMap<K, V>`, `HashMap<K, V>` | `iterable<kv<K, V>>` | map |
//! | `(A, B)` | `kv<A, B>` | row with the fields `f0`, `f1` |
//! | tuples of 3 to 8 | `row` with the fields `f0`, `f1`, … | row |
//! | derived types | `row` | row |
//! | `Box<T>`, `Arc<T>` | that of `T` | that of `T` |
//! | `Serde<T>` | `length_prefix<purlin:coder:serde:v1>` | BYTES |

mod basic;
mod float;
mod integer;
mod item;
mod key;
mod map;
mod option;
#[doc(hidden)]
pub mod private;
mod row;
mod serde;
mod string;
mod text;
mod tuple;
mod vec;

use std::fmt;

pub(crate) use integer::read_int32;
pub(crate) use item::is_present;
pub use key::TypedKey;
pub(crate) use row::{FieldState, put_field, put_row_header};
pub use serde::Serde;
pub(crate) use string::{put_bytes, read_str};
pub(crate) use text::scan;
pub use text::{Lines, Separator, Split, SplitAsciiWhitespace, Text};
pub use vec::VecCoder;

use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};

/// A value that a [`PCollection`](crate::PCollection) can hold.
///
/// Derive it for your own types, `#[derive(Clone, Element)]`: they then travel as Beam
/// *rows*, whose fields other SDKs can read. Wrap a foreign type that implements serde's traits
/// in [`Serde`].
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
    fn field_type() -> FieldType;

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

    /// How a `Vec` of this type is coded where it is not a sequence; `u8` alone has it.
    #[doc(hidden)]
    #[must_use]
    fn vec_coder() -> Option<VecCoder<Self>> {
        None
    }
}

/// How much of a value is shown in messages.
const SHOWN: usize = 200;

/// Shows an element in at most 200 characters.
pub(crate) fn shown<T: Element>(element: &T) -> String {
    struct Show<'a, T>(&'a T);
    impl<T: Element> fmt::Display for Show<'_, T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.show(f)
        }
    }
    let mut text = Cut { text: String::new(), left: SHOWN };
    if fmt::Write::write_fmt(&mut text, format_args!("{}", Show(element))).is_err() {
        text.text.push('…');
    }
    text.text
}

/// A string that stops its writer when it is full, so that a huge value is not shown whole first.
struct Cut {
    text: String,
    left: usize,
}

impl fmt::Write for Cut {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        match part.char_indices().nth(self.left) {
            Some((end, _)) => {
                self.text.push_str(&part[..end]);
                self.left = 0;
                Err(fmt::Error)
            }
            None => {
                self.text.push_str(part);
                self.left -= part.chars().count();
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_shown_in_part() {
        assert_eq!(shown(&vec![1i64, 2]), "[1, 2]");
        assert_eq!(shown(&"ä".repeat(500)), format!("\"{}…", "ä".repeat(199)));
    }
}
