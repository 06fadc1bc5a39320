//! State cells and timers of a [`StatefulDoFn`](crate::StatefulDoFn): their handles, and the
//! collection of what a transform declares.
//!
//! A handle is made by [`StateSpecs`] and kept in a field of the DoFn, so a cell that was not
//! declared cannot be used. What a handle reads and writes belongs to the key and window of the
//! element, or timer, that is being processed.

mod cells;
mod specs;
mod timer;

pub(crate) use cells::CellId;
pub use cells::{Bag, Combining, Map, Multimap, OrderedList, Set, Value};
pub use specs::StateSpecs;
pub(crate) use specs::{CellKind, CellSpec, EXPIRATION, TimeDomain, TimerSpec};
pub use timer::{EventTimer, ProcessingTimer, Timer};
