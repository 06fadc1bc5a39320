//! Counts that all functions of a job share with each other and with the check after the run.

use std::fs::OpenOptions;
use std::io::{Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::error::BoxError;
use crate::pipeline::Pipeline;

/// The option with an empty folder for the counts of a case, where its functions are called in
/// other processes than the one that checks.
const FOLDER: &str = "conformance-folder";

/// A count from 0: in memory, or the length of a file that all processes append to.
#[derive(Clone, Debug)]
pub(super) enum Shared {
    Memory(Arc<AtomicI64>),
    File(Arc<Path>),
}

impl Shared {
    /// The count of this name, unique in its case.
    pub(super) fn of(pipeline: &Pipeline, name: &str) -> Self {
        match pipeline.options().get(FOLDER) {
            Some(folder) => Self::File(Path::new(folder).join(name).into()),
            None => Self::Memory(Arc::default()),
        }
    }

    /// Counts one more; says how many there were before.
    pub(super) fn add(&self) -> Result<i64, BoxError> {
        match self {
            Self::Memory(count) => Ok(count.fetch_add(1, Ordering::SeqCst)),
            Self::File(path) => {
                // Appending is atomic, and leaves the position behind what was appended.
                let mut file = OpenOptions::new().append(true).create(true).open(path)?;
                file.write_all(b"+")?;
                Ok(i64::try_from(file.stream_position()?)? - 1)
            }
        }
    }

    /// How many there are.
    pub(super) fn get(&self) -> i64 {
        match self {
            Self::Memory(count) => count.load(Ordering::SeqCst),
            // There is no file before the first.
            Self::File(path) => std::fs::metadata(path)
                .map_or(0, |file| i64::try_from(file.len()).unwrap_or(i64::MAX)),
        }
    }
}
