//! Rows: the schema and the bytes of structured elements.
//!
//! A row is its field count, a bitmap of the fields that are null, and the other fields. So it can
//! grow at its end: fields that old bytes lack become null or a default.
//! **Source:** `RowCoder` in Beam's `beam_runner_api.proto`.

use std::borrow::Cow;

use prost::Message;
use purlin_proto::pipeline as proto;
use purlin_proto::pipeline::field_type::TypeInfo;
use purlin_proto::urns::coders as urns;
use sha2::{Digest, Sha256};

use super::Element;
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader, wire};

/// A field's type that is not nullable.
#[must_use]
pub(super) fn field_type(info: TypeInfo) -> FieldType {
    FieldType::from_proto(proto::FieldType { nullable: false, type_info: Some(info) })
}

/// A field's type that has no parts.
#[must_use]
pub(super) fn atomic(atomic: proto::AtomicType) -> FieldType {
    field_type(TypeInfo::AtomicType(atomic.into()))
}

/// The type of a field that is a row.
#[must_use]
pub fn row_type(schema: proto::Schema) -> FieldType {
    field_type(TypeInfo::RowType(proto::RowType { schema: Some(schema) }))
}

/// A field of a schema.
#[doc(hidden)]
#[must_use]
pub fn named_field(name: &str, field_type: FieldType) -> proto::Field {
    let r#type = Some(field_type.into_proto());
    proto::Field { name: name.to_owned(), r#type, ..proto::Field::default() }
}

/// A schema of these fields in this order, with an id that only their names and types decide.
#[doc(hidden)]
#[must_use]
pub fn schema(mut fields: Vec<proto::Field>) -> proto::Schema {
    for (id, field) in (0..).zip(&mut fields) {
        field.id = id;
        field.encoding_position = id;
    }
    identified(proto::Schema { fields, ..proto::Schema::default() })
}

/// A schema whose fields are written at these positions, which are a permutation.
#[doc(hidden)]
#[must_use]
pub fn schema_at(fields: Vec<proto::Field>, positions: &[i32]) -> proto::Schema {
    let mut schema = schema(fields);
    for (field, position) in schema.fields.iter_mut().zip(positions) {
        field.encoding_position = *position;
    }
    identified(proto::Schema { encoding_positions_set: true, id: String::new(), ..schema })
}

/// Gives a schema the id that SDKs register it by: the same in every run and on every worker.
fn identified(mut schema: proto::Schema) -> proto::Schema {
    let hash = Sha256::digest(schema.encode_to_vec());
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    // The shape of a UUID, version 8: one made by the application's own rule.
    schema.id =
        format!("{}-{}-8{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..]);
    schema
}

/// The type of a field that is an enum: the number of its variant, described by `numbers`, and the
/// data of each variant that has some.
#[must_use]
pub fn enum_type<const N: usize>(numbers: &str, variants: [(&str, FieldType); N]) -> FieldType {
    let variant = proto::Field {
        description: numbers.to_owned(),
        ..named_field("variant", atomic(proto::AtomicType::Int32))
    };
    let data = variants.map(|(name, data)| named_field(name, data.nullable()));
    row_type(schema([variant].into_iter().chain(data).collect()))
}

/// The coder of the rows of this type, and which of its fields keeps it from being a key, if any.
#[must_use]
pub fn row_spec<const N: usize>(
    row: FieldType,
    fields: [(&str, Option<Cow<'static, str>>); N],
) -> CoderSpec {
    let schema = match row.into_proto().type_info {
        Some(TypeInfo::RowType(row)) => row.schema.unwrap_or_default(),
        _ => proto::Schema::default(),
    };
    let spec = CoderSpec::new(urns::ROW, Vec::new()).payload(schema.encode_to_vec());
    match fields.into_iter().find_map(|(name, reason)| Some((name, reason?))) {
        Some((name, reason)) => spec.not_deterministic(format!("field `{name}`: {reason}")),
        None => spec,
    }
}

/// Appends what precedes a row's fields; `nulls` has one bit a field, the lowest first.
#[inline]
pub fn put_row_header(out: &mut Vec<u8>, fields: usize, nulls: &[u8]) {
    wire::put_varint(out, fields as u64);
    if nulls.iter().all(|byte| *byte == 0) {
        out.push(0);
    } else {
        wire::put_length_prefixed(out, nulls);
    }
}

/// Appends a field unless it is null, which the header says.
///
/// # Errors
/// When the value has no encoding.
#[inline]
pub fn put_field<T: Element>(
    value: &T,
    out: &mut Vec<u8>,
    name: &'static str,
) -> Result<(), CoderError> {
    if value.is_null() {
        return Ok(());
    }
    value.encode_field(out).map_err(|e| e.within(name))
}

/// Reads a row's fields one after the other, in the order of their encoding positions.
#[derive(Debug)]
pub struct RowReader<'a> {
    /// How many fields the bytes have; the reading type may know fewer or more.
    fields: usize,
    next: usize,
    nulls: &'a [u8],
}

impl<'a> RowReader<'a> {
    /// Reads what precedes the fields.
    ///
    /// # Errors
    /// When the bytes end too early, or the bitmap has more bits than there are fields.
    #[inline]
    pub fn begin(input: &mut Reader<'a>) -> Result<Self, CoderError> {
        let fields = usize::try_from(input.varint()?).unwrap_or(usize::MAX);
        let nulls = input.length_prefixed()?;
        Ok(Self { fields, next: 0, nulls })
    }

    /// The next field; null if the bytes lack it.
    ///
    /// # Errors
    /// When the bytes are no such field, or lack one that cannot be null.
    #[inline]
    pub fn field<T: Element>(
        &mut self,
        input: &mut Reader<'a>,
        name: &'static str,
    ) -> Result<T, CoderError> {
        match self.state() {
            FieldState::Here => T::decode_field(input).map_err(|e| e.within(name)),
            FieldState::Null => T::null().ok_or_else(|| null(name)),
            FieldState::Missing => T::null().ok_or_else(|| missing(name)),
        }
    }

    /// The next field; `default` if the bytes lack it.
    ///
    /// # Errors
    /// When the bytes are no such field.
    #[inline]
    pub fn field_or<T: Element>(
        &mut self,
        input: &mut Reader<'a>,
        name: &'static str,
        default: impl FnOnce() -> T,
    ) -> Result<T, CoderError> {
        match self.state() {
            FieldState::Missing => Ok(default()),
            FieldState::Here => T::decode_field(input).map_err(|e| e.within(name)),
            FieldState::Null => T::null().ok_or_else(|| null(name)),
        }
    }

    /// Whether the bytes have exactly `fields` fields, and none of them is null.
    #[inline]
    pub(crate) fn is_full(&self, fields: usize) -> bool {
        self.fields == fields && self.nulls.is_empty()
    }

    /// Moves past the data of an enum's variants, `count` nullable fields, of which only `present`
    /// must have bytes; they are read next.
    ///
    /// # Errors
    /// When another is present, or that one is not.
    #[inline]
    pub fn only(&mut self, count: usize, present: Option<usize>) -> Result<(), CoderError> {
        for field in 0..count {
            if (self.state() == FieldState::Here) != (present == Some(field)) {
                return Err(CoderError::new("the data is not that of the variant"));
            }
        }
        Ok(())
    }

    /// Whether the next field is in the bytes.
    #[inline]
    pub(crate) fn state(&mut self) -> FieldState {
        let i = self.next;
        self.next += 1;
        if i >= self.fields {
            return FieldState::Missing;
        }
        match self.nulls.get(i / 8) {
            Some(byte) if byte >> (i % 8) & 1 == 1 => FieldState::Null,
            _ => FieldState::Here,
        }
    }

    /// Ends the row after the fields that the reading type knows.
    ///
    /// Fields of a newer type behind them are dropped.
    ///
    /// # Errors
    /// When such fields have bytes and other values may follow: their types are unknown, so their
    /// end is, too.
    #[inline]
    pub fn finish(mut self, input: &mut Reader<'a>, nesting: Nesting) -> Result<(), CoderError> {
        if self.next >= self.fields {
            return Ok(());
        }
        if nesting == Nesting::Outer {
            input.take_rest();
            return Ok(());
        }
        let known = self.next;
        while self.next < self.fields {
            if self.state() != FieldState::Null {
                return Err(too_many(known, self.fields));
            }
        }
        Ok(())
    }
}

/// What the bytes of a row have of a field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FieldState {
    Here,
    Null,
    Missing,
}

/// A variant that the reading type does not have.
#[cold]
#[must_use]
pub fn unknown_variant(name: &str, variant: i32) -> CoderError {
    CoderError::new(format!("`{name}` has no variant {variant}: a newer type wrote it"))
}

#[cold]
fn null(name: &'static str) -> CoderError {
    CoderError::new("null in a field that is not nullable").within(name)
}

#[cold]
fn missing(name: &'static str) -> CoderError {
    CoderError::new(
        "the bytes were written before this field existed, and it has neither null nor a default",
    )
    .within(name)
}

#[cold]
fn too_many(known: usize, fields: usize) -> CoderError {
    CoderError::new(format!(
        "a row of {fields} fields where {known} are known: it was written by a newer type"
    ))
}
