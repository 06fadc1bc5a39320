//! The splittable function that reads text files.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::marker::PhantomData;

use super::blocks::{BLOCK_BYTES, Blocks, count_lines};
use super::line::Line;
use super::lines::{InvalidUtf8, Reader, Source, Trouble, read_lines};
use crate::element::Text;
use crate::error::BoxError;
use crate::exec::{
    Context, Continuation, OffsetRange, Restriction, SplittableDoFn, Tracker, helpful,
};
use crate::io::files::{Compression, cannot, open};

/// How files are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadOptions {
    pub(super) compression: Compression,
    pub(super) allow_empty: bool,
    pub(super) invalid_utf8: InvalidUtf8,
    pub(super) split_bytes: u64,
}

/// Reads the lines of a file that start in a range of its bytes.
///
/// What cannot be read from the middle, a compressed file or a pipe, is one restriction, whose last
/// position is claimed at once.
pub(super) struct ReadRange<L> {
    options: ReadOptions,
    line: PhantomData<fn() -> L>,
}

impl<L> Clone for ReadRange<L> {
    fn clone(&self) -> Self {
        Self::new(self.options)
    }
}

impl<L> ReadRange<L> {
    pub(super) fn new(options: ReadOptions) -> Self {
        Self { options, line: PhantomData }
    }

    fn is_splittable(&self, file: &str, metadata: &fs::Metadata) -> bool {
        metadata.is_file() && self.options.compression.of(file) == Compression::None
    }

    fn metadata(file: &str) -> Result<fs::Metadata, BoxError> {
        fs::metadata(file).map_err(|error| cannot("open", file, error))
    }
}

impl<L: Line> SplittableDoFn for ReadRange<L> {
    type In = String;
    type Out = L;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, file: &String) -> Result<OffsetRange, BoxError> {
        let metadata = Self::metadata(file)?;
        let least = u64::from(!metadata.is_file());
        Ok(OffsetRange::new(0, metadata.len().max(least)))
    }

    fn split(&self, file: &String, range: OffsetRange) -> Result<Vec<OffsetRange>, BoxError> {
        if !self.is_splittable(file, &Self::metadata(file)?) {
            return Ok(vec![range]);
        }
        let split_bytes = self.options.split_bytes;
        let mut parts = Vec::new();
        let mut start = range.start;
        // A short rest is not worth a part of its own.
        while range.end - start > split_bytes.saturating_add(split_bytes / 4) {
            parts.push(OffsetRange::new(start, start + split_bytes));
            start += split_bytes;
        }
        parts.push(OffsetRange::new(start, range.end));
        Ok(parts)
    }

    fn process(
        &mut self,
        file: &String,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<L>,
    ) -> Result<Continuation, BoxError> {
        let range = *tracker.restriction();
        if range.is_complete(None) {
            return Ok(Continuation::Stop);
        }
        let is_splittable = self.is_splittable(file, &Self::metadata(file)?);
        let name = Text::from(file);
        let source = Source {
            file: &name,
            invalid_utf8: self.options.invalid_utf8,
            is_numbered: range.start == 0,
        };
        let result = if is_splittable {
            let input = File::open(file).map_err(|error| cannot("open", file, error))?;
            read_from(input, range.start, &source, &mut Claiming { tracker, cx })
        } else {
            if !tracker.try_claim(range.end - 1) {
                return Ok(Continuation::Stop);
            }
            let input = open(file, self.options.compression)?;
            let mut blocks = Blocks::new(input, 0, BLOCK_BYTES);
            read_lines(&source, &mut blocks, &mut Whole { cx })
        };
        result.map_err(|trouble| self.explain(file, trouble))?;
        // The file may have become shorter since it was split.
        tracker.finish();
        Ok(Continuation::Stop)
    }
}

/// Reads the lines that start at `start` or later. A line starts behind the end of another: so
/// looking for one begins a byte earlier.
fn read_from<L: Line>(
    mut input: File,
    start: u64,
    source: &Source<'_>,
    reader: &mut impl Reader<L>,
) -> Result<(), Trouble> {
    let before = start.saturating_sub(1);
    input.seek(SeekFrom::Start(before))?;
    let mut blocks = Blocks::new(input, before, BLOCK_BYTES);
    if start > 0 {
        blocks.skip_line()?;
    }
    read_lines(source, &mut blocks, reader)
}

/// Claims lines as they come.
struct Claiming<'a, L> {
    tracker: &'a mut Tracker<OffsetRange>,
    cx: &'a mut Context<L>,
}

impl<L: Line> Reader<L> for Claiming<'_, L> {
    fn claim(&mut self, offset: u64, length: u64) -> u64 {
        self.tracker.try_claim_many(offset, length).end
    }
    fn take(&mut self, lines: Vec<L>) -> bool {
        self.cx.output_all(lines);
        true
    }
    fn skipped(&mut self) {
        count_skipped(self.cx);
    }
}

/// Claimed already.
struct Whole<'a, L> {
    cx: &'a mut Context<L>,
}

impl<L: Line> Reader<L> for Whole<'_, L> {
    fn claim(&mut self, _: u64, _: u64) -> u64 {
        u64::MAX
    }
    fn take(&mut self, lines: Vec<L>) -> bool {
        self.cx.output_all(lines);
        self.cx.check().is_ok()
    }
    fn skipped(&mut self) {
        count_skipped(self.cx);
    }
}

fn count_skipped<L: Line>(cx: &mut Context<L>) {
    cx.count("lines_not_utf8", 1);
}

impl<L> ReadRange<L> {
    fn explain(&self, file: &str, trouble: Trouble) -> BoxError {
        match trouble {
            Trouble::Io(error) => cannot("read", file, error),
            Trouble::TooLong(at) => {
                let line = self.line_number(file, at);
                format!("{line} of `{file}` is longer than 4 GiB").into()
            }
            Trouble::NotUtf8(at) => helpful(
                format!("{} of `{file}` is not UTF-8, from byte {at}", self.line_number(file, at))
                    .into(),
                "call `.invalid_utf8(InvalidUtf8::Replace)` or `Skip` on the read, or read the \
                 lines as bytes with `read_bytes`",
            ),
        }
    }

    /// The number of the line with the byte at `offset`. The range may start anywhere, so the lines
    /// before are counted only now that somebody asks.
    fn line_number(&self, file: &str, offset: u64) -> String {
        let count = || -> Result<u64, BoxError> {
            Ok(count_lines(open(file, self.options.compression)?.take(offset))?)
        };
        count().map_or_else(|_| "a line".to_owned(), |lines| format!("line {}", lines + 1))
    }
}
