//! The one way in which running user code meets its runner.

use bytes::Bytes;
use purlin_proto::fn_execution::StateKey;

use super::{Chunk, Failure};
use crate::time::Timestamp;

/// What a bundle needs from whoever runs it.
///
/// Implemented twice: by the engine's tables in process, and by the Fn API in a worker process.
/// That is the whole difference between running in process and remotely.
pub trait Host: Send {
    /// Takes elements that reached the write node `sink` of the stage.
    ///
    /// # Errors
    /// When they cannot be taken, for example because the connection is lost.
    fn emit(&mut self, sink: &str, chunk: Chunk) -> Result<(), Box<Failure>>;

    /// One page of a state cell or side input; an empty `token` asks for the first.
    ///
    /// # Errors
    /// When the runner does not know the key.
    fn get_state(&mut self, key: &StateKey, token: &Bytes) -> Result<StatePage, Box<Failure>>;

    /// What stays the same as long as the state cell or side input does: what was made of it in an
    /// earlier bundle is then still good. `None` where the runner does not say.
    fn cache_token(&mut self, key: &StateKey) -> Option<Bytes> {
        let _ = key;
        None
    }

    /// Appends encoded values to a state cell. Reads in the same bundle see them.
    ///
    /// # Errors
    /// When the runner does not know the key.
    fn append_state(&mut self, key: &StateKey, data: Bytes) -> Result<(), Box<Failure>>;

    /// Empties a state cell.
    ///
    /// # Errors
    /// When the runner does not know the key.
    fn clear_state(&mut self, key: &StateKey) -> Result<(), Box<Failure>>;

    /// Puts encoded values in the place of all that a bag holds.
    ///
    /// # Errors
    /// When the runner does not know the key.
    fn replace_state(&mut self, key: &StateKey, data: Bytes) -> Result<(), Box<Failure>> {
        self.clear_state(key)?;
        self.append_state(key, data)
    }

    /// Takes encoded timers, set or cleared, of a timer family.
    ///
    /// # Errors
    /// When they cannot be taken.
    fn set_timers(
        &mut self,
        transform_id: &str,
        family: &str,
        timers: Bytes,
    ) -> Result<(), Box<Failure>>;

    /// The time that timers of processing time are set by: the wall clock's, unless the runner has
    /// a clock of its own.
    fn processing_time(&mut self) -> Timestamp {
        Timestamp::now()
    }
}

/// A part of a state cell or side input.
#[derive(Clone, Debug, Default)]
pub struct StatePage {
    /// Concatenated values in the nested form.
    pub data: Bytes,
    /// Asks for the next page; empty at the end.
    pub next: Bytes,
}
