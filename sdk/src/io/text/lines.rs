//! The lines of a range of a file.

use std::io::{self, Read};
use std::ops::Range;

use super::blocks::Blocks;
use super::line::Line;
use super::line::private::Place;
use crate::element::Text;
use crate::element::scan::{STEP, line_feeds};
use crate::exec::BATCH;

/// What some programs put before UTF-8; it is no part of the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What becomes of a line that is not UTF-8.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum InvalidUtf8 {
    /// The job fails.
    #[default]
    Fail,
    /// What cannot be decoded is replaced by `U+FFFD`.
    Replace,
    /// The line is left out, and counted in the metric `lines_not_utf8`.
    Skip,
}

/// Why reading ended.
#[derive(Debug)]
pub(super) enum Trouble {
    Io(io::Error),
    /// The byte at this offset is in no character.
    NotUtf8(u64),
    /// The line at this offset is too long for text.
    TooLong(u64),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Where lines come from, and how they are read.
pub(super) struct Source<'a> {
    pub(super) file: &'a Text,
    pub(super) invalid_utf8: InvalidUtf8,
    /// Whether it is read from its beginning, so that lines can be numbered.
    pub(super) is_numbered: bool,
}

/// Who takes the lines.
pub(super) trait Reader<L> {
    /// Claims the lines that start in the `length` bytes from `offset` on. Returns where those end
    /// that were claimed: the reading ends at a line that starts there or later.
    fn claim(&mut self, offset: u64, length: u64) -> u64;
    /// Takes claimed lines; `false` ends the reading.
    fn take(&mut self, lines: Vec<L>) -> bool;
    /// Notes that a claimed line was left out.
    fn skipped(&mut self);
}

/// Reads lines until the reader or the input ends. Those of a block are claimed before it is cut.
pub(super) fn read_lines<L: Line, R: Read>(
    source: &Source<'_>,
    blocks: &mut Blocks<R>,
    reader: &mut impl Reader<L>,
) -> Result<(), Trouble> {
    let mut number = source.is_numbered.then_some(1);
    while let Some((offset, bytes)) = blocks.next()? {
        let mut lines = Lines { file: source.file, offset, bytes, number };
        let goes_on = match L::block(bytes) {
            Some(block) => lines.read(reader, |_, range, place, made| {
                let is_made = L::append(&block, range, &place, made);
                if is_made { Ok(true) } else { Err(Trouble::TooLong(place.offset)) }
            }),
            // Somewhere in the block; each line is looked at by itself.
            None => lines.read(reader, |bytes, range, place, made| {
                let at = offset + range.start as u64;
                let line = one_line(&bytes[range], at, &place, source.invalid_utf8)?;
                Ok(line.map(|line| made.push(line)).is_some())
            }),
        }?;
        if !goes_on {
            break;
        }
        number = lines.number;
    }
    Ok(())
}

/// A line that does not share its block, from its bytes at `offset`; `None` where it is to be
/// skipped.
fn one_line<L: Line>(
    bytes: &[u8],
    offset: u64,
    place: &Place<'_>,
    invalid_utf8: InvalidUtf8,
) -> Result<Option<L>, Trouble> {
    let line_of = |bytes: &[u8]| {
        let block = L::block(bytes)?;
        Some(L::cut(&block, 0..bytes.len(), place).ok_or(Trouble::TooLong(place.offset)))
    };
    let line = match (line_of(bytes), invalid_utf8) {
        (Some(line), _) => line,
        (None, InvalidUtf8::Replace) => line_of(String::from_utf8_lossy(bytes).as_bytes())
            .unwrap_or_else(|| Err(not_utf8(bytes, offset))),
        (None, InvalidUtf8::Skip) => return Ok(None),
        (None, InvalidUtf8::Fail) => Err(not_utf8(bytes, offset)),
    };
    line.map(Some)
}

/// Names the first of the bytes, which start at `offset`, that is in no character.
fn not_utf8(bytes: &[u8], offset: u64) -> Trouble {
    let valid = std::str::from_utf8(bytes).err().map_or(0, |error| error.valid_up_to());
    Trouble::NotUtf8(offset + valid as u64)
}

/// The lines of a block.
struct Lines<'a> {
    file: &'a Text,
    offset: u64,
    bytes: &'a [u8],
    number: Option<u64>,
}

impl Lines<'_> {
    /// Makes lines, by the range that each has without its line end; `make` says `false` where it
    /// left one out. `false` where the reader ends.
    fn read<L: Line, R: Reader<L>>(
        &mut self,
        reader: &mut R,
        mut make: impl FnMut(&[u8], Range<usize>, Place<'_>, &mut Vec<L>) -> Result<bool, Trouble>,
    ) -> Result<bool, Trouble> {
        let bytes = self.bytes;
        let mut lines = Vec::with_capacity(BATCH);
        let mut start = 0;
        let claimed = reader.claim(self.offset, bytes.len() as u64);
        let ends = Ends::of(bytes);
        let unended = (!bytes.ends_with(b"\n")).then_some(bytes.len());
        for end in ends.chain(unended) {
            // There is room before a line is made, so that it need not wait for it.
            if lines.len() == lines.capacity()
                && !reader.take(std::mem::replace(&mut lines, Vec::with_capacity(BATCH)))
            {
                return Ok(false);
            }
            let offset = self.offset + start as u64;
            if offset >= claimed {
                reader.take(lines);
                return Ok(false);
            }
            let place = Place { file: self.file, offset, number: self.number };
            if !make(bytes, self.trimmed::<L>(start, end), place, &mut lines)? {
                reader.skipped();
            }
            self.number = self.number.map(|number| number + 1);
            start = end + 1;
        }
        Ok(lines.is_empty() || reader.take(lines))
    }

    /// The line from `start` to `end`, the place of its `\n`, without what is no part of it.
    #[inline]
    fn trimmed<L: Line>(&self, start: usize, end: usize) -> Range<usize> {
        let is_crlf = end < self.bytes.len() && end > start && self.bytes[end - 1] == b'\r';
        let is_marked = L::IS_TEXT
            && self.offset + start as u64 == 0
            && self.bytes[..end].starts_with(BYTE_ORDER_MARK);
        let from = if is_marked { BYTE_ORDER_MARK.len() } else { start };
        from..if is_crlf { end - 1 } else { end }
    }
}

/// Where the line feeds are, found a step at a time: most lines are so short that to look for each
/// end by itself would take longer.
struct Ends<'a> {
    bytes: &'a [u8],
    /// Where the step behind the one that is looked at begins.
    next: usize,
    /// The line feeds of the step that were not given: a bit for each byte, that of the first is the
    /// lowest.
    left: u64,
}

impl<'a> Ends<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0, left: 0 }
    }
}

impl Iterator for Ends<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.left == 0 {
            let unread = self.bytes.get(self.next..).filter(|unread| !unread.is_empty())?;
            self.left = line_feeds(unread);
            self.next += STEP;
        }
        let end = self.next - STEP + self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(end)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::io::text::Located;

    /// Reads the lines that start before `end`.
    struct Until<L> {
        end: u64,
        lines: Vec<L>,
        skipped: usize,
    }

    impl<L> Reader<L> for Until<L> {
        fn claim(&mut self, offset: u64, length: u64) -> u64 {
            self.end.min(offset + length)
        }
        fn take(&mut self, lines: Vec<L>) -> bool {
            self.lines.extend(lines);
            true
        }
        fn skipped(&mut self) {
            self.skipped += 1;
        }
    }

    fn read<L: Line>(
        content: &[u8],
        range: Range<usize>,
        block_bytes: usize,
        invalid_utf8: InvalidUtf8,
    ) -> Result<Until<L>, Trouble> {
        let file = Text::from("file");
        let source = Source { file: &file, invalid_utf8, is_numbered: range.start == 0 };
        let before = range.start.saturating_sub(1);
        let mut blocks = Blocks::new(&content[before..], before as u64, block_bytes);
        if range.start > 0 {
            blocks.skip_line().unwrap();
        }
        let mut until = Until { end: range.end as u64, lines: Vec::new(), skipped: 0 };
        read_lines(&source, &mut blocks, &mut until).map(|()| until)
    }

    /// The lines by the simplest rule: between line feeds, without what a final one ends.
    fn model(content: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let mut lines = Vec::new();
        let mut offset = 0;
        for line in content.split_inclusive(|byte| *byte == b'\n') {
            let text = match line.strip_suffix(b"\n") {
                Some(text) => text.strip_suffix(b"\r").unwrap_or(text),
                None => line,
            };
            lines.push((offset, text.to_vec()));
            offset += line.len() as u64;
        }
        lines
    }

    #[test]
    fn line_ends_are_found_in_every_step() {
        let pieces = [0, 1, 63, 64, 0, 65, 130, 7].map(|length| "x".repeat(length) + "\n");
        let text = pieces.concat();
        for length in 0..text.len() {
            let bytes = &text.as_bytes()[..length];
            let ends: Vec<_> = memchr::memchr_iter(b'\n', bytes).collect();
            assert_eq!(Ends::of(bytes).collect::<Vec<_>>(), ends);
        }
    }

    fn contents() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"\n".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\r".to_vec()),
            Just("ä€𝄞".as_bytes().to_vec()),
            Just(BYTE_ORDER_MARK.to_vec()),
            Just(vec![b'x'; 20]),
            any::<u8>().prop_map(|byte| vec![byte]),
        ];
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_ranges_and_blocks_give_each_line_once(
            content in contents(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            block_bytes in 1usize..40,
        ) {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(content.len() + 1)).collect();
            cuts.extend([0, content.len()]);
            cuts.sort_unstable();
            let mut found = Vec::new();
            for range in cuts.windows(2) {
                let range = range[0]..range[1];
                let choice = InvalidUtf8::Fail;
                let read = read::<Located<Bytes>>(&content, range, block_bytes, choice).unwrap();
                found.extend(read.lines);
            }
            let expected = model(&content);
            prop_assert_eq!(found.len(), expected.len());
            for (index, (located, (offset, line))) in found.iter().zip(&expected).enumerate() {
                prop_assert_eq!(&located.line[..], &line[..]);
                prop_assert_eq!(located.offset, *offset);
                if let Some(number) = located.number {
                    prop_assert_eq!(number, index as u64 + 1);
                }
            }
        }

        #[test]
        fn text_is_decoded_line_by_line(content in contents(), block_bytes in 1usize..40) {
            let all = 0..content.len();
            let mut expected: Vec<_> = model(&content).into_iter().map(|(_, line)| line).collect();
            if let Some(first) = expected.first_mut()
                && let Some(unmarked) = first.strip_prefix(BYTE_ORDER_MARK)
            {
                *first = unmarked.to_vec();
            }
            let lossy: Vec<_> = expected.iter().map(|l| String::from_utf8_lossy(l).into_owned()).collect();
            let replaced = read::<Text>(&content, all.clone(), block_bytes, InvalidUtf8::Replace);
            prop_assert_eq!(replaced.unwrap().lines, lossy);
            let valid: Vec<_> = expected.iter().flat_map(|l| str::from_utf8(l)).collect();
            let skipped = read::<Text>(&content, all.clone(), block_bytes, InvalidUtf8::Skip);
            let skipped = skipped.unwrap();
            prop_assert_eq!(skipped.skipped, expected.len() - valid.len());
            prop_assert_eq!(skipped.lines, valid);
            let first = str::from_utf8(&content).err().map(|error| error.valid_up_to());
            match read::<Text>(&content, all, block_bytes, InvalidUtf8::Fail) {
                Ok(_) => prop_assert_eq!(first, None),
                Err(Trouble::NotUtf8(at)) => prop_assert_eq!(first, Some(at as usize)),
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
