//! What is wrong with bytes or a value, and where inside the coder.

use std::borrow::Cow;
use std::fmt;

use crate::error::Failure;

/// Bytes that no value encodes to, or a value without an encoding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CoderError {
    message: String,
    /// Innermost component first.
    path: Vec<Cow<'static, str>>,
}

impl CoderError {
    /// An error with a message; [`CoderError::within`] adds where.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), path: Vec::new() }
    }

    /// This error seen from the coder around it: `component` is the part that was being coded.
    #[must_use]
    pub fn within(mut self, component: impl Into<Cow<'static, str>>) -> Self {
        self.path.push(component.into());
        self
    }

    /// The path through the coder, outermost first, such as `kv.value.iterable[3]`.
    #[must_use]
    pub fn path(&self) -> String {
        let parts: Vec<_> = self.path.iter().rev().map(AsRef::as_ref).collect();
        parts.join(".")
    }
}

impl fmt::Display for CoderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{} at `{}`", self.message, self.path())
    }
}

impl std::error::Error for CoderError {}

impl From<CoderError> for Box<Failure> {
    fn from(error: CoderError) -> Self {
        Failure::from_error(&error)
    }
}
