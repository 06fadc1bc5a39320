//! What comes out of a grouping.

use bytes::Bytes;
use purlin_sdk::{PaneInfo, Timestamp, Window};

/// What a pane is to those who have seen earlier panes of its window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PaneKind {
    /// It takes nothing back.
    Insert,
    /// It takes an earlier pane back, of which it is a copy.
    UpdateBefore,
    /// It stands in for those that were just taken back.
    UpdateAfter,
}

/// A pane of one key and window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Pane {
    pub(crate) window: Window,
    pub(crate) timestamp: Timestamp,
    pub(crate) info: PaneInfo,
    pub(crate) kind: PaneKind,
    /// How many encoded values follow one another in `values`.
    pub(crate) count: u64,
    pub(crate) values: Vec<Bytes>,
}

/// What came out of a grouping.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Panes {
    pub(crate) panes: Vec<Pane>,
    /// How many elements, once for each window, came after the expiry of the window.
    pub(crate) dropped_due_to_lateness: u64,
    /// How many elements, once for each window, came after the trigger of the window had finished.
    pub(crate) dropped_due_to_closed_window: u64,
}
