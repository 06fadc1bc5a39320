//! What all formats share: finding, opening and replacing files, and watching for new ones.

mod compression;
mod matching;
mod parts;
mod publish;
mod target;
mod watch;

use std::fmt::Display;
use std::path::Path;

pub use compression::Compression;
pub(super) use compression::open;
pub(super) use matching::matching;
pub(super) use parts::{Folder, Part, PartWriter};
pub(super) use publish::publish;
pub(super) use target::{Sharding, Target};
pub use watch::{Until, Watch, watch};

use crate::error::BoxError;

/// The error of an operation on a file, such as "cannot read `x`: permission denied".
pub(super) fn cannot(verb: &str, path: impl AsRef<Path>, error: impl Display) -> BoxError {
    format!("cannot {verb} `{}`: {error}", path.as_ref().display()).into()
}
