//! What happened to a window, and what follows from it.

use purlin_proto::pipeline::{WindowingStrategy, closing_behavior, output_time};
use purlin_sdk::{PaneInfo, Timestamp, Window};

use crate::reduce::Clocks;

/// A pane that came out.
#[derive(Clone, Debug)]
pub(super) struct PutOut {
    pub(super) window: Window,
    pub(super) timestamp: Timestamp,
    pub(super) info: PaneInfo,
    pub(super) elements: Vec<u64>,
}

/// What can happen to a window.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Element {
        clocks: Clocks,
        timestamp: Timestamp,
        number: u64,
    },
    Fired {
        clocks: Clocks,
        put_out: Option<PutOut>,
    },
    /// Other windows with their histories became part of it. `is_itself` if it was there before.
    Merged {
        clocks: Clocks,
        is_itself: bool,
        others: Vec<(Window, History)>,
    },
    /// It was closed and is open again.
    Reopened {
        last: Option<PaneInfo>,
    },
}

pub(super) type History = Vec<Event>;

/// The last pane that came out of the window itself.
pub(super) fn last_pane(history: &[Event]) -> Option<PaneInfo> {
    history.iter().rev().find_map(|event| match event {
        Event::Fired { put_out: Some(put_out), .. } => Some(put_out.info),
        Event::Reopened { last } => *last,
        _ => None,
    })
}

/// The elements of the window, ever.
pub(super) fn all_elements(history: &[Event]) -> Vec<u64> {
    let of = |event: &Event| match event {
        Event::Element { number, .. } => vec![*number],
        Event::Merged { others, .. } => others.iter().flat_map(|(_, h)| all_elements(h)).collect(),
        _ => Vec::new(),
    };
    history.iter().flat_map(of).collect()
}

/// The events after the last firing.
fn since_fired(history: &[Event]) -> &[Event] {
    let fired = history.iter().rposition(|event| matches!(event, Event::Fired { .. }));
    &history[fired.map_or(0, |at| at + 1)..]
}

/// The elements since the last firing of whichever window they were in.
pub(super) fn new_elements(history: &[Event]) -> Vec<u64> {
    let of = |event: &Event| match event {
        Event::Element { number, .. } => vec![*number],
        Event::Merged { others, .. } => others.iter().flat_map(|(_, h)| new_elements(h)).collect(),
        _ => Vec::new(),
    };
    since_fired(history).iter().flat_map(of).collect()
}

/// The panes that the next one replaces.
pub(super) fn to_take_back(history: &[Event]) -> Vec<PutOut> {
    let is_pane = |event: &Event| matches!(event, Event::Fired { put_out: Some(_), .. });
    let from = history.iter().rposition(is_pane).unwrap_or(0);
    let of = |event: &Event| match event {
        Event::Fired { put_out: Some(put_out), .. } => vec![put_out.clone()],
        Event::Merged { others, .. } => others.iter().flat_map(|(_, h)| to_take_back(h)).collect(),
        _ => Vec::new(),
    };
    history[from..].iter().flat_map(of).collect()
}

/// The timestamp of the next pane.
pub(super) fn timestamp(
    history: &[Event],
    window: &Window,
    strategy: &WindowingStrategy,
    expiry: Timestamp,
) -> Timestamp {
    let end = window.max_timestamp();
    let times = times_in_time(history, window, strategy);
    let of_elements = match strategy.output_time() {
        output_time::Enum::EarliestInPane => times.into_iter().min(),
        _ => times.into_iter().max(),
    };
    let closes = strategy.closing_behavior() == closing_behavior::Enum::EmitAlways;
    let is_held_at_expiry = history.iter().any(|event| matches!(event, Event::Fired { .. }))
        && closes
        || since_fired(history).iter().any(|event| match event {
            Event::Element { clocks, timestamp, .. } => {
                !is_in_time(*timestamp, clocks, window, strategy)
            }
            Event::Merged { .. } => true,
            _ => false,
        });
    of_elements.into_iter().chain(is_held_at_expiry.then_some(expiry)).min().unwrap_or(end).min(end)
}

/// The times that the new elements that were in time hold.
fn times_in_time(
    history: &[Event],
    window: &Window,
    strategy: &WindowingStrategy,
) -> Vec<Timestamp> {
    let end = window.max_timestamp();
    let is_end = strategy.output_time() == output_time::Enum::EndOfWindow;
    let mut times = Vec::new();
    for event in since_fired(history) {
        match event {
            Event::Element { clocks, timestamp, .. }
                if is_in_time(*timestamp, clocks, window, strategy) =>
            {
                times.push(if is_end { end } else { *timestamp });
            }
            // A longer window holds its own end, if it still can.
            Event::Merged { clocks, .. } if is_end => {
                times.clear();
                times.extend(is_in_time(end, clocks, window, strategy).then_some(end));
            }
            Event::Merged { others, .. } => {
                let of = |(w, h): &(Window, History)| times_in_time(h, w, strategy);
                times.extend(others.iter().flat_map(of));
            }
            _ => {}
        }
    }
    times
}

fn is_in_time(
    timestamp: Timestamp,
    clocks: &Clocks,
    window: &Window,
    strategy: &WindowingStrategy,
) -> bool {
    let end = window.max_timestamp();
    let is_end = strategy.output_time() == output_time::Enum::EndOfWindow;
    let at = if is_end { end } else { timestamp };
    at >= clocks.output_watermark && end >= clocks.input_watermark
}
