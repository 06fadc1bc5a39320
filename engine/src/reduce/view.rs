//! What decisions about one window look at.

use purlin_sdk::{Timestamp, Window};

use super::clocks::Clocks;
use super::rules::{Rules, end_of};

/// What decisions about one window look at: the rules, the clocks, and the window's own times.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    pub(super) rules: &'a Rules,
    pub(super) clocks: &'a Clocks,
    /// The last timestamp of the window.
    pub(super) end: Timestamp,
    /// When the window is forgotten: once the input watermark is strictly after it.
    pub(super) expiry: Timestamp,
}

impl<'a> View<'a> {
    pub(super) fn new(rules: &'a Rules, clocks: &'a Clocks, window: &Window) -> Self {
        Self { rules, clocks, end: end_of(window), expiry: rules.expiry(window) }
    }

    /// Whether the watermark is strictly past the end of the window.
    pub(super) fn is_past_end(&self) -> bool {
        self.clocks.input_watermark > self.end
    }

    /// Whether the window's time is over: elements for it are dropped, and it is forgotten.
    pub(super) fn is_expired(&self) -> bool {
        self.clocks.input_watermark > self.expiry
    }
}
