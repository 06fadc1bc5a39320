//! Values of any coder of the model.

use std::sync::Arc;

use bytes::Bytes;

use crate::time::Timestamp;
use crate::window::{PaneInfo, Stamp, Window, Windows};

/// A value of a coder of Beam's model.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum Value {
    /// The absent value of a nullable coder or field.
    Null,
    /// A bool.
    Bool(bool),
    /// An integer of any width.
    Int(i64),
    /// A double, or the FLOAT of a row.
    Float(f64),
    /// A string.
    Text(String),
    /// A byte string.
    Bytes(Bytes),
    /// The logical type `millis_instant` of a row.
    Timestamp(Timestamp),
    /// The logical type `decimal` of a row: a big-endian two's complement integer, divided by ten
    /// to the power of `scale`.
    Decimal {
        /// How many of the digits are behind the point.
        scale: i64,
        /// All digits.
        unscaled: Bytes,
    },
    /// A key and its value.
    Pair(Box<(Self, Self)>),
    /// A sequence.
    List(Vec<Self>),
    /// A sequence of which only the first elements are here; a runner's state has the rest.
    Continued {
        /// The elements that are here.
        first: Vec<Self>,
        /// Names the state cell.
        token: Bytes,
    },
    /// The map of a row, in the order of the bytes.
    Map(Vec<(Self, Self)>),
    /// A row: names and values in the order of the schema.
    Row(Vec<(Arc<str>, Self)>),
    /// A window. One of a custom kind has its encoding as bytes.
    Window(Window),
    /// A timer.
    Timer(Box<Timer>),
    /// A value with timestamp, windows and pane.
    Windowed(Box<(Stamp, Self)>),
    /// A shard and a key.
    ShardedKey(Bytes, Box<Self>),
    /// What a coder outside the model wrote.
    Opaque(Bytes),
}

impl Value {
    /// What kind of value it is, in a word.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "integer",
            Self::Float(_) => "float",
            Self::Text(_) => "string",
            Self::Bytes(_) => "byte string",
            Self::Timestamp(_) => "timestamp",
            Self::Decimal { .. } => "decimal",
            Self::Pair(_) => "pair",
            Self::List(_) | Self::Continued { .. } => "sequence",
            Self::Map(_) => "map",
            Self::Row(_) => "row",
            Self::Window(_) => "window",
            Self::Timer(_) => "timer",
            Self::Windowed(_) => "windowed value",
            Self::ShardedKey(..) => "sharded key",
            Self::Opaque(_) => "opaque value",
        }
    }
}

/// A timer as it travels between runner and worker.
#[derive(Clone, PartialEq, Debug)]
pub struct Timer {
    /// The key whose timer it is.
    pub key: Value,
    /// Tells apart timers of one family and key.
    pub tag: String,
    /// The windows that it is set in.
    pub windows: Windows,
    /// When it fires; `None` clears it.
    pub set: Option<TimerSetting>,
}

/// When a timer fires.
#[derive(Clone, PartialEq, Debug)]
pub struct TimerSetting {
    /// When it fires, in its time domain.
    pub fire: Timestamp,
    /// The timestamp of its outputs, which holds the watermark.
    pub hold: Timestamp,
    /// The pane of the element that set it.
    pub pane: PaneInfo,
}
