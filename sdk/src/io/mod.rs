//! Reading and writing files.
//!
//! Building a pipeline touches no file: patterns are matched and directories made when it runs.
//! Reads are splittable functions over ranges of bytes; writes go to temporary files, which one
//! last step renames when all of them are complete.

mod files;
pub mod json;
pub mod text;

pub use files::Compression;
