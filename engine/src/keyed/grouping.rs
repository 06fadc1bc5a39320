//! Groupings that keep something for each key: the machine of windows and triggers over its cells.

use bytes::Bytes;
use purlin_proto::pipeline::{Trigger, WindowingStrategy, merge_status, trigger};
use purlin_sdk::coders::windowed::WindowCoder;
use purlin_sdk::{Error, Timestamp, Window};

use super::cell::CellId;
use super::change::{Timer, TimerId};
use super::facts::{CellKind, Clock, Family, KeyedFacts, Kind, lateness};
use super::kept_bytes::KeptBytes;
use super::merging;
use super::timer_coding::{read_window, window_bytes};
use super::view::View;
use crate::reduce::{KeyStore, ReduceFn, TimerDomain};
use crate::user_windows::UserWindowsSlot;

/// A grouping that keeps something for each key.
pub(super) struct Grouping {
    pub(super) reduce: ReduceFn,
}

impl std::fmt::Debug for Grouping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grouping").finish_non_exhaustive()
    }
}

/// The machine's own record of a window.
const RECORD: u16 = 0;
/// The values that wait in a window.
const VALUES: u16 = 1;
/// The family of timers that only hold the watermark.
const HOLD: u16 = 3;

impl Grouping {
    /// Whether a window fires once, when the watermark passes its end, and is gone then. Such a
    /// grouping needs to keep nothing for each key. The one pane is never empty, and nothing comes
    /// before it, so it does not matter what is said of empty panes and of earlier ones.
    pub(super) fn is_plain(windowing: &WindowingStrategy) -> bool {
        windowing.merge_status() != merge_status::Enum::NeedsMerge
            && windowing.allowed_lateness <= 0
            && is_watermark_alone(windowing.trigger.as_ref())
    }

    pub(super) fn facts(
        windowing: &WindowingStrategy,
        windows: WindowCoder,
        slot: &UserWindowsSlot,
    ) -> Result<KeyedFacts, Error> {
        let reduce = ReduceFn::new(windowing, merging::merger(windowing, slot));
        let reduce = reduce.map_err(|failure| Error::Internal(failure.to_string()))?;
        let family = |name: &str, clock| Family { name: name.to_owned(), clock };
        Ok(KeyedFacts {
            cells: ["record", "values"].map(|name| (name.to_owned(), CellKind::Bag)).into(),
            families: vec![
                family("event", Clock::AfterEventTime),
                family("processing", Clock::AfterProcessingTime),
                family("synchronized", Clock::AfterProcessingTime),
                family("hold", Clock::Never),
            ],
            windows,
            lateness: lateness(windowing),
            kind: Kind::Grouping(Box::new(Self { reduce })),
        })
    }
}

fn is_watermark_alone(trigger: Option<&Trigger>) -> bool {
    match trigger.and_then(|trigger| trigger.trigger.as_ref()) {
        None | Some(trigger::Trigger::Default(_)) => true,
        Some(trigger::Trigger::AfterEndOfWindow(after)) => {
            after.early_firings.is_none() && after.late_firings.is_none()
        }
        _ => false,
    }
}

/// What is kept of one key, as the machine sees it.
pub(super) struct KeyCells<'a> {
    pub(super) facts: &'a KeyedFacts,
    pub(super) view: &'a mut View,
    pub(super) key: Bytes,
}

impl KeyCells<'_> {
    fn cell(&self, window: &Window, cell: u16) -> CellId {
        CellId { window: window_bytes(window, self.facts.windows), cell }
    }

    fn timer(&self, window: &Window, family: u16) -> TimerId {
        let window = window_bytes(window, self.facts.windows);
        TimerId { window, family, tag: KeptBytes::default() }
    }
}

impl KeyStore for KeyCells<'_> {
    fn windows(&self) -> Vec<Window> {
        let windows = self.view.windows(&self.key).into_iter().filter(|window| {
            !self.view.is_empty(&self.key, &CellId { window: window.clone(), cell: RECORD })
        });
        // They are the bytes that `cell` made.
        windows.filter_map(|window| read_window(&window, self.facts.windows).ok()).collect()
    }

    fn record(&self, window: &Window) -> Option<Bytes> {
        let mut parts = self.view.bag(&self.key, &self.cell(window, RECORD));
        match parts.len() {
            0 | 1 => parts.pop(),
            _ => Some(parts.concat().into()),
        }
    }

    fn put_record(&mut self, window: &Window, record: Option<Bytes>) {
        let cell = self.cell(window, RECORD);
        match record {
            None => self.view.drop_cell(&self.key, &cell),
            Some(record) => {
                self.view.clear_bag(&self.key, &cell);
                self.view.append(&self.key, &cell, record);
            }
        }
    }

    fn append(&mut self, window: &Window, values: Bytes) {
        self.view.append(&self.key, &self.cell(window, VALUES), values);
    }

    fn values(&self, window: &Window) -> Vec<Bytes> {
        self.view.bag(&self.key, &self.cell(window, VALUES))
    }

    fn clear_values(&mut self, window: &Window) {
        self.view.drop_cell(&self.key, &self.cell(window, VALUES));
    }

    fn move_values(&mut self, from: &Window, to: &Window) {
        let (from, to) = (self.cell(from, VALUES), self.cell(to, VALUES));
        self.view.move_bag(&self.key, &from, &to);
    }

    fn set_hold(&mut self, window: &Window, at: Option<Timestamp>) {
        let id = self.timer(window, HOLD);
        self.view.set_timer(&self.key, id, at.map(|at| Timer { fire: Timestamp::MAX, hold: at }));
    }

    fn set_timer(&mut self, window: &Window, domain: TimerDomain, at: Option<Timestamp>) {
        let family = match domain {
            TimerDomain::Event => 0,
            TimerDomain::Processing => 1,
            TimerDomain::Synchronized => 2,
        };
        let id = self.timer(window, family);
        // The watermark waits for what a timer of event time has to say about it.
        let is_event = matches!(domain, TimerDomain::Event);
        let timer =
            at.map(|fire| Timer { fire, hold: if is_event { fire } else { Timestamp::MAX } });
        self.view.set_timer(&self.key, id, timer);
    }
}
