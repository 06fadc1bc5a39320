//! What is kept of one key between calls.

use bytes::Bytes;
use purlin_sdk::{Timestamp, Window};

use super::clocks::TimerDomain;

/// What is kept of one key between calls.
///
/// Each window has a small record, a bag of encoded values to which is only ever added, at most one
/// hold, and at most one timer in each domain. Values that one call both brings and fires never get
/// here.
pub(crate) trait KeyStore {
    /// The windows that have a record: those that are open, and those that are closed but may still
    /// see late elements.
    fn windows(&self) -> Vec<Window>;

    /// The record of a window.
    fn record(&self, window: &Window) -> Option<Bytes>;

    /// Keeps the record of a window, or forgets it.
    fn put_record(&mut self, window: &Window, record: Option<Bytes>);

    /// Adds encoded values, one after another in `values`, to the bag of a window.
    fn append(&mut self, window: &Window, values: Bytes);

    /// What the bag of a window holds, in the order of addition.
    fn values(&self, window: &Window) -> Vec<Bytes>;

    /// Empties the bag of a window.
    fn clear_values(&mut self, window: &Window);

    /// Moves what the bag of one window holds behind what another's holds. Into an empty bag it
    /// should cost the same however much there is: a session that grows by every element moves all
    /// it has with each.
    fn move_values(&mut self, from: &Window, to: &Window);

    /// Keeps the output watermark of the stage from passing a time on behalf of a window, or no
    /// longer.
    fn set_hold(&mut self, window: &Window, at: Option<Timestamp>);

    /// Asks for [`ReduceFn::timers`](super::ReduceFn::timers) once the clock of the domain is
    /// strictly after a time, or no longer. A timer that came due is gone.
    ///
    /// Until a timer of event time was delivered, the output watermark must not pass its time: the
    /// pane that it brings may have no elements, and so no hold, but is to be in time downstream.
    fn set_timer(&mut self, window: &Window, domain: TimerDomain, at: Option<Timestamp>);
}
