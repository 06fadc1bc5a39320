//! What can be written as a line.

use bytes::Bytes;

use crate::element::{Element, Text};

/// A value that [`write`](super::write) writes as a line: strings, text, bytes, characters,
/// numbers, and types of yours that implement it.
///
/// ```
/// use purlin_sdk::io::text::TextLine;
///
/// let mut line = Vec::new();
/// (-42i64).write_line(&mut line);
/// assert_eq!(line, b"-42");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written as a line of text",
    label = "not a `TextLine`",
    note = "make a string of it first, `.map(|value| format!(\"…\"))`; or write JSON with `io::json::write`"
)]
pub trait TextLine: Element {
    /// Appends the line, without a line end.
    fn write_line(&self, out: &mut Vec<u8>);
}

impl TextLine for String {
    #[inline]
    fn write_line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

impl TextLine for Text {
    #[inline]
    fn write_line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

impl TextLine for Bytes {
    #[inline]
    fn write_line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl TextLine for char {
    fn write_line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

impl TextLine for bool {
    fn write_line(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl TextLine for $integer {
            #[inline]
            fn write_line(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(itoa::Buffer::new().format(*self).as_bytes());
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 u8 u16 u32 u64 }

macro_rules! floats {
    ($($float:ty)*) => {$(
        impl TextLine for $float {
            fn write_line(&self, out: &mut Vec<u8>) {
                // Writing to a vector cannot fail.
                drop(std::io::Write::write_fmt(out, format_args!("{self}")));
            }
        }
    )*};
}

floats! { f32 f64 }
