//! Text files, line by line.

mod blocks;
mod line;
mod lines;
mod read;
mod read_range;
mod text_line;
mod write;

pub use line::{Line, Located};
pub use lines::InvalidUtf8;
pub use read::{Pattern, Patterns, Read, read, read_all, read_bytes};
pub use text_line::TextLine;
pub use write::{Write, Written, write};

pub use super::files::Compression;
