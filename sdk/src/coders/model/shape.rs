//! A coder as a tree of the model's cases, looked up once.

use std::sync::Arc;

use purlin_proto::urns::coders as urns;

use super::RowShape;
use crate::coders::windowed::{WindowCoder, read_param_payload};
use crate::coders::{CoderError, CoderSpec};
use crate::window::Stamp;

/// What a coder reads and writes.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Bytes,
    Text,
    Bool,
    Varint,
    Double,
    /// The types that only fields of rows have.
    Byte,
    Int16,
    Int32,
    Float,
    MillisInstant,
    Decimal,
    Window(WindowShape),
    Pair(Box<(Self, Self)>),
    Iterable(Box<Self>),
    /// An iterable whose rest may be in state.
    StateBacked(Box<Self>),
    Map(Box<(Self, Self)>),
    Row(Arc<RowShape>),
    Nullable(Box<Self>),
    LengthPrefix(Box<Self>),
    ShardedKey(Box<Self>),
    Timer(Box<Self>, WindowShape),
    Windowed(Box<Self>, WindowShape),
    /// Values under one stamp, if it is of windows known here.
    ParamWindowed(Box<Self>, Option<Arc<Stamp>>),
    /// A coder outside the model; only behind a length.
    Opaque,
}

/// What a coder of windows reads and writes.
#[derive(Clone, Debug)]
pub(crate) enum WindowShape {
    Global,
    Interval,
    Custom(Box<Shape>),
}

impl Shape {
    /// The shape of a coder.
    pub(crate) fn of(spec: &CoderSpec) -> Result<Self, CoderError> {
        Ok(match spec.urn.as_ref() {
            urns::BYTES => Self::Bytes,
            urns::STRING_UTF8 => Self::Text,
            urns::BOOL => Self::Bool,
            urns::VARINT => Self::Varint,
            urns::DOUBLE => Self::Double,
            urns::KV => Self::Pair(Box::new((part(spec, 0)?, part(spec, 1)?))),
            urns::ITERABLE => Self::Iterable(boxed(spec)?),
            urns::STATE_BACKED_ITERABLE => Self::StateBacked(boxed(spec)?),
            urns::NULLABLE => Self::Nullable(boxed(spec)?),
            urns::SHARDED_KEY => Self::ShardedKey(boxed(spec)?),
            // What is not understood needs not be where its length is known.
            urns::LENGTH_PREFIX => {
                Self::LengthPrefix(Box::new(part(spec, 0).unwrap_or(Self::Opaque)))
            }
            urns::ROW => Self::Row(Arc::new(RowShape::of_payload(&spec.payload)?)),
            urns::TIMER => Self::Timer(boxed(spec)?, WindowShape::of(component(spec, 1)?)?),
            urns::WINDOWED_VALUE => {
                Self::Windowed(boxed(spec)?, WindowShape::of(component(spec, 1)?)?)
            }
            urns::PARAM_WINDOWED_VALUE => Self::param_windowed(spec)?,
            _ => Self::Window(WindowShape::of(spec)?),
        })
    }

    fn param_windowed(spec: &CoderSpec) -> Result<Self, CoderError> {
        let stamp = match WindowCoder::from_spec(component(spec, 1)?) {
            Ok(windows) => Some(Arc::new(read_param_payload(&spec.payload, &windows)?)),
            Err(_) => None,
        };
        Ok(Self::ParamWindowed(boxed(spec)?, stamp))
    }
}

impl WindowShape {
    fn of(spec: &CoderSpec) -> Result<Self, CoderError> {
        match spec.urn.as_ref() {
            urns::GLOBAL_WINDOW => Ok(Self::Global),
            urns::INTERVAL_WINDOW => Ok(Self::Interval),
            urns::CUSTOM_WINDOW => Ok(Self::Custom(boxed(spec)?)),
            urn => Err(CoderError::new(format!(
                "coder `{urn}` is not of Beam's model, and not behind a length"
            ))),
        }
    }
}

fn boxed(spec: &CoderSpec) -> Result<Box<Shape>, CoderError> {
    part(spec, 0).map(Box::new)
}

fn part(spec: &CoderSpec, index: usize) -> Result<Shape, CoderError> {
    Shape::of(component(spec, index)?)
}

fn component(spec: &CoderSpec, index: usize) -> Result<&CoderSpec, CoderError> {
    spec.components
        .get(index)
        .ok_or_else(|| CoderError::new(format!("coder `{}` lacks its part {index}", spec.urn)))
}
