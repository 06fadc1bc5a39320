//! The bytes of chunks.

use purlin_sdk::Error;
use purlin_sdk::exec::{Chunk, Entry, Framing, key_hash};

use crate::spill::Stored;

use super::messages::{ChunkRecord, IndexRecord};
use super::{malformed, window};

/// Reads back what was spilled: files do not outlive their job.
pub(super) fn stored_record(stored: &Stored) -> Result<ChunkRecord, Error> {
    Ok(to_record(&*stored.load()?))
}

pub(super) fn to_record(chunk: &Chunk) -> ChunkRecord {
    ChunkRecord {
        data: chunk.data.clone(),
        stamp: match &chunk.framing {
            Framing::Constant(stamp) => Some(window::stamp_record(stamp)),
            Framing::Each => None,
        },
        count: chunk.count,
        partition: chunk.partition,
        index: chunk.index.as_ref().map(|index| IndexRecord {
            starts: index.iter().map(|entry| entry.start).collect(),
            values: index.iter().map(|entry| entry.value).collect(),
            key_lengths: index.iter().map(|entry| entry.key_length).collect(),
        }),
    }
}

pub(super) fn of_record(record: ChunkRecord) -> Result<Chunk, Error> {
    let framing = match record.stamp {
        Some(stamp) => Framing::Constant(window::stamp_of(stamp)?),
        None => Framing::Each,
    };
    let index = record.index.map(|index| index_of(&index, &record.data)).transpose()?;
    Ok(Chunk {
        data: record.data,
        framing,
        count: record.count,
        partition: record.partition,
        index,
    })
}

/// Hashes are not kept, since they differ between builds.
fn index_of(record: &IndexRecord, data: &[u8]) -> Result<Vec<Entry>, Error> {
    let rows = record.starts.iter().zip(&record.values).zip(&record.key_lengths);
    rows.map(|((&start, &value), &key_length)| {
        let from = value as usize;
        let key = data.get(from..from + key_length as usize).ok_or_else(malformed)?;
        Ok(Entry { start, value, key_length, key_hash: key_hash(key) })
    })
    .collect()
}
