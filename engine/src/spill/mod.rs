//! A budget for elements that wait to be grouped or are side inputs and for the state of keys, and files
//! for those that exceed it.
//!
//! The shuffle, which runs where bundles run, asks for each chunk that waits whether it still fits.
//! One that does not is written to a [`SpillStore`]; the engine's core passes on where it is
//! without reading it ([`Stored`]), and whoever groups or looks it up reads it back. A chunk in memory counts
//! until the last who holds it lets go, so nobody has to say that it is not needed any more.
//!
//! A quarter of the budget is left for bundles that run: a grouping gets an equal
//! [share](Spiller::share), and divides what is larger.
//!
//! The state of keys is counted by the core, in its tables. Where it takes more than
//! [its part](StateMemory), the schedule has a bundle write that of some keys, whose commit says where it
//! is; bundles that work on these keys read it back.

mod budget;
mod folder;
mod segment;
mod size;
mod spiller;
mod stored;
#[cfg(test)]
mod test_store;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use purlin_sdk::Error;

pub use self::folder::{Compression, SpillFolder};
pub use self::size::ByteSize;
pub(crate) use self::spiller::{Spillable, Spiller, StateMemory};
pub use self::stored::{Spilled, Stored};
#[cfg(test)]
pub(crate) use self::test_store::TestStore;

/// How much memory elements that wait to be grouped and state may take, and what takes the others.
#[derive(Clone, Debug)]
pub struct Spill {
    /// The budget in bytes.
    pub memory_bytes: usize,
    /// Where elements go that exceed it.
    pub store: Arc<dyn SpillStore>,
}

/// Keeps bytes outside memory, for the time of a job.
pub trait SpillStore: fmt::Debug + Send + Sync {
    /// Takes bytes over.
    ///
    /// # Errors
    /// When they cannot be written.
    fn write(&self, data: &[u8]) -> Result<Box<dyn SpilledBytes>, Error>;

    /// The job has ended: nothing is read or written any more.
    fn close(&self);
}

/// Bytes that a [`SpillStore`] keeps until this is dropped.
pub trait SpilledBytes: fmt::Debug + Send + Sync {
    /// Reads them; any number of times.
    ///
    /// # Errors
    /// When they cannot be read, or are others than were written.
    fn read(&self) -> Result<Bytes, Error>;

    /// A checksum of what was written.
    fn checksum(&self) -> u32;

    /// Whether they keep much more room than they need themselves: what is wanted of them should be
    /// written again, and they be dropped.
    fn is_sparse(&self) -> bool {
        false
    }
}
