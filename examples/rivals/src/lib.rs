//! The programs that Purlin is measured against.
//!
//! [`hand`](fn@hand) is what an expert would write for one job, [`plain`](fn@plain) what a good
//! programmer does in an hour. The others are written with systems, each behind a feature, as these
//! are meant to be used and as fast as we know.
//!
//! Every program has the allocator that Purlin's have, and is one process from start to end.

mod error;
#[path = "../../src/workloads/generated.rs"]
pub mod generated;
pub mod hand;
mod output;
mod parts;
mod plain;
mod task;

pub use error::{Error, Result};
pub use hand::hand;
pub use plain::plain;
pub use task::{Answer, Files, Task, Work, run};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
