//! Session windows.

use std::time::Duration;

use super::fixed::interval;
use super::{IntervalWindow, Window};
use crate::time::{Timestamp, millis};

/// Windows that each hold the activity of a key: elements belong together while there is less than
/// a gap between one and the next.
///
/// An element at `t` is put into `[t, t + gap)`, and the grouping that follows merges the windows
/// of a key that overlap.
///
/// A session that grows is another window: the numbers of its panes begin again at 0, and the next
/// one is a first pane, whatever the sessions have put out that it is merged from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sessions {
    pub(crate) gap_ms: i64,
}

impl Sessions {
    /// Sessions that end after `gap` without an element.
    #[must_use]
    pub fn with_gap(gap: Duration) -> Self {
        Self { gap_ms: millis(gap) }
    }

    pub(super) fn assign(self, timestamp: Timestamp) -> Window {
        interval(timestamp.0, self.gap_ms)
    }
}

impl IntervalWindow {
    /// The windows to merge so that none overlap any more, each with those that it is merged from:
    /// what a window function that merges as [`Sessions`] do returns from
    /// [`WindowFn::merge`](crate::WindowFn::merge). Windows that overlap no other are left out, and
    /// so are copies.
    #[must_use]
    pub fn merge_overlapping(windows: &[Self]) -> Vec<(Self, Vec<Self>)> {
        let mut sorted = windows.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut groups: Vec<(Self, Vec<Self>)> = Vec::new();
        for window in sorted {
            match groups.last_mut() {
                Some((merged, parts)) if window.start < merged.end => {
                    merged.end = merged.end.max(window.end);
                    parts.push(window);
                }
                _ => groups.push((window, vec![window])),
            }
        }
        groups.retain(|(_, parts)| parts.len() > 1);
        groups
    }
}
