//! What is kept of one window beside its values.

mod bytes;

use purlin_sdk::{PaneInfo, Timestamp, Window};

use super::clocks::TimerDomain;
use super::trigger::TriggerState;

/// What is kept of one window beside its values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Record {
    pub(super) trigger: TriggerState,
    /// The last pane that was put out.
    pub(super) pane: Option<PaneInfo>,
    /// Whether elements came since the trigger fired last.
    pub(super) has_new_elements: bool,
    /// How many elements the window's bag holds, and their bytes.
    pub(super) elements: u64,
    pub(super) bytes: u64,
    pub(super) holds: Holds,
    /// The panes that the next one takes back.
    pub(super) emitted: Vec<Emitted>,
    pub(super) set: Set,
}

/// What keeps the output watermark back for a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Holds {
    /// The timestamp of the next pane, from the elements that came in time.
    pub(super) element: Option<Timestamp>,
    /// The window's expiry, for a pane that has none of these.
    pub(super) expiry: Option<Timestamp>,
}

/// A pane that was put out, whose values are a part of the window's bag.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Emitted {
    /// Its window: since then this may have merged into that of the record.
    pub(super) window: Window,
    pub(super) timestamp: Timestamp,
    pub(super) pane: PaneInfo,
    pub(super) elements: u64,
    /// Where in the bag its values begin, and their bytes.
    pub(super) start: u64,
    pub(super) bytes: u64,
}

/// What the store was told last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Set {
    pub(super) hold: Option<Timestamp>,
    /// The timers, by [`TimerDomain::ALL`].
    pub(super) timers: [Option<Timestamp>; TimerDomain::ALL.len()],
}

impl Record {
    /// The record of a window to which nothing has happened.
    pub(super) fn new(trigger: TriggerState) -> Self {
        Self {
            trigger,
            pane: None,
            has_new_elements: false,
            elements: 0,
            bytes: 0,
            holds: Holds::default(),
            emitted: Vec::new(),
            set: Set::default(),
        }
    }

    /// Whether the window takes no more elements.
    pub(super) fn is_closed(&self) -> bool {
        self.trigger.is_closed()
    }

    /// Nothing but that the window is closed.
    pub(super) fn close(&mut self) {
        let trigger = self.trigger.clone();
        // If windows merge into just this one it opens again, and must not be on time twice.
        let pane = self.pane;
        *self = Self { pane, set: self.set, ..Self::new(trigger) };
    }
}

impl Holds {
    pub(super) fn least(&self) -> Option<Timestamp> {
        self.element.into_iter().chain(self.expiry).min()
    }
}

#[cfg(test)]
mod tests;
