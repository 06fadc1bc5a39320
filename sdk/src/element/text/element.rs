//! Text as an element: a string of the model.

use std::fmt;

use super::{Form, Text};
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};
use crate::element::key::hash_native;
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
        match &self.0 {
            Form::Shared(shared) if shared.as_bytes().len() < shared.block.len() => {
                Self::from(self.as_str())
            }
            _ => self.clone(),
        }
    }
    #[inline]
    fn typed_key() -> Option<TypedKey<Self>> {
        let hash = |text: &Self| match text.short() {
            Some(short) => short.hash(),
            None => hash_native(text.as_bytes()),
        };
        Some(TypedKey { hash, equal: |one, other| one == other })
    }
}
