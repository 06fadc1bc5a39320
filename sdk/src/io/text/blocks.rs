//! Blocks of whole lines.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memrchr};

/// How much is read at a time.
pub(super) const BLOCK_BYTES: usize = 256 << 10;

/// Cuts a stream of bytes into blocks of whole lines. Its memory is bounded by the longest line.
pub(super) struct Blocks<R> {
    input: R,
    buffer: Vec<u8>,
    /// The part of the buffer that was read, and not yet given or skipped.
    start: usize,
    end: usize,
    /// Where in the file that part starts.
    offset: u64,
    block_bytes: usize,
    is_at_end: bool,
}

/// How many lines end in `input`.
pub(super) fn count_lines(mut input: impl Read) -> io::Result<u64> {
    let mut lines = 0;
    let mut buffer = vec![0; BLOCK_BYTES];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(lines),
            Ok(read) => lines += memchr_iter(b'\n', &buffer[..read]).count() as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

impl<R: Read> Blocks<R> {
    /// The blocks of `input`, whose first byte lies at `offset` of a file.
    pub(super) fn new(input: R, offset: u64, block_bytes: usize) -> Self {
        Self { input, buffer: Vec::new(), start: 0, end: 0, offset, block_bytes, is_at_end: false }
    }

    /// Moves past the next line end; to the end of the input where there is none.
    pub(super) fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let unread = &self.buffer[self.start..self.end];
            if let Some(at) = memchr(b'\n', unread) {
                self.take(at + 1);
                return Ok(());
            }
            self.take(unread.len());
            if !self.fill()? {
                return Ok(());
            }
        }
    }

    /// The next lines, with their line ends, and where in the file they start. Only the last line
    /// of the input may have no line end.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        let mut searched = 0;
        let length = loop {
            let unread = &self.buffer[self.start..self.end];
            if let Some(at) = memrchr(b'\n', &unread[searched..]) {
                break searched + at + 1;
            }
            searched = unread.len();
            if !self.fill()? {
                break searched;
            }
        };
        let offset = self.offset;
        let block = self.take(length);
        Ok((length > 0).then(|| (offset, &self.buffer[block])))
    }

    fn take(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.start;
        self.start += length;
        self.offset += length as u64;
        start..self.start
    }

    /// Reads until the buffer is full, with room for a block at least. `false` where nothing is
    /// left to read.
    fn fill(&mut self) -> io::Result<bool> {
        if self.is_at_end {
            return Ok(false);
        }
        self.make_room();
        let before = self.end;
        while self.end < self.buffer.len() {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.is_at_end = true;
                    break;
                }
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.end > before)
    }

    /// Moves what is unread to the front. A line that is longer than the buffer doubles it; it
    /// shrinks again behind such a line.
    fn make_room(&mut self) {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let wanted = self.block_bytes.max((self.end * 2).next_multiple_of(self.block_bytes));
        if self.end == self.buffer.len() {
            self.buffer.resize(wanted, 0);
        } else if self.buffer.len() > wanted {
            self.buffer.truncate(wanted);
            self.buffer.shrink_to_fit();
        }
    }
}
