//! Cuts a chunk between elements.

use std::ops::Range;

use purlin_sdk::exec::{Chunk, Entry};

use super::index::end_of;
use crate::random::Random;

/// At most `pieces` pieces of about the same number of elements.
pub(super) fn even(chunk: Chunk, pieces: usize) -> Vec<Chunk> {
    let count = chunk.count as usize;
    let each = count.div_ceil(pieces.clamp(1, count.max(1)));
    let starts: Vec<usize> = (0..count).step_by(each.max(1)).collect();
    at(chunk, &starts)
}

/// At most `pieces` pieces, cut where chance says.
pub(super) fn at_random(chunk: Chunk, pieces: usize, random: &mut Random) -> Vec<Chunk> {
    let mut starts: Vec<usize> =
        (1..pieces).map(|_| random.below(chunk.count as usize)).chain([0]).collect();
    starts.sort_unstable();
    starts.dedup();
    at(chunk, &starts)
}

/// Pieces that start at these elements, of which the first is 0.
fn at(chunk: Chunk, starts: &[usize]) -> Vec<Chunk> {
    let Some(index) = chunk.index.as_deref().filter(|_| starts.len() > 1) else {
        return vec![chunk];
    };
    let ends = starts[1..].iter().copied().chain([index.len()]);
    starts.iter().zip(ends).map(|(&start, end)| piece(&chunk, index, start..end)).collect()
}

/// Shares the bytes of the chunk that it is cut from.
fn piece(chunk: &Chunk, index: &[Entry], rows: Range<usize>) -> Chunk {
    let base = index[rows.start].start;
    let end = end_of(chunk, index, rows.end - 1);
    let moved =
        |entry: &Entry| Entry { start: entry.start - base, value: entry.value - base, ..*entry };
    Chunk {
        data: chunk.data.slice(base as usize..end),
        framing: chunk.framing.clone(),
        count: u32::try_from(rows.len()).unwrap_or(u32::MAX),
        partition: chunk.partition,
        index: Some(index[rows].iter().map(moved).collect()),
    }
}
