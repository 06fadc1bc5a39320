//! Temporary files: what bundles write.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use super::target::make_directory;
use super::{Target, cannot};
use crate::error::BoxError;

/// Where bytes lie in a file: their offset and number.
pub(in crate::io) type Piece = (u64, u64);

/// What a bundle wrote for a shard: the shard, the path of a temporary file, and the pieces of it
/// in their order.
pub(in crate::io) type Part = (u32, String, Vec<Piece>);

/// Where a write's temporary files are.
#[derive(Debug)]
pub(in crate::io) struct Folder {
    path: PathBuf,
    /// Whether the run has ended. Threads of a run that failed may still be at work, and must not
    /// leave files behind.
    is_closed: RwLock<bool>,
    /// The file of each shard to which all bundles of this process write, so that they need not be
    /// joined by copying.
    joint: Mutex<BTreeMap<u32, Arc<TemporaryFile>>>,
}

impl Folder {
    pub(in crate::io) fn new(target: &Target) -> Arc<Self> {
        let (path, is_closed) = (target.temporary(), RwLock::new(false));
        Arc::new(Self { path, is_closed, joint: Mutex::default() })
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

    /// The file to which bundles write what is for `shard`.
    fn joint(&self, shard: u32) -> Result<Arc<TemporaryFile>, BoxError> {
        let mut joint = self.joint.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = joint.get(&shard) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(TemporaryFile::create(self)?);
        joint.insert(shard, Arc::clone(&file));
        Ok(file)
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

/// A temporary file, to which several bundles may write at once.
#[derive(Debug)]
struct TemporaryFile {
    path: PathBuf,
    /// How many of its bytes were given to those who write.
    given: AtomicU64,
}

impl TemporaryFile {
    fn create(folder: &Folder) -> Result<Self, BoxError> {
        make_directory(&folder.path)
            .map_err(|error| cannot("make the directory", &folder.path, error))?;
        let path = folder.new_path();
        File::create_new(&path)
            .map_err(|error| cannot("write the temporary file", &path, error))?;
        Ok(Self { path, given: AtomicU64::new(0) })
    }

    /// Writes to a place of its own, whose offset it returns. It is open only meanwhile, so a
    /// bundle can write any number of files.
    fn write(&self, bytes: &[u8]) -> Result<u64, BoxError> {
        let offset = self.given.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        let written = OpenOptions::new().write(true).open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(offset))?;
            file.write_all(bytes)
        });
        written.map_err(|error| cannot("write the temporary file", &self.path, error))?;
        Ok(offset)
    }
}

/// Writes a shard of a bundle in large pieces.
#[derive(Debug)]
pub(in crate::io) struct PartWriter {
    /// What is not yet written.
    pub(in crate::io) buffer: Vec<u8>,
    shard: u32,
    /// Whether what it writes is joined with what others write for this shard.
    is_joined: bool,
    file: Option<Arc<TemporaryFile>>,
    pieces: Vec<Piece>,
}

impl PartWriter {
    /// A writer of a shard that becomes one file.
    pub(in crate::io) fn joined(shard: u32) -> Self {
        Self { is_joined: true, shard, ..Self::apart() }
    }

    /// A writer of files that need not be joined.
    pub(in crate::io) fn apart() -> Self {
        let (buffer, pieces) = (Vec::new(), Vec::new());
        Self { buffer, shard: 0, is_joined: false, file: None, pieces }
    }

    /// Writes what is buffered.
    ///
    /// # Errors
    /// When the file system does not take it.
    pub(in crate::io) fn flush(&mut self, folder: &Folder) -> Result<(), BoxError> {
        let _open = folder.open()?;
        let file = match &mut self.file {
            Some(file) => file,
            none if self.is_joined => none.insert(folder.joint(self.shard)?),
            none => none.insert(Arc::new(TemporaryFile::create(folder)?)),
        };
        let (offset, length) = (file.write(&self.buffer)?, self.buffer.len() as u64);
        match self.pieces.last_mut() {
            Some((start, before)) if *start + *before == offset => *before += length,
            _ => self.pieces.push((offset, length)),
        }
        self.buffer.clear();
        Ok(())
    }

    /// What was written; `None` where that is nothing.
    ///
    /// # Errors
    /// When the file system does not take its end.
    pub(in crate::io) fn finish(&mut self, folder: &Folder) -> Result<Option<Part>, BoxError> {
        if !self.buffer.is_empty() {
            self.flush(folder)?;
        }
        let pieces = std::mem::take(&mut self.pieces);
        let file = self.file.take();
        Ok(file.map(|file| (self.shard, file.path.to_string_lossy().into_owned(), pieces)))
    }

    /// Forgets what was written. What lies in a joint file stays there, and no part names it.
    pub(in crate::io) fn discard(&mut self) {
        self.buffer.clear();
        self.pieces.clear();
        if let Some(file) = self.file.take()
            && !self.is_joined
        {
            drop(fs::remove_file(&file.path));
        }
    }
}
