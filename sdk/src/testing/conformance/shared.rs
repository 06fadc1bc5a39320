//! What all functions of a job share with each other and with the check after the run: counts, logs
//! and a folder.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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

/// Lines in the order in which they were written: in memory, or in a file that all processes append
/// to.
#[derive(Clone, Debug)]
pub(super) enum Log {
    Memory(Arc<Mutex<Vec<String>>>),
    File(Arc<Path>),
}

impl Log {
    /// The log of this name, unique in its case.
    pub(super) fn of(pipeline: &Pipeline, name: &str) -> Self {
        match pipeline.options().get(FOLDER) {
            Some(folder) => Self::File(Path::new(folder).join(name).into()),
            None => Self::Memory(Arc::default()),
        }
    }

    /// Writes a line.
    pub(super) fn write(&self, line: &str) -> Result<(), BoxError> {
        match self {
            Self::Memory(lines) => {
                lines.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
            }
            Self::File(path) => {
                // In one call, because appending that is atomic.
                let mut file = OpenOptions::new().append(true).create(true).open(path)?;
                file.write_all(format!("{line}\n").as_bytes())?;
            }
        }
        Ok(())
    }

    /// All lines.
    pub(super) fn read(&self) -> Result<Vec<String>, String> {
        match self {
            Self::Memory(lines) => Ok(lines.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
                Err(error) => Err(format!("{}: {error}", path.display())),
            },
        }
    }
}

/// The path of an empty folder for the files of a case, which [`remove`](Self::remove) removes.
#[derive(Clone, Debug)]
pub(super) struct Files(PathBuf);

impl Files {
    /// The folder of a case. It is not there before somebody makes it.
    pub(super) fn of(pipeline: &Pipeline) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        if let Some(folder) = pipeline.options().get(FOLDER) {
            return Self(Path::new(folder).join("files"));
        }
        let name = format!(
            "purlin-conformance-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        Self(std::env::temp_dir().join(name))
    }

    /// The path of a file, or a pattern of some.
    pub(super) fn path(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }

    /// Writes a file that appears when it is complete.
    pub(super) fn write(&self, name: &str, content: &str) -> Result<(), BoxError> {
        std::fs::create_dir_all(&self.0)?;
        let part = self.path(&format!("{name}.part"));
        std::fs::write(&part, content)?;
        Ok(std::fs::rename(part, self.path(name))?)
    }

    /// Removes the folder and what is in it.
    pub(super) fn remove(&self) -> Result<(), String> {
        std::fs::remove_dir_all(&self.0).map_err(|error| format!("{}: {error}", self.0.display()))
    }
}
