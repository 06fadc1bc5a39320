//! Sources of numbers and times, and reading and writing files.
//!
//! Building a pipeline touches no file: patterns are matched and directories made when it runs.
//! Reads are splittable functions over ranges of bytes; writes go to temporary files, which one
//! last step renames when all of them are complete.

pub mod files;
mod impulses;
pub mod json;
mod sequence;
pub mod text;
mod ticks;

pub use files::Compression;
pub use impulses::{PeriodicImpulse, periodic_impulse};
pub use sequence::{GenerateSequence, Numbers, generate_sequence};
