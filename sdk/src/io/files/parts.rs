//! Temporary files: what bundles write.

use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use super::target::make_directory;
use super::{Target, cannot};
use crate::error::BoxError;

/// A temporary file: the shard that it is for, its path, and its length.
pub(in crate::io) type Part = (u32, String, u64);

/// Where a write's temporary files are.
#[derive(Debug)]
pub(in crate::io) struct Folder {
    path: PathBuf,
    /// Whether the run has ended. Threads of a run that failed may still be at work, and must not
    /// leave files behind.
    is_closed: RwLock<bool>,
}

impl Folder {
    pub(in crate::io) fn new(target: &Target) -> Arc<Self> {
        Arc::new(Self { path: target.temporary(), is_closed: RwLock::new(false) })
    }

    /// Keeps it open while files in it are used.
    ///
    /// # Errors
    /// When the run has ended.
    pub(super) fn open(&self) -> Result<RwLockReadGuard<'_, bool>, BoxError> {
        let is_closed = self.is_closed.read().unwrap_or_else(PoisonError::into_inner);
        if *is_closed { Err("the run has ended".into()) } else { Ok(is_closed) }
    }

    /// Ends a run: nothing more is written, and no temporary file is left.
    pub(in crate::io) fn close(&self) {
        *self.is_closed.write().unwrap_or_else(PoisonError::into_inner) = true;
        self.clear();
    }

    /// Removes all temporary files of the target, also those that killed runs left.
    pub(super) fn clear(&self) {
        // What cannot be removed now, the next run of this write tries again.
        drop(fs::remove_dir_all(&self.path));
    }

    /// A path for a new temporary file: unique among all processes, and greater than those that
    /// this process made before.
    pub(super) fn new_path(&self) -> PathBuf {
        let stamp = rising_stamp();
        let process = std::process::id();
        let random = RandomState::new().build_hasher().finish();
        self.path.join(format!("{stamp:016x}-{process:08x}-{random:016x}"))
    }
}

/// The time in nanoseconds, or one more than the last stamp.
fn rising_stamp() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
    let last = LAST.fetch_max(now, Ordering::Relaxed);
    if last < now { now } else { LAST.fetch_add(1, Ordering::Relaxed) + 1 }
}

/// Writes a temporary file in large pieces. It is open only while a piece is written, so a bundle
/// can write any number of shards.
#[derive(Debug, Default)]
pub(in crate::io) struct PartWriter {
    /// What is not yet written.
    pub(in crate::io) buffer: Vec<u8>,
    path: Option<PathBuf>,
    bytes: u64,
}

impl PartWriter {
    /// Writes what is buffered.
    ///
    /// # Errors
    /// When the file system does not take it.
    pub(in crate::io) fn flush(&mut self, folder: &Folder) -> Result<(), BoxError> {
        let _open = folder.open()?;
        let mut options = OpenOptions::new();
        let path = match &self.path {
            Some(path) => path,
            None => {
                options.create_new(true);
                make_directory(&folder.path)
                    .map_err(|error| cannot("make the directory", &folder.path, error))?;
                self.path.insert(folder.new_path())
            }
        };
        let file = options.append(true).open(path);
        file.and_then(|mut file| file.write_all(&self.buffer))
            .map_err(|error| cannot("write the temporary file", path, error))?;
        self.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// The finished file; `None` where nothing was written.
    ///
    /// # Errors
    /// When the file system does not take its end.
    pub(in crate::io) fn finish(
        &mut self,
        folder: &Folder,
    ) -> Result<Option<(String, u64)>, BoxError> {
        if !self.buffer.is_empty() {
            self.flush(folder)?;
        }
        let bytes = std::mem::take(&mut self.bytes);
        Ok(self.path.take().map(|path| (path.to_string_lossy().into_owned(), bytes)))
    }

    /// Forgets what was written.
    pub(in crate::io) fn discard(&mut self) {
        self.buffer.clear();
        self.bytes = 0;
        if let Some(path) = self.path.take() {
            drop(fs::remove_file(path));
        }
    }
}
