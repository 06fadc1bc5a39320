//! Values that may be absent.

use std::fmt;

use super::item::is_present;
use super::key::{equal_part, fold, hash_part};
use super::row::{RowReader, named_field, put_row_header, row_type, schema};
use super::{Element, TypedKey};
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};

impl<T: Element> Element for Option<T> {
    fn coder_spec() -> CoderSpec {
        CoderSpec::nullable(T::coder_spec())
    }
    #[inline]
    fn encode(&self, out: &mut Vec<u8>, _: Nesting) -> Result<(), CoderError> {
        out.push(u8::from(self.is_some()));
        match self {
            Some(value) => value.encode(out, Nesting::Nested).map_err(|e| e.within("nullable")),
            None => Ok(()),
        }
    }
    #[inline]
    fn decode(input: &mut Reader<'_>, _: Nesting) -> Result<Self, CoderError> {
        if !is_present(input)? {
            return Ok(None);
        }
        T::decode(input, Nesting::Nested).map(Some).map_err(|e| e.within("nullable"))
    }
    #[inline]
    fn skip(input: &mut Reader<'_>) -> Result<(), CoderError> {
        if is_present(input)? { T::skip(input) } else { Ok(()) }
    }
    /// A row's field has one null, so an option of an option is a nullable row of one field.
    fn field_type() -> FieldType {
        let inner = T::field_type();
        if inner.is_nullable() {
            return row_type(schema(vec![named_field("value", inner)])).nullable();
        }
        inner.nullable()
    }
    #[inline]
    fn encode_field(&self, out: &mut Vec<u8>) -> Result<(), CoderError> {
        let Some(value) = self else {
            return Err(CoderError::new("a null has no bytes of its own"));
        };
        if T::null().is_some() {
            let is_null = value.is_null();
            put_row_header(out, 1, &[u8::from(is_null)]);
            if is_null {
                return Ok(());
            }
        }
        value.encode_field(out)
    }
    #[inline]
    fn decode_field(input: &mut Reader<'_>) -> Result<Self, CoderError> {
        if T::null().is_none() {
            return T::decode_field(input).map(Some);
        }
        let mut row = RowReader::begin(input)?;
        let value = row.field(input, "value")?;
        row.finish(input, Nesting::Nested)?;
        Ok(Some(value))
    }
    #[inline]
    fn is_null(&self) -> bool {
        self.is_none()
    }
    #[inline]
    fn null() -> Option<Self> {
        Some(None)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Some(value) => {
                f.write_str("Some(")?;
                value.show(f)?;
                f.write_str(")")
            }
            None => f.write_str("None"),
        }
    }
    fn detached(&self) -> Self {
        self.as_ref().map(T::detached)
    }
    #[inline]
    fn typed_key() -> Option<TypedKey<Self>> {
        T::typed_key()?;
        Some(TypedKey {
            hash: |key: &Self| key.as_ref().map_or(1, |value| fold(2, hash_part(value))),
            equal: |a, b| match (a, b) {
                (Some(a), Some(b)) => equal_part(a, b),
                (a, b) => a.is_none() && b.is_none(),
            },
        })
    }
}
