//! The shape of a row, compiled from its schema.

use std::sync::Arc;

use prost::Message;
use purlin_proto::pipeline::field_type::TypeInfo;
use purlin_proto::pipeline::{AtomicType, FieldType, LogicalType, Schema};
use purlin_proto::urns::logical_types;

use super::Shape;
use crate::coders::CoderError;

/// What a row reads and writes.
#[derive(Clone, Debug)]
pub(crate) struct RowShape {
    /// In the order of the schema.
    pub(crate) fields: Vec<FieldShape>,
    /// The fields' indices in the order of the bytes.
    pub(crate) order: Vec<usize>,
}

/// What a field reads and writes.
#[derive(Clone, Debug)]
pub(crate) struct FieldShape {
    pub(crate) name: Arc<str>,
    pub(crate) shape: Shape,
    pub(crate) nullable: bool,
}

impl RowShape {
    /// The row of an encoded schema, the payload of its coder.
    pub(super) fn of_payload(payload: &[u8]) -> Result<Self, CoderError> {
        let schema = Schema::decode(payload).map_err(|e| {
            CoderError::new(format!("the payload of a row coder is no schema: {e}"))
        })?;
        Self::of(&schema)
    }

    fn of(schema: &Schema) -> Result<Self, CoderError> {
        let field = |field: &purlin_proto::pipeline::Field| {
            let (shape, nullable) =
                field_shape(field.r#type.as_ref()).map_err(|e| e.within(field.name.clone()))?;
            Ok(FieldShape { name: field.name.as_str().into(), shape, nullable })
        };
        let fields: Result<Vec<_>, CoderError> = schema.fields.iter().map(field).collect();
        let fields = fields?;
        let mut order: Vec<usize> = (0..fields.len()).collect();
        if schema.encoding_positions_set {
            order.sort_by_key(|i| schema.fields[*i].encoding_position);
        }
        Ok(Self { fields, order })
    }
}

/// The shape of a field's type, and whether it is nullable.
fn field_shape(field: Option<&FieldType>) -> Result<(Shape, bool), CoderError> {
    let field = field.ok_or_else(|| CoderError::new("a schema lacks a type"))?;
    let info = field.type_info.as_ref().ok_or_else(|| CoderError::new("a schema lacks a type"))?;
    let shape = match info {
        TypeInfo::AtomicType(atomic) => atomic_shape(*atomic)?,
        TypeInfo::ArrayType(array) => Shape::Iterable(item(array.element_type.as_deref())?),
        TypeInfo::IterableType(items) => Shape::Iterable(item(items.element_type.as_deref())?),
        TypeInfo::MapType(map) => Shape::Map(Box::new((
            *item(map.key_type.as_deref())?,
            *item(map.value_type.as_deref())?,
        ))),
        TypeInfo::RowType(row) => {
            let schema = row.schema.as_ref();
            let schema = schema.ok_or_else(|| CoderError::new("a row type lacks its schema"))?;
            Shape::Row(Arc::new(RowShape::of(schema)?))
        }
        TypeInfo::LogicalType(logical) => logical_shape(logical)?,
    };
    Ok((shape, field.nullable))
}

/// The shape of a container's item, which marks null itself.
fn item(field: Option<&FieldType>) -> Result<Box<Shape>, CoderError> {
    let (shape, nullable) = field_shape(field)?;
    Ok(Box::new(if nullable { Shape::Nullable(Box::new(shape)) } else { shape }))
}

fn atomic_shape(atomic: i32) -> Result<Shape, CoderError> {
    Ok(match AtomicType::try_from(atomic) {
        Ok(AtomicType::Byte) => Shape::Byte,
        Ok(AtomicType::Int16) => Shape::Int16,
        Ok(AtomicType::Int32) => Shape::Int32,
        Ok(AtomicType::Int64) => Shape::Varint,
        Ok(AtomicType::Float) => Shape::Float,
        Ok(AtomicType::Double) => Shape::Double,
        Ok(AtomicType::String) => Shape::Text,
        Ok(AtomicType::Boolean) => Shape::Bool,
        Ok(AtomicType::Bytes) => Shape::Bytes,
        Ok(AtomicType::Unspecified) | Err(_) => {
            return Err(CoderError::new(format!("a schema has the unknown type {atomic}")));
        }
    })
}

/// Two logical types have bytes of their own; all others have those of what represents them.
fn logical_shape(logical: &LogicalType) -> Result<Shape, CoderError> {
    match logical.urn.as_str() {
        logical_types::MILLIS_INSTANT => Ok(Shape::MillisInstant),
        logical_types::DECIMAL => Ok(Shape::Decimal),
        _ => field_shape(logical.representation.as_deref()).map(|(shape, _)| shape),
    }
}
