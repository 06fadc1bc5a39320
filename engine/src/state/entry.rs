//! What waits in the queue of a stage.

use std::sync::Arc;

use purlin_sdk::exec::{Chunk, Framing};
use purlin_sdk::{Timestamp, Window};

use super::quiescence::Tokens;
use super::{StageState, State};
use crate::bundle::{GroupInput, Output};
use crate::plan::StageId;

/// A piece of work that waits for a stage or runs in it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Entry {
    /// What to do.
    pub(crate) work: Work,
    /// The memory that it takes.
    pub(crate) bytes: usize,
    /// The windows of its elements, where these wait for side inputs.
    pub(crate) windows: Vec<Window>,
    pub(super) hold: Hold,
    pub(super) tokens: Tokens,
}

/// What an entry asks a stage to do.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Work {
    /// Process elements.
    Elements(Arc<Chunk>),
    /// Continue an element of a splittable stage.
    Residual { chunk: Arc<Chunk>, resume_at: Timestamp, is_bounded: bool },
    /// Group complete windows.
    Groups(GroupInput),
    /// Merge accumulators that wait for the end of their window.
    Compact(GroupInput),
}

impl Work {
    /// How many elements it has.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Elements(chunk) | Self::Residual { chunk, .. } => chunk.count as usize,
            Self::Groups(group) | Self::Compact(group) => group.count(),
        }
    }

    fn size_bytes(&self) -> usize {
        match self {
            Self::Elements(chunk) | Self::Residual { chunk, .. } => chunk.size_bytes(),
            Self::Groups(group) | Self::Compact(group) => group.size_bytes(),
        }
    }
}

/// What watermarks an entry holds; the end of time for none.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Hold {
    pub(super) input: Timestamp,
    pub(super) output: Timestamp,
}

impl Hold {
    pub(super) const NONE: Self = Self { input: Timestamp::MAX, output: Timestamp::MAX };

    pub(super) fn input(input: Timestamp) -> Self {
        Self { input, ..Self::NONE }
    }

    pub(super) fn output(output: Timestamp) -> Self {
        Self { output, ..Self::NONE }
    }

    pub(super) fn min(self, other: Self) -> Self {
        Self { input: self.input.min(other.input), output: self.output.min(other.output) }
    }
}

impl StageState {
    fn insert(&mut self, id: u64, entry: Entry) {
        self.entry_bytes += entry.bytes;
        self.input_holds.add(entry.hold.input);
        self.output_holds.add(entry.hold.output);
        self.side_windows.wait(&entry.windows);
        self.entries.insert(id, entry);
    }

    /// Replaces the work of an entry by a part of it, which holds what the whole held. Returns the
    /// tokens, for the other part; `None` where there is no such entry.
    pub(super) fn replace(&mut self, id: u64, work: Work) -> Option<Tokens> {
        let entry = self.entries.get_mut(&id)?;
        let bytes = work.size_bytes();
        self.entry_bytes = self.entry_bytes - entry.bytes + bytes;
        (entry.work, entry.bytes) = (work, bytes);
        Some(entry.tokens.clone())
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        self.entry_bytes -= entry.bytes;
        self.input_holds.remove(entry.hold.input);
        self.output_holds.remove(entry.hold.output);
        self.side_windows.leave(&entry.windows);
        Some(entry)
    }
}

impl State {
    /// Appends an entry to the queue of a stage.
    pub(super) fn enqueue(&mut self, stage: StageId, entry: Entry) -> u64 {
        self.quiescence.carry(&entry.tokens);
        let id = self.next_entry;
        self.next_entry += 1;
        self.stages[stage.0].insert(id, entry);
        id
    }

    /// Takes an entry out of the queue of a stage; its tokens are released by the caller, after
    /// those of what takes its place were carried.
    pub(super) fn dequeue(&mut self, stage: StageId, id: u64) -> Option<Entry> {
        self.stages[stage.0].remove(id)
    }
}

/// The windows of an output's elements.
pub(super) fn windows(output: &Output) -> Vec<Window> {
    match output.chunk.framing() {
        Framing::Constant(stamp) if output.slices.is_empty() => stamp.windows.as_slice().to_vec(),
        _ => output.slices.iter().map(|slice| slice.window.clone()).collect(),
    }
}
