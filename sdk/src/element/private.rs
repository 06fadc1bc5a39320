//! What the code of `#[derive(Element)]` calls. Not a public interface.

pub use std::fmt;

pub use super::key::{equal_part, fold, hash_part};
pub use super::row::{
    RowReader, enum_type, named_field, put_field, put_row_header, row_spec, row_type, schema,
    schema_at, unknown_variant,
};
pub use super::{Element, TypedKey};
pub use crate::coders::wire::put_varint;
pub use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};
