//! Elements that are in memory or elsewhere.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use purlin_sdk::Error;
use purlin_sdk::exec::{Chunk, Framing};

use super::SpilledBytes;

/// A chunk that is in memory, or was written to a [`SpillStore`](crate::SpillStore).
#[derive(Clone, PartialEq, Debug)]
pub enum Stored {
    /// In memory.
    InMemory(Arc<Chunk>),
    /// Elsewhere.
    Spilled(Arc<Spilled>),
}

/// What is known about a chunk without reading its elements.
pub struct Spilled {
    framing: Framing,
    count: u32,
    partition: Option<u32>,
    /// The length of its data.
    bytes: usize,
    data: Box<dyn SpilledBytes>,
}

impl Stored {
    /// How many elements there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        match self {
            Self::InMemory(chunk) => chunk.count,
            Self::Spilled(spilled) => spilled.count,
        }
    }

    /// How each element is framed.
    #[must_use]
    pub fn framing(&self) -> &Framing {
        match self {
            Self::InMemory(chunk) => &chunk.framing,
            Self::Spilled(spilled) => &spilled.framing,
        }
    }

    /// Which partition of its collection the elements belong to, where they were partitioned.
    #[must_use]
    pub fn partition(&self) -> Option<u32> {
        match self {
            Self::InMemory(chunk) => chunk.partition,
            Self::Spilled(spilled) => spilled.partition,
        }
    }

    /// How many bytes the chunk takes in memory, or would take there.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::InMemory(chunk) => chunk.size_bytes(),
            Self::Spilled(spilled) => spilled.bytes,
        }
    }

    /// The chunk, read back where it is not in memory.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn load(&self) -> Result<Arc<Chunk>, Error> {
        match self {
            Self::InMemory(chunk) => Ok(Arc::clone(chunk)),
            Self::Spilled(spilled) => Ok(Arc::new(spilled.load()?)),
        }
    }

    /// The chunk of a collection that is read from queues, or as a side input whose panes replace
    /// each other.
    ///
    /// # Panics
    /// When it is not in memory: the shuffle spills nothing that is read so.
    #[must_use]
    pub fn in_memory(&self) -> &Arc<Chunk> {
        match self {
            Self::InMemory(chunk) => chunk,
            Self::Spilled(_) => panic!("elements were spilled that are not read back"),
        }
    }
}

impl From<Chunk> for Stored {
    fn from(chunk: Chunk) -> Self {
        Self::InMemory(Arc::new(chunk))
    }
}

impl Spilled {
    /// Of a chunk whose data is elsewhere now. An index is not kept.
    pub(super) fn new(chunk: Chunk, data: Box<dyn SpilledBytes>) -> Self {
        let Chunk { framing, count, partition, data: written, .. } = chunk;
        Self { framing, count, partition, bytes: written.len(), data }
    }

    /// The bytes of the elements.
    pub(crate) fn data(&self) -> Result<Bytes, Error> {
        self.data.read()
    }

    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Whether its file has little else that is needed.
    pub(crate) fn is_sparse(&self) -> bool {
        self.data.is_sparse()
    }

    fn load(&self) -> Result<Chunk, Error> {
        Ok(Chunk {
            data: self.data()?,
            framing: self.framing.clone(),
            count: self.count,
            partition: self.partition,
            index: None,
        })
    }

    fn facts(&self) -> (&Framing, u32, Option<u32>, usize, u32) {
        (&self.framing, self.count, self.partition, self.bytes, self.data.checksum())
    }
}

/// By checksum: nothing is read.
impl PartialEq for Spilled {
    fn eq(&self, other: &Self) -> bool {
        self.facts() == other.facts()
    }
}

impl fmt::Debug for Spilled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, bytes, data, .. } = self;
        write!(f, "Spilled({count} elements, {bytes} bytes, {data:?})")
    }
}
