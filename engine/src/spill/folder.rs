//! The files of a job: a folder of its own, removed at its end.
//!
//! A process that was killed leaves its folder behind. It held a lock on a file in there, which the
//! system has released: that tells the folder from those of processes that live, whatever their
//! ids are.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use purlin_sdk::Error;
use tempfile::TempDir;
use tracing::info;

use super::segment::{Writer, cannot};
use super::{SpillStore, SpilledBytes};

const PREFIX: &str = "purlin-spill-";
/// What is locked as long as the job runs.
const LOCK: &str = "lock";
/// A file is removed as a whole, when nothing in it is needed: so it should not be large.
pub(super) const SEGMENT_BYTES: u64 = 64 << 20;

/// What is done to bytes before they are written.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Compression {
    /// Nothing.
    #[default]
    None,
    /// LZ4: for disks that are slower than a core, and data that repeats itself.
    Lz4,
}

impl FromStr for Compression {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            "lz4" => Ok(Self::Lz4),
            _ => Err("it is none of `none` and `lz4`"),
        }
    }
}

/// A [`SpillStore`] in files of a folder that the job makes once it needs it.
#[derive(Debug)]
pub struct SpillFolder {
    parent: PathBuf,
    compression: Compression,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Unused,
    Open(Open),
    Closed,
}

#[derive(Debug)]
struct Open {
    folder: TempDir,
    /// Locked until it is closed.
    _lock: File,
    /// Files that nobody writes to just now.
    idle: Vec<Writer>,
    segments: u64,
}

impl SpillFolder {
    /// A folder to be made in `parent`. Those of processes that are gone are removed there.
    #[must_use]
    pub fn within(parent: impl Into<PathBuf>, compression: Compression) -> Self {
        let parent = parent.into();
        remove_leftovers(&parent);
        Self { parent, compression, state: Mutex::new(State::Unused) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A state is replaced as a whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file for one thread at a time, so that threads do not wait for each other's disk.
    fn writer(&self) -> Result<Writer, Error> {
        let mut state = self.state();
        if matches!(*state, State::Unused) {
            *state = State::Open(Open::create(&self.parent)?);
        }
        match &mut *state {
            State::Open(open) => open.writer(),
            _ => Err(Error::environment("the job of a spill file has ended")),
        }
    }

    fn put_back(&self, writer: Writer) {
        if let State::Open(open) = &mut *self.state()
            && writer.length() < SEGMENT_BYTES
        {
            open.idle.push(writer);
        }
    }
}

impl SpillStore for SpillFolder {
    fn write(&self, data: &[u8]) -> Result<Box<dyn SpilledBytes>, Error> {
        let mut writer = self.writer()?;
        let block = writer.append(data, self.compression)?;
        self.put_back(writer);
        Ok(Box::new(block))
    }

    fn close(&self) {
        let old = std::mem::replace(&mut *self.state(), State::Closed);
        // Outside the lock: it may take a while.
        drop(old);
    }
}

impl Open {
    fn create(parent: &Path) -> Result<Self, Error> {
        let mut builder = tempfile::Builder::new();
        let prefix = format!("{PREFIX}{}-", std::process::id());
        builder.prefix(&prefix);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o700));
        }
        let made = builder.tempdir_in(parent);
        let folder =
            made.map_err(|error| cannot("written", &parent.join(PREFIX).join(LOCK), &error))?;
        let path = folder.path().join(LOCK);
        let lock = lock(folder.path()).map_err(|error| cannot("written", &path, &error))?;
        info!(folder = %folder.path().display(), "the memory is used up: elements go to files");
        Ok(Self { folder, _lock: lock, idle: Vec::new(), segments: 0 })
    }

    fn writer(&mut self) -> Result<Writer, Error> {
        if let Some(idle) = self.idle.pop() {
            return Ok(idle);
        }
        self.segments += 1;
        Writer::create(self.folder.path().join(self.segments.to_string()))
    }
}

/// Makes and locks the file of a folder that shows that its process lives. It has its name only
/// once it is locked, so that nobody finds it before.
fn lock(folder: &Path) -> std::io::Result<File> {
    let unlocked = folder.join("unlocked");
    let file = File::create_new(&unlocked)?;
    file.try_lock()?;
    fs::rename(unlocked, folder.join(LOCK))?;
    Ok(file)
}

/// Removes the folders of processes that did not live to do so. What cannot be removed stays: it
/// is somebody else's.
fn remove_leftovers(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) && is_left(&entry.path()) {
            let removed = fs::remove_dir_all(entry.path());
            info!(folder = %entry.path().display(), is_removed = removed.is_ok(), "left files");
        }
    }
}

/// Whether a folder has a lock file that nobody has locked.
fn is_left(folder: &Path) -> bool {
    let file = File::options().read(true).write(true).open(folder.join(LOCK));
    file.is_ok_and(|file| file.try_lock().is_ok())
}
