//! Writes a file that appears only when it is complete.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
};

const BLOCK: usize = 1 << 20;

/// A file in the making, beside the place where it will be.
pub(crate) struct Output {
    path: PathBuf,
    part: PathBuf,
    file: File,
    buffer: Vec<u8>,
}

impl Output {
    pub(crate) fn at(path: PathBuf) -> io::Result<Self> {
        let mut part = OsString::from(&path);
        part.push(".part");
        let part = PathBuf::from(part);
        let file = File::create(&part)?;
        Ok(Self { path, part, file, buffer: Vec::with_capacity(BLOCK + (BLOCK >> 4)) })
    }

    /// Where the next bytes are to be appended.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Writes what was appended, if it is enough for one call of the system.
    pub(crate) fn flush_if_full(&mut self) -> io::Result<()> {
        if self.buffer.len() < BLOCK { Ok(()) } else { self.flush() }
    }

    /// Writes `text` past what is appended otherwise.
    pub(crate) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.write_all(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// The file gets its name.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        fs::rename(&self.part, &self.path)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // After `finish` there is nothing left to remove.
        let _ = fs::remove_file(&self.part);
    }
}
