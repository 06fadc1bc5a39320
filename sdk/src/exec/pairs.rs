//! Pairs of one window that wait to be grouped by key, as a runner in this process holds them.

use super::unit::UnitResult;
use super::{Chunk, Framing};
use crate::coders::{CoderError, Reader};
use crate::window::Stamp;

/// The pairs of one window and of one partition of its keys, in the order of arrival.
pub struct Pairs<'a> {
    /// Where they lie.
    pub slices: Vec<PairSlice<'a>>,
    /// What each of the groups is stamped with.
    pub stamp: Stamp,
}

/// Some elements of a chunk.
///
/// Without an index, which says where elements lie, it has to be all of a chunk whose elements
/// share their stamp.
#[derive(Clone, Copy)]
pub struct PairSlice<'a> {
    /// The chunk.
    pub chunk: &'a Chunk,
    /// Which of its elements, ascending; `None` for all.
    pub elements: Option<&'a [u32]>,
}

impl<'a> PairSlice<'a> {
    /// Whether its elements can be found.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        let is_plain = self.elements.is_none() && self.chunk.framing != Framing::Each;
        is_plain || self.chunk.index.is_some()
    }

    /// How many elements.
    #[must_use]
    pub fn count(&self) -> usize {
        self.elements.map_or(self.chunk.count as usize, <[u32]>::len)
    }

    /// Has `read` read each pair, from its start to its end.
    #[inline]
    pub(super) fn each(&self, mut read: impl FnMut(&mut Reader<'a>) -> UnitResult) -> UnitResult {
        let mut reader = Reader::shared(&self.chunk.data);
        match (&self.chunk.index, self.elements) {
            (Some(index), Some(rows)) => rows.iter().try_for_each(|row| {
                reader.seek(index[*row as usize].value as usize);
                read(&mut reader)
            }),
            (Some(index), None) => index.iter().try_for_each(|entry| {
                reader.seek(entry.value as usize);
                read(&mut reader)
            }),
            (None, _) if !self.is_readable() => {
                Err(CoderError::new("elements to be grouped have no index").into())
            }
            (None, _) => {
                while !reader.is_empty() {
                    let before = reader.position();
                    read(&mut reader)?;
                    if reader.position() == before {
                        return Err(CoderError::new("values of no bytes cannot be counted").into());
                    }
                }
                Ok(())
            }
        }
    }
}
