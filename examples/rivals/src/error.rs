//! What ends a program early.

use std::io;

/// Why there is no output.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The result of a program.
pub type Result<T = ()> = std::result::Result<T, Error>;

/// The failure for bytes that are not text.
pub(crate) fn not_utf8(error: std::str::Utf8Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
