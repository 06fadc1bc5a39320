//! The working copy of a window during one call.

use bytes::Bytes;
use purlin_sdk::{Timestamp, Window};

use super::clocks::TimerDomain;
use super::record::{Record, Set};
use super::store::KeyStore;
use super::trigger::Trigger;
use super::view::View;

/// A window that a call deals with. What changes is written when the call ends.
#[derive(Debug)]
pub(super) struct Touched {
    pub(super) window: Window,
    pub(super) record: Record,
    /// Encoded values that are not in the store yet.
    pub(super) added: Vec<u8>,
    /// Whether the store has a record of the window.
    pub(super) is_stored: bool,
    pub(super) is_changed: bool,
    /// Whether nothing of the window is kept.
    pub(super) is_gone: bool,
    /// Whether a timer of the window came due, which is gone then: those still wanted are set again.
    pub(super) had_timer: bool,
}

impl Touched {
    /// Whether elements may be added and panes put out.
    pub(super) fn is_open(&self) -> bool {
        !self.is_gone && !self.record.is_closed()
    }

    /// Whether the store has values of the window.
    fn has_stored_values(&self) -> bool {
        self.record.bytes > self.added.len() as u64
    }

    /// What the window's bag holds, in pieces.
    pub(super) fn values(&self, store: &dyn KeyStore) -> Vec<Bytes> {
        if self.has_stored_values() { store.values(&self.window) } else { Vec::new() }
    }

    /// Puts what was added into the store.
    pub(super) fn store_added(&mut self, store: &mut dyn KeyStore) {
        if !self.added.is_empty() {
            store.append(&self.window, std::mem::take(&mut self.added).into());
        }
    }

    /// Drops all values.
    pub(super) fn discard(&mut self, store: &mut dyn KeyStore) {
        if self.has_stored_values() {
            store.clear_values(&self.window);
        }
        self.added.clear();
        self.record.elements = 0;
        self.record.bytes = 0;
        self.record.emitted.clear();
    }

    /// Leaves nothing of the window behind.
    pub(super) fn forget(&mut self, store: &mut dyn KeyStore) {
        self.discard(store);
        self.is_gone = true;
        self.is_changed = true;
    }

    /// Writes what has changed.
    pub(super) fn save(mut self, store: &mut dyn KeyStore, trigger: &Trigger, view: &View<'_>) {
        if !self.is_changed {
            return;
        }
        self.store_added(store);
        let wanted = if self.is_gone { Set::default() } else { self.wanted(trigger, view) };
        self.set(wanted, store);
        if !self.is_gone {
            store.put_record(&self.window, Some(self.record.encode()));
        } else if self.is_stored {
            store.put_record(&self.window, None);
        }
    }

    fn set(&mut self, wanted: Set, store: &mut dyn KeyStore) {
        let before = std::mem::replace(&mut self.record.set, wanted);
        if wanted.hold != before.hold {
            store.set_hold(&self.window, wanted.hold);
        }
        for ((domain, at), before) in
            TimerDomain::ALL.into_iter().zip(wanted.timers).zip(before.timers)
        {
            if at != before || at.is_some() && self.had_timer {
                store.set_timer(&self.window, domain, at);
            }
        }
    }

    fn wanted(&self, trigger: &Trigger, view: &View<'_>) -> Set {
        let timer = |domain| match domain {
            TimerDomain::Event => Some(self.next_event_time(view)),
            _ if self.record.is_closed() => None,
            _ => trigger.wakes_at(&self.record.trigger, domain, view.clocks),
        };
        Set { hold: self.record.holds.least(), timers: TimerDomain::ALL.map(timer) }
    }

    fn next_event_time(&self, view: &View<'_>) -> Timestamp {
        if view.is_past_end() || self.record.is_closed() { view.expiry } else { view.end }
    }
}
