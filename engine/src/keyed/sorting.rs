//! Elements of each key in the order of their timestamps: they wait until none before them can come.

use bytes::Bytes;
use purlin_sdk::coders::windowed::put_stamp;
use purlin_sdk::coders::{CoderError, Reader};
use purlin_sdk::exec::{Chunk, Entry, Framing, key_hash};
use purlin_sdk::{Stamp, Timestamp, Windows};

use super::cell::CellId;
use super::change::{Timer, TimerId};
use super::facts::{KeyedFacts, User};
use super::for_each_element;
use super::kept_bytes::KeptBytes;
use super::queue::DueTimer;
use super::timer_coding::{read_window, window_bytes};
use super::view::View;

/// Buffers elements by key, window and timestamp. One behind the watermark by more than the allowed
/// lateness is dropped: those after it may have been passed on. Returns how many were.
pub(super) fn buffer(
    facts: &KeyedFacts,
    user: &User,
    view: &mut View,
    chunk: &Chunk,
    watermark: Timestamp,
) -> Result<i64, CoderError> {
    let mut dropped = 0;
    for_each_element(facts.windows, chunk, |element| {
        let timestamp = element.stamp.timestamp;
        for window in element.stamp.windows.as_slice() {
            if facts.accepted_until(timestamp) < watermark {
                dropped += 1;
                continue;
            }
            let mut entry = Vec::with_capacity(element.value.len() + 32);
            let stamp = Stamp { windows: Windows::One(window.clone()), ..element.stamp.clone() };
            put_stamp(&mut entry, &stamp, &facts.windows);
            let header = entry.len();
            entry.extend_from_slice(element.value);
            let id = CellId { window: window_bytes(window, facts.windows), cell: cell(facts) };
            view.add_to_list(&element.key, &id, timestamp.0, framed(header, &entry));
            hasten(facts, user, view, &element.key, &id.window, timestamp);
        }
        Ok(())
    })?;
    Ok(dropped)
}

/// An entry of the list: how long its header is, and the element.
fn framed(header: usize, entry: &[u8]) -> Bytes {
    let header = u32::try_from(header).unwrap_or(u32::MAX);
    [&header.to_be_bytes()[..], entry].concat().into()
}

/// Has the buffer looked at when its earliest element can be passed on.
fn hasten(
    facts: &KeyedFacts,
    user: &User,
    view: &mut View,
    key: &Bytes,
    window: &KeptBytes,
    earliest: Timestamp,
) {
    let id = TimerId { window: window.clone(), family: user.sorting, tag: KeptBytes::default() };
    let timer = Timer { fire: facts.accepted_until(earliest), hold: earliest };
    if view.timer(key, &id).is_none_or(|set| timer.hold < set.hold) {
        view.set_timer(key, id, Some(timer));
    }
}

/// The elements of a key that none can come before any more, in their order.
pub(super) fn release(
    facts: &KeyedFacts,
    user: &User,
    view: &mut View,
    due: &DueTimer,
    watermark: Timestamp,
) -> Result<Option<Chunk>, CoderError> {
    let id = CellId { window: due.id.window.clone(), cell: cell(facts) };
    let window = read_window(&due.id.window, facts.windows)?;
    // Where nothing is accepted any more all is passed on: an element may be moved behind the end of
    // its window.
    let is_over = facts.expires_at(&window) < watermark;
    let limit = if is_over { i64::MAX } else { watermark.0.saturating_sub(facts.lateness) };
    let released = view.list(&due.key, &id, (i64::MIN, limit));
    view.clear_list(&due.key, &id, (i64::MIN, limit));
    let rest = view.list(&due.key, &id, (limit, i64::MAX));
    if let Some(first) = rest.first() {
        let mut input = Reader::new(first.get(4..).unwrap_or_default());
        hasten(facts, user, view, &due.key, &due.id.window, input.timestamp()?);
    }
    if released.is_empty() {
        return Ok(None);
    }
    chunk_of(&due.key, &released).map(Some)
}

fn chunk_of(key: &Bytes, entries: &[Bytes]) -> Result<Chunk, CoderError> {
    let mut data = Vec::new();
    let mut index = Vec::with_capacity(entries.len());
    let offset = |at: usize| {
        u32::try_from(at).map_err(|_| CoderError::new("the elements of a key exceed 4 GiB"))
    };
    for entry in entries {
        let mut input = Reader::new(entry);
        let header = u32::from_be_bytes(input.array()?);
        let start = offset(data.len())?;
        data.extend_from_slice(input.take_rest());
        index.push(Entry {
            start,
            value: start + header,
            key_length: offset(key.len())?,
            key_hash: key_hash(key),
        });
    }
    Ok(Chunk {
        count: offset(index.len())?,
        data: data.into(),
        framing: Framing::Each,
        partition: None,
        index: Some(index),
    })
}

/// The engine's own cell: it is behind those of the user.
fn cell(facts: &KeyedFacts) -> u16 {
    u16::try_from(facts.cells.len()).unwrap_or(u16::MAX)
}
