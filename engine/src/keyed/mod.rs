//! Stages whose keys have state: users' functions with state and timers, and groupings by window
//! that do more than collect elements until the watermark passes.
//!
//! The keys of such a stage are divided into partitions. Each has a [`Table`] of cells and timers,
//! and a queue of the timers that fire next. One bundle of a partition runs at a time; it sees the
//! table as it was committed, collects changes on top in a [`view`], and its commit carries them.
//! So everything about keys is the same for a user's function in this process, one in a worker
//! process, and the grouping of the engine itself.
//!
//! Where all cells together take too much memory, those of some keys go to files: [`spilling`] has them
//! written, [`cold`] knows how, and a bundle that needs them finds them in what it [`loaded`].

mod bundle;
mod bundle_timers;
mod cell;
mod cell_coding;
mod cells;
mod change;
mod cold;
mod facts;
mod group_bundle;
mod grouping;
mod kept_bytes;
mod late;
mod loaded;
mod merging;
mod queue;
mod small_map;
mod sorting;
mod spilling;
mod stage;
mod table;
mod timer_coding;
mod transfers;
mod user_state;
mod view;

use bytes::Bytes;
use purlin_sdk::Stamp;
use purlin_sdk::coders::windowed::WindowCoder;
use purlin_sdk::coders::{CoderError, Reader};
use purlin_sdk::exec::{Chunk, Framing, Headers};

pub use self::bundle::{Clocks, KeyedBundle, KeyedInput};
pub use self::bundle_timers::FiredTimers;
pub use self::cell::CellId;
pub use self::change::{BagChange, CellChange, KeyChange, Timer, TimerId};
pub(crate) use self::facts::KeyedFacts;
pub(crate) use self::group_bundle::group_keyed;
pub use self::kept_bytes::KeptBytes;
pub use self::queue::DueTimer;
pub(crate) use self::queue::Now;
pub use self::small_map::SmallMap;
pub(crate) use self::spilling::spill_keys;
pub(crate) use self::stage::KeyedState;
pub use self::table::Table;
pub(crate) use self::table::TableSize;
pub use self::transfers::Transfers;
pub use self::user_state::is_user_state;
use crate::shuffle::end_of;

/// An element of a chunk.
struct Element<'a> {
    key: Bytes,
    stamp: &'a Stamp,
    /// Key and value.
    value: &'a [u8],
}

/// Visits the elements of a chunk that has an index.
fn for_each_element(
    windows: WindowCoder,
    chunk: &Chunk,
    mut visit: impl FnMut(Element<'_>) -> Result<(), CoderError>,
) -> Result<(), CoderError> {
    let index = chunk.index.as_deref();
    let index = index.ok_or_else(|| CoderError::new("elements with keys have no index"))?;
    let mut headers = Headers::new(&windows);
    for (row, entry) in index.iter().enumerate() {
        let (start, key) = (entry.start as usize, entry.value as usize);
        let stamp = match &chunk.framing {
            Framing::Constant(stamp) => stamp,
            Framing::Each => headers.next(&mut Reader::new(&chunk.data[start..]))?,
        };
        visit(Element {
            key: chunk.data.slice(key..key + entry.key_length as usize),
            stamp,
            value: &chunk.data[key..end_of(chunk, index, row)],
        })?;
    }
    Ok(())
}
