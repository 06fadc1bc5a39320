//! Reads a file in blocks of 1 MiB that end between two words or lines.

use std::{
    io::{self, Read},
    str,
};

use crate::error::not_utf8;

const BLOCK: usize = 1 << 20;

/// So many bytes may be read behind the end of a block; what they hold means nothing.
pub(crate) const PADDING: usize = 64;

/// The blocks of a text, each a whole number of pieces, checked to be UTF-8.
pub(crate) struct Blocks<R> {
    input: R,
    ends_piece: fn(u8) -> bool,
    buffer: Vec<u8>,
    /// The bytes of `buffer` that were given out.
    given: usize,
    /// The bytes of `buffer` that were read.
    filled: usize,
}

/// Some whole pieces: the last byte ends one.
#[derive(Clone, Copy)]
pub(crate) struct Block<'b> {
    /// The text and [`PADDING`].
    pub(crate) padded: &'b [u8],
    /// Where the text ends.
    pub(crate) len: usize,
}

impl<R: Read> Blocks<R> {
    /// The blocks of `input`, in which a byte that `ends_piece` holds for, an ASCII one, ends a piece.
    pub(crate) fn of(input: R, ends_piece: fn(u8) -> bool) -> Self {
        Self { input, ends_piece, buffer: vec![0; BLOCK + PADDING], given: 0, filled: 0 }
    }

    /// The next block, or `None` at the end. An end is added to a last piece without one.
    pub(crate) fn next(&mut self) -> io::Result<Option<Block<'_>>> {
        self.buffer.copy_within(self.given..self.filled, 0);
        self.filled -= self.given;
        self.given = 0;
        while self.given == 0 {
            let read = self.read()?;
            let new = self.filled - read..self.filled;
            if let Some(end) = self.buffer[new.clone()].iter().rposition(|b| (self.ends_piece)(*b))
            {
                self.given = new.start + end + 1;
            } else if read == 0 {
                if self.filled == 0 {
                    return Ok(None);
                }
                self.end_last_piece();
            }
        }
        str::from_utf8(&self.buffer[..self.given]).map_err(not_utf8)?;
        Ok(Some(Block { padded: &self.buffer[..self.given + PADDING], len: self.given }))
    }

    /// Appends what one read gives; a piece that fills the buffer doubles it.
    fn read(&mut self) -> io::Result<usize> {
        if self.filled + PADDING == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        let end = self.buffer.len() - PADDING;
        loop {
            match self.input.read(&mut self.buffer[self.filled..end]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read.inspect(|read| self.filled += read),
            }
        }
    }

    fn end_last_piece(&mut self) {
        self.buffer[self.filled] = b'\n';
        self.filled += 1;
        self.given = self.filled;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives at most three bytes a call.
    struct Drops<'b>(&'b [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(3);
            self.0.read(&mut buffer[..most])
        }
    }

    fn blocks(text: &[u8]) -> io::Result<Vec<Vec<u8>>> {
        let mut blocks = Blocks::of(Drops(text), |b| b == b'\n');
        let mut all = Vec::new();
        while let Some(block) = blocks.next()? {
            assert_eq!(block.padded.len(), block.len + PADDING);
            all.push(block.padded[..block.len].to_vec());
        }
        Ok(all)
    }

    #[test]
    fn every_block_ends_a_piece() {
        let all = blocks(b"a\nbb\nccccccc\n\n\nd").unwrap();
        assert!(all.iter().all(|block| block.ends_with(b"\n")));
        assert_eq!(all.concat(), b"a\nbb\nccccccc\n\n\nd\n");
    }

    #[test]
    fn nothing_has_no_blocks() {
        assert!(blocks(b"").unwrap().is_empty());
    }

    #[test]
    fn a_piece_may_be_longer_than_a_block() {
        let long = [vec![b'x'; 3 * BLOCK], b"\ny\n".to_vec()].concat();
        let mut blocks = Blocks::of(&long[..], |b| b == b'\n');
        let mut all = Vec::new();
        while let Some(block) = blocks.next().unwrap() {
            all.extend_from_slice(&block.padded[..block.len]);
        }
        assert!(all == long);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(blocks(b"a\n\xff\n").unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
