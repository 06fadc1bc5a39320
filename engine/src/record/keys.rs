//! The bytes of what changed about keys.

use bytes::Bytes;
use purlin_sdk::{Error, Timestamp};

use super::{collect, malformed};
use crate::commit::KeyChanges;
use crate::keyed::{BagChange, CellChange, CellId, KeyChange, Timer, TimerId, Transfers};

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct KeysRecord {
    #[prost(uint32, tag = "1")]
    partition: u32,
    #[prost(message, repeated, tag = "2")]
    keys: Vec<KeyRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct KeyRecord {
    #[prost(bytes = "bytes", tag = "1")]
    key: Bytes,
    #[prost(message, repeated, tag = "2")]
    cells: Vec<CellRecord>,
    #[prost(message, repeated, tag = "3")]
    timers: Vec<TimerRecord>,
    #[prost(message, repeated, tag = "4")]
    moved: Vec<MoveRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct MoveRecord {
    #[prost(message, optional, tag = "1")]
    to: Option<CellIdRecord>,
    #[prost(message, optional, tag = "2")]
    from: Option<CellIdRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct CellIdRecord {
    #[prost(bytes = "bytes", tag = "1")]
    window: Bytes,
    #[prost(uint32, tag = "2")]
    cell: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct CellRecord {
    #[prost(message, optional, tag = "1")]
    id: Option<CellIdRecord>,
    #[prost(oneof = "CellKind", tags = "2, 3, 4")]
    kind: Option<CellKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum CellKind {
    #[prost(message, tag = "2")]
    Bag(BagRecord),
    #[prost(message, tag = "3")]
    Map(MapRecord),
    #[prost(message, tag = "4")]
    List(ListRecord),
}

#[derive(Clone, PartialEq, prost::Message)]
struct BagRecord {
    #[prost(bool, tag = "1")]
    cleared: bool,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    added: Vec<Bytes>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct MapRecord {
    #[prost(bool, tag = "1")]
    cleared: bool,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    keys: Vec<Bytes>,
    #[prost(message, repeated, tag = "3")]
    bags: Vec<BagRecord>,
}

/// Ranges and entries, column by column.
#[derive(Clone, PartialEq, prost::Message)]
struct ListRecord {
    #[prost(sint64, repeated, tag = "1")]
    starts: Vec<i64>,
    #[prost(sint64, repeated, tag = "2")]
    ends: Vec<i64>,
    #[prost(sint64, repeated, tag = "3")]
    keys: Vec<i64>,
    #[prost(bytes = "bytes", repeated, tag = "4")]
    entries: Vec<Bytes>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct TimerRecord {
    #[prost(bytes = "bytes", tag = "1")]
    window: Bytes,
    #[prost(uint32, tag = "2")]
    family: u32,
    #[prost(bytes = "bytes", tag = "3")]
    tag: Bytes,
    /// Whether it is set; else it was taken back.
    #[prost(bool, tag = "4")]
    is_set: bool,
    #[prost(sint64, tag = "5")]
    fire: i64,
    #[prost(sint64, tag = "6")]
    hold: i64,
}

pub(super) fn to_record(changes: &KeyChanges) -> KeysRecord {
    let keys = changes.changes.iter().map(|(key, change)| key_record(key, change)).collect();
    KeysRecord { partition: changes.partition, keys }
}

fn key_record(key: &Bytes, change: &KeyChange) -> KeyRecord {
    let cells = change.cells.iter().map(|(id, change)| CellRecord {
        id: Some(cell_id_record(id)),
        kind: Some(cell_kind(change)),
    });
    let timers = change.timers.iter().map(|(id, timer)| {
        let set = timer.unwrap_or(Timer { fire: Timestamp(0), hold: Timestamp(0) });
        TimerRecord {
            window: id.window.to_bytes(),
            family: id.family.into(),
            tag: id.tag.to_bytes(),
            is_set: timer.is_some(),
            fire: set.fire.0,
            hold: set.hold.0,
        }
    });
    let moved = change.moved.iter().map(|(to, from)| MoveRecord {
        to: Some(cell_id_record(to)),
        from: Some(cell_id_record(from)),
    });
    KeyRecord {
        key: key.clone(),
        cells: cells.collect(),
        timers: timers.collect(),
        moved: moved.collect(),
    }
}

fn cell_id_record(id: &CellId) -> CellIdRecord {
    CellIdRecord { window: id.window.to_bytes(), cell: id.cell.into() }
}

fn cell_kind(change: &CellChange) -> CellKind {
    match change {
        CellChange::Bag(bag) => CellKind::Bag(bag_record(bag)),
        CellChange::Map { cleared, entries } => CellKind::Map(MapRecord {
            cleared: *cleared,
            keys: entries.keys().cloned().collect(),
            bags: entries.values().map(bag_record).collect(),
        }),
        CellChange::List { cleared, added } => CellKind::List(ListRecord {
            starts: cleared.iter().map(|(start, _)| *start).collect(),
            ends: cleared.iter().map(|(_, end)| *end).collect(),
            keys: added.iter().map(|(key, _)| *key).collect(),
            entries: added.iter().map(|(_, entry)| entry.clone()).collect(),
        }),
    }
}

fn bag_record(bag: &BagChange) -> BagRecord {
    BagRecord { cleared: bag.cleared, added: bag.added.clone() }
}

pub(super) fn of_record(record: KeysRecord) -> Result<KeyChanges, Error> {
    let changes = collect(record.keys, |record| Ok((record.key.clone(), key_change(record)?)))?;
    Ok(KeyChanges { partition: record.partition, changes, transfers: Transfers::default() })
}

fn key_change(record: KeyRecord) -> Result<KeyChange, Error> {
    let cells = collect(record.cells, |record| {
        let id = cell_id(record.id)?;
        Ok((id, cell_change(record.kind.ok_or_else(malformed)?)))
    })?;
    let timers = collect(record.timers, |record| {
        let family = u16::try_from(record.family).map_err(|_| malformed())?;
        let timer = Timer { fire: Timestamp(record.fire), hold: Timestamp(record.hold) };
        let id = TimerId { window: (&record.window).into(), family, tag: (&record.tag).into() };
        Ok((id, record.is_set.then_some(timer)))
    })?;
    let moved = collect(record.moved, |record| Ok((cell_id(record.to)?, cell_id(record.from)?)))?;
    Ok(KeyChange {
        moved: moved.into_iter().collect(),
        cells: cells.into_iter().collect(),
        timers: timers.into_iter().collect(),
    })
}

fn cell_id(record: Option<CellIdRecord>) -> Result<CellId, Error> {
    let record = record.ok_or_else(malformed)?;
    let cell = u16::try_from(record.cell).map_err(|_| malformed())?;
    Ok(CellId { window: (&record.window).into(), cell })
}

fn cell_change(kind: CellKind) -> CellChange {
    match kind {
        CellKind::Bag(bag) => CellChange::Bag(bag_of(bag)),
        CellKind::Map(map) => CellChange::Map {
            cleared: map.cleared,
            entries: map.keys.into_iter().zip(map.bags.into_iter().map(bag_of)).collect(),
        },
        CellKind::List(list) => CellChange::List {
            cleared: list.starts.into_iter().zip(list.ends).collect(),
            added: list.keys.into_iter().zip(list.entries).collect(),
        },
    }
}

fn bag_of(record: BagRecord) -> BagChange {
    BagChange { cleared: record.cleared, added: record.added }
}
