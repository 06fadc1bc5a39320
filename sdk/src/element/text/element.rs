//! Text as an element: a string of the model.

use std::fmt;
use std::sync::Arc;

use super::Text;
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};
use crate::element::string::{put_bytes, read_str};
use crate::element::{Element, TypedKey};

impl Element for Text {
    fn coder_spec() -> CoderSpec {
        String::coder_spec()
    }
    #[inline]
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        put_bytes(out, self.as_bytes(), nesting);
        Ok(())
    }
    #[inline]
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        let text = read_str(input, nesting)?;
        if u32::try_from(text.len()).is_err() {
            return Err(CoderError::new("a text is longer than 4 GiB; read it as `String`"));
        }
        Ok(Self::from(text))
    }
    #[inline]
    fn skip(input: &mut Reader<'_>) -> Result<(), CoderError> {
        input.skip_length_prefixed()
    }
    fn field_type() -> FieldType {
        String::field_type()
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
    fn detached(&self) -> Self {
        if self.len() == self.block.len() {
            return Self { block: Arc::clone(&self.block), ..*self };
        }
        Self::from(self.as_str())
    }
    #[inline]
    fn typed_key() -> Option<TypedKey<Self>> {
        Some(TypedKey::native())
    }
}
