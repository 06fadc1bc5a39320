//! Finds where elements and keys lie.

use purlin_sdk::coders::windowed::skip_stamp;
use purlin_sdk::coders::{CoderError, Reader};
use purlin_sdk::exec::{Chunk, Entry, Framing, key_hash};

use super::Edge;

/// Indexes a chunk that has no index, and counts its elements.
pub(super) fn ensure(chunk: &mut Chunk, edge: &Edge) -> Result<(), String> {
    if chunk.index.is_none() {
        let index = index(chunk, edge)?;
        chunk.count = u32::try_from(index.len()).unwrap_or(u32::MAX);
        chunk.index = Some(index);
    }
    Ok(())
}

pub(super) fn index(chunk: &Chunk, edge: &Edge) -> Result<Vec<Entry>, String> {
    let skipper = edge.skipper.as_ref().map_err(Clone::clone)?;
    let mut reader = Reader::new(&chunk.data);
    let mut index = Vec::with_capacity(chunk.count as usize);
    while !reader.is_empty() {
        let start = reader.position();
        let mut next = || -> Result<(usize, usize), CoderError> {
            if chunk.framing == Framing::Each {
                skip_stamp(&mut reader, &edge.windows)?;
            }
            let value = reader.position();
            Ok((value, skipper.skip_kv(&mut reader)?))
        };
        let (value, key_length) = next().map_err(|error| error.to_string())?;
        if reader.position() == start {
            return Err("elements without bytes cannot be counted".to_owned());
        }
        let key = &chunk.data[value..value + key_length];
        index.push(Entry {
            start: offset(start)?,
            value: offset(value)?,
            key_length: offset(key_length)?,
            key_hash: key_hash(key),
        });
    }
    Ok(index)
}

fn offset(at: usize) -> Result<u32, String> {
    u32::try_from(at).map_err(|_| "a chunk exceeds 4 GiB".to_owned())
}

/// The offset behind element `row`.
pub(crate) fn end_of(chunk: &Chunk, index: &[Entry], row: usize) -> usize {
    index.get(row + 1).map_or(chunk.data.len(), |next| next.start as usize)
}
