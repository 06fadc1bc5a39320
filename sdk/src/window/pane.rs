//! Which firing of a window an element came from.

use purlin_derive::Element;

/// How a pane relates to the watermark.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Element)]
#[element(crate = "purlin_sdk")]
pub enum Timing {
    /// Before the watermark passed the end of the window.
    Early,
    /// When it passed.
    OnTime,
    /// After it had passed.
    Late,
    /// The element did not come from a grouping.
    Unknown,
}

/// The firing of a window that an element came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Element)]
#[element(crate = "purlin_sdk")]
pub struct PaneInfo {
    /// The first pane of its window.
    pub is_first: bool,
    /// The last pane of its window.
    pub is_last: bool,
    /// How it relates to the watermark.
    pub timing: Timing,
    /// Its number within the window, from 0. A window that was merged from others is a new one.
    pub index: i64,
    /// Its number among the panes that are not early; -1 for an early one.
    pub on_time_index: i64,
}

impl PaneInfo {
    /// The pane of an element that no grouping has seen.
    pub const NO_FIRING: Self =
        Self { is_first: true, is_last: true, timing: Timing::Unknown, index: 0, on_time_index: 0 };

    /// The pane of a window that fires once, when the watermark passes its end.
    pub const ON_TIME_AND_ONLY: Self = Self { timing: Timing::OnTime, ..Self::NO_FIRING };
}

impl Default for PaneInfo {
    fn default() -> Self {
        Self::NO_FIRING
    }
}
