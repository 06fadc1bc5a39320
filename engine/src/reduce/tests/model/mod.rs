//! A slow model of the machine, which keeps everything that ever happened to a window and works
//! every answer out from that.
//!
//! It shares with the machine the strategy's message and the types of its answers, and nothing else.

mod history;
mod merging;
mod trigger;

use std::collections::{BTreeMap, BTreeSet};

use purlin_proto::pipeline::{
    WindowingStrategy, accumulation_mode, closing_behavior, on_time_behavior,
};
use purlin_sdk::{PaneInfo, Timestamp, Timing, Window};

use self::history::{Event, History, PutOut};
use self::trigger::Tree;
use crate::reduce::{Clocks, PaneKind};

/// A pane with the numbers of its elements in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ModelPane {
    pub(crate) window: Window,
    pub(crate) timestamp: Timestamp,
    pub(crate) info: PaneInfo,
    pub(crate) kind: PaneKind,
    pub(crate) elements: Vec<u64>,
}

/// An element: its timestamp, its windows, its number.
pub(crate) type ModelElement = (Timestamp, Vec<Window>, u64);

enum State {
    Open { history: History, was_ready: bool },
    Closed { last: Option<PaneInfo> },
}

pub(crate) struct Model {
    strategy: WindowingStrategy,
    merges: bool,
    windows: BTreeMap<Window, State>,
    pub(crate) panes: Vec<ModelPane>,
    pub(crate) late: u64,
    pub(crate) closed: u64,
}

impl Model {
    pub(crate) fn new(strategy: WindowingStrategy, merges: bool) -> Self {
        let windows = BTreeMap::new();
        Self { strategy, merges, windows, panes: Vec::new(), late: 0, closed: 0 }
    }

    /// The machine's GC time.
    fn expiry(&self, window: &Window) -> Timestamp {
        let last = window.max_timestamp().0 + self.strategy.allowed_lateness;
        Timestamp(last.min(Timestamp::END_OF_GLOBAL_WINDOW.0))
    }

    fn tree(&self) -> Tree {
        Tree::new(self.strategy.trigger.as_ref().unwrap())
    }

    fn is_open(&self, window: &Window) -> bool {
        matches!(self.windows.get(window), Some(State::Open { .. }))
    }

    fn history(&self, window: &Window) -> &[Event] {
        match self.windows.get(window) {
            Some(State::Open { history, .. }) => history,
            _ => &[],
        }
    }

    fn history_mut(&mut self, window: &Window) -> &mut History {
        let open = || State::Open { history: Vec::new(), was_ready: false };
        match self.windows.entry(window.clone()).or_insert_with(open) {
            State::Open { history, .. } => history,
            State::Closed { .. } => panic!("nothing happens to a closed window"),
        }
    }

    fn is_ready(&self, window: &Window, clocks: &Clocks) -> bool {
        let tree = trigger::replay(&self.tree(), window, self.history(window), self.merges);
        tree.is_ready(&trigger::Now { clocks, end: window.max_timestamp() })
    }

    pub(crate) fn elements(&mut self, clocks: &Clocks, elements: &[ModelElement]) {
        let merged = if self.merges { self.merge(clocks, elements) } else { BTreeMap::new() };
        let mut touched = BTreeSet::new();
        for (timestamp, windows, number) in elements {
            let targets: BTreeSet<_> =
                windows.iter().map(|window| merged.get(window).unwrap_or(window)).collect();
            for window in targets {
                if clocks.input_watermark > self.expiry(window) {
                    self.late += 1;
                } else if let Some(State::Closed { .. }) = self.windows.get(window) {
                    self.closed += 1;
                } else {
                    touched.insert(window.clone());
                    self.history_mut(window).push(Event::Element {
                        clocks: *clocks,
                        timestamp: *timestamp,
                        number: *number,
                    });
                }
            }
        }
        for window in &touched {
            self.fire_if_ready(window, clocks);
        }
        self.remember_readiness(clocks, touched.iter());
    }

    pub(crate) fn timers(&mut self, clocks: &Clocks, windows: &[Window]) {
        let windows: BTreeSet<_> = windows.iter().cloned().collect();
        for window in &windows {
            if clocks.input_watermark > self.expiry(window) {
                if self.is_open(window) {
                    self.put_out(window, clocks, true);
                }
                self.windows.remove(window);
            } else if self.is_open(window) {
                self.fire_if_ready(window, clocks);
            }
        }
        self.remember_readiness(clocks, windows.iter());
    }

    fn remember_readiness<'a>(
        &mut self,
        clocks: &Clocks,
        windows: impl Iterator<Item = &'a Window>,
    ) {
        for window in windows {
            let is_ready = self.is_ready(window, clocks);
            if let Some(State::Open { was_ready, .. }) = self.windows.get_mut(window) {
                *was_ready = is_ready;
            }
        }
    }

    /// A window that should have been looked at, since the clocks have made its trigger ready or it
    /// has expired.
    pub(crate) fn forgotten(&self, clocks: &Clocks) -> Option<&Window> {
        let is_forgotten = |(window, state): &(&Window, &State)| match state {
            _ if clocks.input_watermark > self.expiry(window) => true,
            State::Open { was_ready, .. } => !was_ready && self.is_ready(window, clocks),
            State::Closed { .. } => false,
        };
        self.windows.iter().find(is_forgotten).map(|(window, _)| window)
    }

    fn fire_if_ready(&mut self, window: &Window, clocks: &Clocks) {
        if !self.is_ready(window, clocks) {
            return;
        }
        // Whether the trigger ends with this is known by letting it happen.
        let mut after = self.history(window).to_vec();
        after.push(Event::Fired { clocks: *clocks, put_out: None });
        let closes = trigger::replay(&self.tree(), window, &after, self.merges).is_finished();
        self.put_out(window, clocks, closes);
        if closes {
            let last = history::last_pane(self.history(window));
            self.windows.insert(window.clone(), State::Closed { last });
        }
    }

    fn put_out(&mut self, window: &Window, clocks: &Clocks, is_last: bool) {
        let history = self.history(window).to_vec();
        let new = history::new_elements(&history);
        let info = next_pane(&history, window, clocks, is_last);
        let strategy = &self.strategy;
        let on_time = strategy.on_time_behavior() == on_time_behavior::Enum::FireAlways;
        let closing = strategy.closing_behavior() == closing_behavior::Enum::EmitAlways;
        let is_wanted =
            !new.is_empty() || on_time && info.timing == Timing::OnTime || closing && is_last;
        let mode = strategy.accumulation_mode();
        let mut elements = match mode {
            accumulation_mode::Enum::Discarding => new,
            _ => history::all_elements(&history),
        };
        elements.sort_unstable();
        let timestamp = history::timestamp(&history, window, strategy, self.expiry(window));
        let put_out =
            is_wanted.then(|| PutOut { window: window.clone(), timestamp, info, elements });
        if let Some(put_out) = put_out.clone() {
            let mut kind = PaneKind::Insert;
            if mode == accumulation_mode::Enum::Retracting {
                for earlier in history::to_take_back(&history) {
                    kind = PaneKind::UpdateAfter;
                    self.panes.push(pane(earlier, PaneKind::UpdateBefore));
                }
            }
            self.panes.push(pane(put_out, kind));
        }
        self.history_mut(window).push(Event::Fired { clocks: *clocks, put_out });
    }
}

fn pane(put_out: PutOut, kind: PaneKind) -> ModelPane {
    let PutOut { window, timestamp, info, elements } = put_out;
    ModelPane { window, timestamp, info, kind, elements }
}

fn next_pane(history: &[Event], window: &Window, clocks: &Clocks, is_last: bool) -> PaneInfo {
    let last = history::last_pane(history);
    let had_its_time = last.is_some_and(|last| last.timing != Timing::Early);
    let timing = if clocks.output_watermark > window.max_timestamp() || had_its_time {
        Timing::Late
    } else if clocks.input_watermark <= window.max_timestamp() {
        Timing::Early
    } else {
        Timing::OnTime
    };
    PaneInfo {
        is_first: last.is_none(),
        is_last,
        timing,
        index: last.map_or(0, |last| last.index + 1),
        on_time_index: match (timing, last) {
            (Timing::Early, _) => -1,
            (_, Some(last)) => last.on_time_index + 1,
            (_, None) => 0,
        },
    }
}
