//! Elements as Beam's data plane carries them: each behind a header of its own.

use std::borrow::Cow;

use bytes::Bytes;
use purlin_sdk::coders::windowed::put_stamp;
use purlin_sdk::exec::{Chunk, Failure, Framing};

use super::{Shuffle, end_of, index};
use crate::bundle::Output;
use crate::plan::CollectionId;

impl Shuffle {
    /// The elements of a chunk for a worker process. Costs a pass where they share their stamp.
    ///
    /// # Errors
    /// When the bytes are not what the collection's coder says.
    pub fn to_wire(&self, collection: CollectionId, chunk: &Chunk) -> Result<Bytes, Box<Failure>> {
        let Framing::Constant(stamp) = &chunk.framing else { return Ok(chunk.data.clone()) };
        let edge = &self.edges[collection.0];
        let mut header = Vec::new();
        put_stamp(&mut header, stamp, &edge.windows);
        if chunk.data.is_empty() {
            // Values without bytes: only their number is known.
            return Ok(header.repeat(chunk.count as usize).into());
        }
        let index = match &chunk.index {
            Some(index) => Cow::Borrowed(index),
            None => Cow::Owned(
                index::index(chunk, edge).map_err(|problem| self.failure(collection, &problem))?,
            ),
        };
        let mut data = Vec::with_capacity(chunk.data.len() + header.len() * index.len());
        for (row, entry) in index.iter().enumerate() {
            data.extend_from_slice(&header);
            data.extend_from_slice(&chunk.data[entry.start as usize..end_of(chunk, &index, row)]);
        }
        Ok(data.into())
    }

    /// Prepares elements of a collection that came from a worker process, as
    /// [`prepare`](Self::prepare) does. One pass finds and counts them.
    ///
    /// # Errors
    /// When the bytes are not what the collection's coder says.
    pub fn from_wire(
        &self,
        collection: CollectionId,
        data: Bytes,
        outputs: &mut Vec<Output>,
    ) -> Result<(), Box<Failure>> {
        let edge = &self.edges[collection.0];
        let mut chunk =
            Chunk { data, framing: Framing::Each, count: 0, partition: None, index: None };
        index::ensure(&mut chunk, edge).map_err(|problem| self.failure(collection, &problem))?;
        if !edge.needs_index(&chunk) {
            chunk.index = None;
        }
        self.prepare(collection, chunk, None, outputs)
    }
}
