//! Where a write writes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::cannot;
use crate::error::BoxError;

/// What the directories of temporary files begin with: hidden, so no pattern finds them.
const TEMPORARY: &str = ".purlin-temp-";

/// Into how many files a write goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::io) enum Sharding {
    /// As many as suit the bundles that the runner makes.
    ByRunner,
    /// So many.
    Fixed(u32),
    /// One, which has exactly the given name.
    Single,
}

/// The files that a write makes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::io) struct Target {
    pub(in crate::io) prefix: String,
    pub(in crate::io) suffix: String,
    pub(in crate::io) sharding: Sharding,
}

impl Target {
    pub(in crate::io) fn new(prefix: String) -> Self {
        Self { prefix, suffix: String::new(), sharding: Sharding::ByRunner }
    }

    /// The final name of a file of `count`.
    pub(super) fn name(&self, shard: usize, count: usize) -> String {
        let Self { prefix, suffix, sharding } = self;
        match sharding {
            Sharding::Single => format!("{prefix}{suffix}"),
            _ => format!("{prefix}-{shard:05}-of-{count:05}{suffix}"),
        }
    }

    /// What its files are called, for messages and for the pipeline's fingerprint.
    pub(in crate::io) fn pattern(&self) -> String {
        let Self { prefix, suffix, sharding } = self;
        match sharding {
            Sharding::ByRunner => format!("{prefix}-SSSSS-of-NNNNN{suffix}"),
            Sharding::Fixed(count) => format!("{prefix}-SSSSS-of-{count:05}{suffix}"),
            Sharding::Single => format!("{prefix}{suffix}"),
        }
    }

    /// Where its temporary files are: beside it, so that they can be renamed. Each target has its
    /// own place, so a later run can clear what a killed one left.
    pub(super) fn temporary(&self) -> PathBuf {
        let pattern = self.pattern();
        let (folder, name) = match self.prefix.rfind(std::path::is_separator) {
            Some(at) => pattern.split_at(at + 1),
            None => ("", pattern.as_str()),
        };
        Path::new(folder).join(format!("{TEMPORARY}{name}"))
    }

    /// Makes the directories that it needs, and finds out early whether files can be put there.
    ///
    /// # Errors
    /// When they cannot.
    pub(in crate::io) fn prepare(&self) -> Result<(), BoxError> {
        let path = self.pattern();
        if self.sharding == Sharding::Single {
            match fs::metadata(&path) {
                Ok(metadata) if !metadata.is_file() => {
                    let what = if metadata.is_dir() { "a directory" } else { "no regular file" };
                    return Err(cannot("write", path, format_args!("it is {what}")));
                }
                _ => {}
            }
        }
        let temporary = self.temporary();
        make_directory(&temporary).map_err(|error| {
            let what = format!("its directory does not take files: {error}");
            cannot("write", path, what)
        })
    }
}

/// Makes a directory and those above it.
pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    // Tried first, since it is there nearly always, and those above need not be readable.
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir_all(path),
        other => other,
    }
}
