//! Where the words of a block lie: 64 bytes a step, without a branch for each byte or word.

use wide::u8x16;

use super::blocks::Block;

/// So much text is looked at in one go: its edges stay in the first level cache.
const STEP: usize = 8 << 10;
const LANES: usize = 64;

/// Whether `byte` is one of the characters that separate words.
pub(crate) fn is_separator(byte: u8) -> bool {
    byte.is_ascii_whitespace()
}

/// Finds the edges of words: even ones are where a word begins, odd ones where it ends.
#[derive(Default)]
pub(crate) struct Edges {
    /// The first `len` of them count.
    at: Vec<u32>,
    len: usize,
}

impl Edges {
    /// Calls `take` with the edges of some words, as often as it takes to cover `block`.
    pub(crate) fn each(&mut self, block: Block<'_>, mut take: impl FnMut(&[u32])) {
        self.len = 0;
        // Before a block is the end of the last word of the one before.
        let mut before = 1;
        for step in (0..block.len).step_by(STEP) {
            let end = block.len.min(step + STEP);
            self.find(block, step..end, &mut before);
            let whole = self.len & !1;
            take(&self.at[..whole]);
            // A word that goes on keeps its beginning.
            self.at.copy_within(whole..self.len, 0);
            self.len -= whole;
        }
    }

    fn find(&mut self, block: Block<'_>, range: std::ops::Range<usize>, before: &mut u64) {
        self.at.resize(STEP + 2 * LANES, 0);
        for start in range.step_by(LANES) {
            let mut separators = separators(&block.padded[start..]);
            if block.len < start + LANES {
                separators |= u64::MAX << (block.len - start);
            }
            let edges = separators ^ (separators << 1 | *before);
            *before = separators >> 63;
            self.push(start, edges);
        }
    }

    /// Four at a time, for the branch predictor: what is too much is overwritten by the next.
    fn push(&mut self, start: usize, mut edges: u64) {
        let count = edges.count_ones() as usize;
        let slots = &mut self.at[self.len..self.len + LANES + 4];
        for four in slots.chunks_exact_mut(4).take(count.div_ceil(4)) {
            for slot in four {
                *slot = start as u32 + edges.trailing_zeros();
                edges &= edges.wrapping_sub(1);
            }
        }
        self.len += count;
    }
}

/// A bit for each of the first 64 `bytes` that separates words.
fn separators(bytes: &[u8]) -> u64 {
    let mut mask = 0;
    for (at, lane) in bytes[..LANES].as_chunks::<16>().0.iter().enumerate() {
        mask |= u64::from(separators_16(*lane)) << (16 * at);
    }
    mask
}

fn separators_16(bytes: [u8; 16]) -> u16 {
    let bytes = u8x16::new(bytes);
    let is = |byte| bytes.simd_eq(u8x16::splat(byte));
    let found = is(b' ') | is(b'\n') | is(b'\t') | is(b'\r') | is(b'\x0C');
    found.to_bitmask() as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hand::blocks::Blocks;

    fn words(text: &[u8]) -> Vec<Vec<u8>> {
        let (mut blocks, mut all) = (Blocks::of(text, is_separator), Vec::new());
        while let Some(block) = blocks.next().unwrap() {
            Edges::default().each(block, |edges| {
                let pairs = edges.as_chunks::<2>().0.iter();
                all.extend(pairs.map(|[a, b]| block.padded[*a as usize..*b as usize].to_vec()));
            });
        }
        all
    }

    fn naive(text: &[u8]) -> Vec<Vec<u8>> {
        let pieces = text.split(u8::is_ascii_whitespace);
        pieces.filter(|piece| !piece.is_empty()).map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn words_are_maximal_runs_without_white_space() {
        let text = b"\t to be\r\nor  not\x0Cto\x0Bbe \n\n";
        assert_eq!(words(text), naive(text));
        assert_eq!(words(text).len(), 5);
    }

    #[test]
    fn words_across_every_border_are_whole() {
        for length in 0..200 {
            let text = [vec![b'a'; length], b" ".to_vec(), vec![b'b'; length]].concat();
            assert_eq!(words(&text), naive(&text), "{length}");
        }
        let text: Vec<_> = (0..50_000_usize).map(|i| b" ab"[i.pow(3) / 7 % 3]).collect();
        assert_eq!(words(&text), naive(&text));
    }

    #[test]
    fn single_letters_are_words() {
        let text = b"a b ".repeat(10_000);
        assert_eq!(words(&text), naive(&text));
    }

    #[test]
    fn nothing_has_no_words() {
        assert!(words(b"").is_empty());
        assert!(words(b" \n").is_empty());
    }
}
