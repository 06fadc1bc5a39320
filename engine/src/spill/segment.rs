//! One file of spilled bytes.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use purlin_sdk::Error;

use super::folder::SEGMENT_BYTES;
use super::{Compression, SpilledBytes};

/// A file that is removed once nothing in it is needed any more.
#[derive(Debug)]
struct Segment {
    path: PathBuf,
    /// How many bytes it has, and how many of them are needed.
    written: AtomicU64,
    needed: AtomicU64,
}

impl Segment {
    fn add(&self, bytes: usize) {
        // The counters guard nothing.
        self.written.fetch_add(bytes as u64, Ordering::Relaxed);
        self.needed.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Whether nothing is added any more, and less than half of it is needed.
    fn is_sparse(&self) -> bool {
        let written = self.written.load(Ordering::Relaxed);
        written >= SEGMENT_BYTES && self.needed.load(Ordering::Relaxed) < written / 2
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // At the end of a job its whole folder was removed before.
        let _ = fs::remove_file(&self.path);
    }
}

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Writer {
    segment: Arc<Segment>,
    file: File,
    length: u64,
}

impl Writer {
    /// A new file.
    pub(super) fn create(path: PathBuf) -> Result<Self, Error> {
        match File::options().write(true).create_new(true).open(&path) {
            Ok(file) => Ok(Self::of(path, file)),
            Err(error) => Err(cannot("written", &path, &error)),
        }
    }

    pub(super) fn of(path: PathBuf, file: File) -> Self {
        let (written, needed) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { segment: Arc::new(Segment { path, written, needed }), file, length: 0 }
    }

    /// How long the file is.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Appends bytes. After an error the file is of no use to append more.
    pub(super) fn append(&mut self, data: &[u8], compression: Compression) -> Result<Block, Error> {
        let stored = match compression {
            Compression::None => Cow::Borrowed(data),
            Compression::Lz4 => Cow::Owned(lz4_flex::block::compress(data)),
        };
        let path = &self.segment.path;
        self.file.write_all(&stored).map_err(|error| cannot("written", path, &error))?;
        let block = Block {
            segment: Arc::clone(&self.segment),
            offset: self.length,
            stored: stored.len(),
            length: data.len(),
            checksum: crc32fast::hash(&stored),
            compression,
        };
        self.segment.add(stored.len());
        self.length += stored.len() as u64;
        Ok(block)
    }
}

/// Some bytes of a segment.
#[derive(Debug)]
pub(super) struct Block {
    segment: Arc<Segment>,
    offset: u64,
    /// How many bytes of the file.
    stored: usize,
    /// How many they are when they are read.
    length: usize,
    /// Of the bytes in the file.
    checksum: u32,
    compression: Compression,
}

impl Block {
    fn stored(&self) -> io::Result<Vec<u8>> {
        // Segments are many, so they are not kept open.
        let mut file = File::open(&self.segment.path)?;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut data = Vec::with_capacity(self.stored);
        file.take(self.stored as u64).read_to_end(&mut data)?;
        Ok(data)
    }

    fn damaged(&self) -> Error {
        Error::environment(format!(
            "the spill file `{}` was changed after it was written: {} bytes at {} do not have the \
             checksum {:08x}\n  help: check the disk, or choose another with `--spill-dir=DIR`",
            self.segment.path.display(),
            self.stored,
            self.offset,
            self.checksum,
        ))
    }
}

impl SpilledBytes for Block {
    fn read(&self) -> Result<Bytes, Error> {
        let stored = self.stored().map_err(|error| cannot("read", &self.segment.path, &error))?;
        if stored.len() != self.stored || crc32fast::hash(&stored) != self.checksum {
            return Err(self.damaged());
        }
        match self.compression {
            Compression::None => Ok(stored.into()),
            Compression::Lz4 => lz4_flex::block::decompress(&stored, self.length)
                .map(Bytes::from)
                .map_err(|_| self.damaged()),
        }
    }

    fn checksum(&self) -> u32 {
        self.checksum
    }

    fn is_sparse(&self) -> bool {
        self.segment.is_sparse()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.segment.needed.fetch_sub(self.stored as u64, Ordering::Relaxed);
    }
}

/// An error of the disk.
pub(super) fn cannot(be: &str, path: &Path, error: &io::Error) -> Error {
    let folder = path.parent().and_then(Path::parent).unwrap_or(path);
    Error::environment(format!(
        "the spill file `{}` cannot be {be}: {error}\n  help: choose another folder than `{}` with \
         `--spill-dir=DIR`, or have less spilled with `--memory=SIZE`",
        path.display(),
        folder.display(),
    ))
}
