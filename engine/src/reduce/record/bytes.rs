//! The bytes of a record: a version, then a message.

use bytes::Bytes;
use prost::Message;
use purlin_sdk::exec::Failure;
use purlin_sdk::{IntervalWindow, PaneInfo, Timestamp, Timing, Window};

use super::{Emitted, Holds, Record, Set};
use crate::reduce::trigger::TriggerState;

/// The first byte of every record. It changes when old bytes would be misread.
const VERSION: u8 = 1;

#[derive(Clone, PartialEq, Message)]
struct RecordMessage {
    #[prost(uint32, repeated, tag = "1")]
    finished: Vec<u32>,
    /// Which nodes of the trigger have data, and which.
    #[prost(uint32, repeated, tag = "2")]
    nodes: Vec<u32>,
    #[prost(sint64, repeated, tag = "3")]
    data: Vec<i64>,
    #[prost(message, optional, tag = "4")]
    pane: Option<PaneMessage>,
    #[prost(bool, tag = "5")]
    has_new_elements: bool,
    #[prost(uint64, tag = "6")]
    elements: u64,
    #[prost(uint64, tag = "7")]
    bytes: u64,
    #[prost(sint64, optional, tag = "8")]
    element_hold: Option<i64>,
    #[prost(sint64, optional, tag = "9")]
    expiry_hold: Option<i64>,
    #[prost(message, repeated, tag = "10")]
    emitted: Vec<EmittedMessage>,
    #[prost(sint64, optional, tag = "11")]
    hold: Option<i64>,
    #[prost(sint64, optional, tag = "12")]
    event_timer: Option<i64>,
    #[prost(sint64, optional, tag = "13")]
    processing_timer: Option<i64>,
    #[prost(sint64, optional, tag = "14")]
    synchronized_timer: Option<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct PaneMessage {
    #[prost(bool, tag = "1")]
    is_first: bool,
    #[prost(bool, tag = "2")]
    is_last: bool,
    /// 0 early, 1 on time, 2 late.
    #[prost(uint32, tag = "3")]
    timing: u32,
    #[prost(sint64, tag = "4")]
    index: i64,
    #[prost(sint64, tag = "5")]
    on_time_index: i64,
}

#[derive(Clone, PartialEq, Message)]
struct EmittedMessage {
    #[prost(message, optional, tag = "1")]
    pane: Option<PaneMessage>,
    #[prost(sint64, tag = "2")]
    timestamp: i64,
    #[prost(uint64, tag = "3")]
    elements: u64,
    #[prost(uint64, tag = "4")]
    start: u64,
    #[prost(uint64, tag = "5")]
    bytes: u64,
    /// The window: the global one, an interval by its bounds, or a custom one by its encoding and
    /// its last timestamp.
    #[prost(sint64, optional, tag = "6")]
    window_start: Option<i64>,
    #[prost(sint64, optional, tag = "7")]
    window_end: Option<i64>,
    #[prost(bytes = "bytes", optional, tag = "8")]
    window: Option<Bytes>,
}

impl Record {
    pub(in crate::reduce) fn encode(&self) -> Bytes {
        let [event_timer, processing_timer, synchronized_timer] =
            self.set.timers.map(|timer| timer.map(|at| at.0));
        let (nodes, data) = self.trigger.data().unzip();
        let message = RecordMessage {
            finished: self.trigger.finished().collect(),
            nodes,
            data,
            pane: self.pane.as_ref().map(pane_message),
            has_new_elements: self.has_new_elements,
            elements: self.elements,
            bytes: self.bytes,
            element_hold: self.holds.element.map(|at| at.0),
            expiry_hold: self.holds.expiry.map(|at| at.0),
            emitted: self.emitted.iter().map(emitted_message).collect(),
            hold: self.set.hold.map(|at| at.0),
            event_timer,
            processing_timer,
            synchronized_timer,
        };
        let mut bytes = Vec::with_capacity(1 + message.encoded_len());
        bytes.push(VERSION);
        message.encode_raw(&mut bytes);
        bytes.into()
    }

    /// The record of these bytes, for the trigger whose fresh state is given.
    pub(in crate::reduce) fn decode(
        bytes: &Bytes,
        fresh: TriggerState,
    ) -> Result<Self, Box<Failure>> {
        match bytes.first() {
            Some(&VERSION) => {}
            Some(version) => {
                return Err(Failure::new(format!(
                    "the record of a window has version {version}; this Purlin reads version \
                     {VERSION}"
                )));
            }
            None => return Err(damaged()),
        }
        let message = RecordMessage::decode(bytes.slice(1..)).map_err(|_| damaged())?;
        record_of(message, fresh).ok_or_else(damaged)
    }
}

fn damaged() -> Box<Failure> {
    Failure::new("the record of a window is damaged, or that of another trigger")
}

fn record_of(message: RecordMessage, fresh: TriggerState) -> Option<Record> {
    if message.nodes.len() != message.data.len() {
        return None;
    }
    let data: Vec<_> = message.nodes.into_iter().zip(message.data).collect();
    let emitted = message.emitted.into_iter().map(emitted_of).collect::<Option<Vec<_>>>()?;
    let is_within = |emitted: &Emitted| {
        emitted.start.checked_add(emitted.bytes).is_some_and(|end| end <= message.bytes)
    };
    let counts = [message.elements, message.bytes];
    if !emitted.iter().all(is_within) || !counts.into_iter().all(is_plausible) {
        return None;
    }
    let timers = [message.event_timer, message.processing_timer, message.synchronized_timer];
    Some(Record {
        trigger: fresh.restored(&message.finished, &data)?,
        pane: message.pane.map_or(Some(None), |pane| pane_of(&pane).map(Some))?,
        has_new_elements: message.has_new_elements,
        elements: message.elements,
        bytes: message.bytes,
        holds: Holds {
            element: message.element_hold.map(Timestamp),
            expiry: message.expiry_hold.map(Timestamp),
        },
        emitted,
        set: Set {
            hold: message.hold.map(Timestamp),
            timers: timers.map(|timer| timer.map(Timestamp)),
        },
    })
}

/// Whether numbers like this can be added without care.
fn is_plausible(count: u64) -> bool {
    count <= u64::MAX >> 8
}

fn pane_message(pane: &PaneInfo) -> PaneMessage {
    PaneMessage {
        is_first: pane.is_first,
        is_last: pane.is_last,
        timing: match pane.timing {
            Timing::Early | Timing::Unknown => 0,
            Timing::OnTime => 1,
            Timing::Late => 2,
        },
        index: pane.index,
        on_time_index: pane.on_time_index,
    }
}

fn pane_of(message: &PaneMessage) -> Option<PaneInfo> {
    let timing = match message.timing {
        0 => Timing::Early,
        1 => Timing::OnTime,
        2 => Timing::Late,
        _ => return None,
    };
    let indices = [message.index, message.on_time_index];
    if !indices.into_iter().all(|index| is_plausible(index.unsigned_abs())) {
        return None;
    }
    Some(PaneInfo {
        is_first: message.is_first,
        is_last: message.is_last,
        timing,
        index: message.index,
        on_time_index: message.on_time_index,
    })
}

fn emitted_message(emitted: &Emitted) -> EmittedMessage {
    let (window_start, window_end, window) = match &emitted.window {
        Window::Global => (None, None, None),
        Window::Interval(interval) => (Some(interval.start.0), Some(interval.end.0), None),
        Window::Custom(max, encoded) => (None, Some(max.0), Some(encoded.clone())),
    };
    EmittedMessage {
        pane: Some(pane_message(&emitted.pane)),
        timestamp: emitted.timestamp.0,
        elements: emitted.elements,
        start: emitted.start,
        bytes: emitted.bytes,
        window_start,
        window_end,
        window,
    }
}

fn emitted_of(message: EmittedMessage) -> Option<Emitted> {
    let window = match (message.window_start, message.window_end, message.window) {
        (None, None, None) => Window::Global,
        (Some(start), Some(end), None) => {
            Window::Interval(IntervalWindow { start: Timestamp(start), end: Timestamp(end) })
        }
        (None, Some(max), Some(encoded)) => Window::Custom(Timestamp(max), encoded),
        _ => return None,
    };
    Some(Emitted {
        window,
        timestamp: Timestamp(message.timestamp),
        pane: pane_of(&message.pane?)?,
        elements: message.elements,
        start: message.start,
        bytes: message.bytes,
    })
}
