//! The programs that Purlin is measured against.
//!
//! [`hand`](fn@hand) is what an expert would write for one job, [`plain`](fn@plain) what a good
//! programmer does in an hour. The others are written with systems, each behind a feature, as these
//! are meant to be used and as fast as we know.
//!
//! Every program has the allocator that Purlin's have, and is one process from start to end.

#[cfg(feature = "datafusion")]
mod datafusion;
mod error;
#[path = "../../src/workloads/generated.rs"]
pub mod generated;
pub mod hand;
mod output;
mod parts;
mod plain;
#[cfg(feature = "polars")]
mod polars;
#[cfg(feature = "renoir")]
mod renoir;
#[cfg(any(feature = "timely", feature = "renoir", feature = "polars", feature = "datafusion"))]
mod shared;
mod task;
#[cfg(feature = "timely")]
mod timely;

#[cfg(feature = "datafusion")]
pub use datafusion::datafusion;
pub use error::{Error, Result};
pub use hand::hand;
pub use plain::plain;
#[cfg(feature = "polars")]
pub use polars::polars;
#[cfg(feature = "renoir")]
pub use renoir::renoir;
pub use task::{Answer, Files, Outcome, Task, Work, run};
#[cfg(feature = "timely")]
pub use timely::timely;

/// That of all programs that are compared, whatever else is compiled into them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
