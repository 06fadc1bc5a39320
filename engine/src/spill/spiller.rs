//! Decides which chunks stay in memory.

use std::sync::Arc;

use purlin_sdk::Stamp;
use purlin_sdk::exec::{Chunk, Failure, Framing};

use super::budget::Budget;
use super::{Spill, SpillStore, Spilled, Stored};

type Result<T> = std::result::Result<T, Box<Failure>>;

/// What an element costs while it is grouped, beside its bytes: its place in the order of arrival
/// and in that of keys, and its key where it has one of its own.
const GROUPING_BYTES: usize = 64;

/// Keeps the elements of a job that wait to be grouped.
#[derive(Debug)]
pub(crate) struct Spiller {
    waiting: Budget,
    share: usize,
    state_bytes: usize,
    store: Arc<dyn SpillStore>,
}

/// What a job keeps that can go to files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spillable {
    /// Elements that wait to be grouped, or are side inputs.
    Elements,
    /// The state of keys.
    State,
    Both,
}

/// How much memory the state of keys may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateMemory {
    /// What is kept between bundles.
    pub(crate) kept: usize,
    /// What a bundle reads back of what is not.
    pub(crate) loaded: usize,
}

impl Spiller {
    /// Three quarters of the budget are for what waits and for the state of keys, in equal parts where
    /// a job has both; the others are for what `executors` bundles work on.
    pub(crate) fn new(spill: &Spill, executors: usize, what: Spillable) -> Self {
        let running = spill.memory_bytes / 4;
        let kept = spill.memory_bytes - running;
        let state = match what {
            Spillable::Elements => 0,
            Spillable::State => kept,
            Spillable::Both => kept / 2,
        };
        Self {
            waiting: Budget::new(kept - state),
            state_bytes: state,
            share: running / executors.max(1),
            store: Arc::clone(&spill.store),
        }
    }

    /// The memory that the state of keys may take.
    pub(crate) fn state_memory(&self) -> StateMemory {
        StateMemory { kept: self.state_bytes, loaded: self.share }
    }

    /// The memory that one grouping may use.
    pub(crate) fn share(&self) -> usize {
        self.share
    }

    /// Whether so many elements can be grouped at once.
    pub(crate) fn fits(&self, count: usize, bytes: usize) -> bool {
        bytes.saturating_add(count.saturating_mul(GROUPING_BYTES)) <= self.share
    }

    /// Keeps a chunk in memory where that is within the budget, and elsewhere otherwise.
    pub(crate) fn keep(&self, chunk: Chunk) -> Result<Stored> {
        let index = chunk.size_bytes() - chunk.data.len();
        match self.waiting.hold(&chunk.data, index) {
            Some(data) => Ok(Chunk { data, ..chunk }.into()),
            None => self.spill(chunk),
        }
    }

    /// Writes a chunk to the store; its index is lost.
    pub(crate) fn spill(&self, chunk: Chunk) -> Result<Stored> {
        self.write(chunk).map(Stored::Spilled)
    }

    /// Writes so many things that are no elements.
    pub(crate) fn write_bytes(&self, data: Vec<u8>, count: u32) -> Result<Arc<Spilled>> {
        let framing = Framing::Constant(Stamp::default());
        self.write(Chunk { data: data.into(), framing, count, partition: None, index: None })
    }

    fn write(&self, chunk: Chunk) -> Result<Arc<Spilled>> {
        let data = self.store.write(&chunk.data).map_err(|error| Failure::from_error(&error))?;
        Ok(Arc::new(Spilled::new(chunk, data)))
    }

    /// The job has ended.
    pub(crate) fn close(&self) {
        self.store.close();
    }
}
