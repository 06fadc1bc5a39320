//! Windows: where in event time an element belongs.

mod calendar;
mod civil;
mod custom;
mod fixed;
mod function;
mod interval;
mod pane;
mod sessions;
mod standard;
mod strategy;
mod trigger;
mod value_kind;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use purlin_derive::Element;

pub use calendar::{CalendarWindows, Weekday};
pub use custom::{AssignContext, BoundedWindow, CustomWindowFn, WindowFn};
pub use fixed::{FixedWindows, GlobalWindows, SlidingWindows};
pub use function::AnyWindowFn;
pub use pane::{PaneInfo, Timing};
pub use sessions::Sessions;
pub use standard::StandardWindowFn;
pub use strategy::{AccumulationMode, EmptyPane, TimestampCombiner, WindowInto};
pub use trigger::{AfterProcessingTime, AfterWatermark, Trigger};
pub use value_kind::ValueKind;

use crate::time::Timestamp;

/// A window of event time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Element)]
#[element(crate = "purlin_sdk")]
pub enum Window {
    /// The one window of all time.
    Global,
    /// From `start`, inclusive, to `end`, exclusive.
    Interval(IntervalWindow),
    /// A window of a user's own kind: its last timestamp and its encoding.
    Custom(Timestamp, Bytes),
}

/// The half-open interval of event time `[start, end)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IntervalWindow {
    /// The first timestamp inside.
    pub start: Timestamp,
    /// The first timestamp after.
    pub end: Timestamp,
}

impl IntervalWindow {
    /// The window `[start, end)`.
    #[must_use]
    pub const fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }
}

impl From<IntervalWindow> for Window {
    fn from(window: IntervalWindow) -> Self {
        Self::Interval(window)
    }
}

impl Window {
    /// The last timestamp inside the window.
    #[must_use]
    pub fn max_timestamp(&self) -> Timestamp {
        match self {
            Self::Global => Timestamp::END_OF_GLOBAL_WINDOW,
            Self::Interval(window) => Timestamp(window.end.0.saturating_sub(1)),
            Self::Custom(max, _) => *max,
        }
    }
}

impl Window {
    /// The interval, where it is one.
    #[must_use]
    pub fn as_interval(&self) -> Option<IntervalWindow> {
        match self {
            Self::Interval(window) => Some(*window),
            _ => None,
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Global => f.write_str("global"),
            Self::Interval(window) => write!(f, "[{}, {})", window.start, window.end),
            Self::Custom(max, _) => write!(f, "until {max}"),
        }
    }
}

/// The windows of an element; nearly always one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Windows {
    /// One window.
    One(Window),
    /// Several windows, as sliding ones give; never empty.
    Many(Arc<[Window]>),
}

impl Windows {
    /// The global window alone.
    pub const GLOBAL: Self = Self::One(Window::Global);

    /// The windows.
    #[must_use]
    pub fn as_slice(&self) -> &[Window] {
        match self {
            Self::One(window) => std::slice::from_ref(window),
            Self::Many(windows) => windows,
        }
    }
}

impl From<Vec<Window>> for Windows {
    fn from(mut windows: Vec<Window>) -> Self {
        match windows.len() {
            1 => Self::One(windows.remove(0)),
            _ => Self::Many(windows.into()),
        }
    }
}

/// What an element carries beside its value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// Its event time.
    pub timestamp: Timestamp,
    /// Its windows.
    pub windows: Windows,
    /// The firing that it came from.
    pub pane: PaneInfo,
    /// Whether it is new or takes back what came before.
    pub value_kind: ValueKind,
}

impl Default for Stamp {
    fn default() -> Self {
        Self {
            timestamp: Timestamp::MIN,
            windows: Windows::GLOBAL,
            pane: PaneInfo::NO_FIRING,
            value_kind: ValueKind::Insert,
        }
    }
}
