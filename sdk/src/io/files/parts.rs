//! Temporary files: what bundles write.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::target::make_directory;
use super::{Target, cannot};
use crate::error::BoxError;

/// A temporary file: the shard that it is for, its path, and its length.
pub(in crate::io) type Part = (u32, String, u64);

/// Removes the temporary files that this process made and that no step used, once nothing of the
/// pipeline is left: so a failed or cancelled run leaves none.
///
/// A worker process does not: its files belong to a run that goes on elsewhere.
#[derive(Debug)]
pub(in crate::io) struct Cleanup {
    directory: PathBuf,
    is_worker: bool,
    made: Mutex<BTreeSet<PathBuf>>,
}

impl Cleanup {
    pub(in crate::io) fn new(target: &Target, is_worker: bool) -> Arc<Self> {
        Arc::new(Self { directory: target.temporary(), is_worker, made: Mutex::default() })
    }

    fn made(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A path for a new temporary file: unique among all processes, and greater than those that
    /// this process made before.
    pub(super) fn new_path(&self) -> PathBuf {
        let stamp = rising_stamp();
        let process = std::process::id();
        let random = RandomState::new().build_hasher().finish();
        let path = self.directory.join(format!("{stamp:016x}-{process:08x}-{random:016x}"));
        self.made().insert(path.clone());
        path
    }

    pub(super) fn remove(&self, path: &Path) {
        // If it cannot be removed, the next run of this write tries again.
        drop(fs::remove_file(path));
        self.made().remove(path);
    }

    /// Removes all temporary files of the target, also those that killed runs left.
    pub(super) fn remove_all(&self) {
        drop(fs::remove_dir_all(&self.directory));
        self.made().clear();
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        if self.is_worker {
            return;
        }
        for path in self.made().iter() {
            drop(fs::remove_file(path));
        }
        // Only where it is empty; other processes may be at work in it.
        drop(fs::remove_dir(&self.directory));
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
    pub(in crate::io) fn flush(&mut self, cleanup: &Cleanup) -> Result<(), BoxError> {
        let mut options = OpenOptions::new();
        let path = match &self.path {
            Some(path) => path,
            None => {
                options.create_new(true);
                make_directory(&cleanup.directory)
                    .map_err(|error| cannot("make the directory", &cleanup.directory, error))?;
                self.path.insert(cleanup.new_path())
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
        cleanup: &Cleanup,
    ) -> Result<Option<(String, u64)>, BoxError> {
        if !self.buffer.is_empty() {
            self.flush(cleanup)?;
        }
        let bytes = std::mem::take(&mut self.bytes);
        Ok(self.path.take().map(|path| (path.to_string_lossy().into_owned(), bytes)))
    }

    /// Forgets what was written.
    pub(in crate::io) fn discard(&mut self, cleanup: &Cleanup) {
        self.buffer.clear();
        self.bytes = 0;
        if let Some(path) = self.path.take() {
            cleanup.remove(&path);
        }
    }
}
