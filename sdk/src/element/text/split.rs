//! Iterators over the parts of a text, each of which owns its part.

use super::Text;
use super::scan::{STEP, whitespace};

/// What separates the parts of a text: a `char`, a string, or a test of characters.
pub trait Separator {
    /// Where the first separator in `text` starts, and where it ends.
    fn find_in(&mut self, text: &str) -> Option<(usize, usize)>;
}

impl Separator for char {
    fn find_in(&mut self, text: &str) -> Option<(usize, usize)> {
        text.find(*self).map(|start| (start, start + self.len_utf8()))
    }
}

/// Not empty: an empty separator separates nothing.
impl Separator for &str {
    fn find_in(&mut self, text: &str) -> Option<(usize, usize)> {
        if self.is_empty() {
            return None;
        }
        text.find(*self).map(|start| (start, start + self.len()))
    }
}

impl<F: FnMut(char) -> bool> Separator for F {
    fn find_in(&mut self, text: &str) -> Option<(usize, usize)> {
        text.char_indices().find(|(_, c)| self(*c)).map(|(start, c)| (start, start + c.len_utf8()))
    }
}

/// The parts of a [`Text`] between separators; see [`Text::split`].
#[derive(Clone, Debug)]
pub struct Split<S> {
    rest: Option<Text>,
    separator: S,
}

impl<S> Split<S> {
    pub(super) fn new(text: Text, separator: S) -> Self {
        Self { rest: Some(text), separator }
    }
}

impl<S: Separator> Iterator for Split<S> {
    type Item = Text;

    fn next(&mut self) -> Option<Text> {
        let rest = self.rest.take()?;
        let Some((start, end)) = self.separator.find_in(&rest) else {
            return Some(rest);
        };
        let part = rest.part(0, start);
        self.rest = Some(rest.part(end, rest.len()));
        Some(part)
    }
}

/// The words of a [`Text`]; see [`Text::split_ascii_whitespace`].
#[derive(Clone, Debug)]
pub struct SplitAsciiWhitespace {
    text: Text,
    /// Where the step begins that is looked at.
    base: usize,
    /// The bytes of the step that are in words and were not given: a bit for each, that of the
    /// first is the lowest.
    left: u64,
}

impl SplitAsciiWhitespace {
    #[inline]
    pub(super) fn new(text: Text) -> Self {
        let left = in_words(&text, 0);
        Self { text, base: 0, left }
    }

    /// Goes on to the next step; `false` at the end.
    #[inline]
    fn step(&mut self) -> bool {
        self.base += STEP;
        let is_more = self.base < self.text.as_bytes().len();
        if is_more {
            self.left = in_words(&self.text, self.base);
        }
        is_more
    }

    /// Where the word ends that goes on behind the step.
    #[cold]
    fn end_behind(&mut self) -> usize {
        while self.step() {
            let length = self.left.trailing_ones();
            if length < u64::BITS {
                self.left &= u64::MAX << length;
                return self.base + length as usize;
            }
        }
        self.left = 0;
        self.text.as_bytes().len()
    }
}

impl Iterator for SplitAsciiWhitespace {
    type Item = Text;

    #[inline]
    fn next(&mut self) -> Option<Text> {
        while self.left == 0 {
            if !self.step() {
                return None;
            }
        }
        let first = self.left & self.left.wrapping_neg();
        let start = self.base + first.trailing_zeros() as usize;
        // What is added to the first byte of a word is carried to the one behind the word.
        let (carried, is_behind) = self.left.overflowing_add(first);
        let end = if is_behind {
            self.end_behind()
        } else {
            let behind = carried & !self.left;
            self.left &= carried;
            self.base + behind.trailing_zeros() as usize
        };
        Some(self.text.part(start, end))
    }
}

/// A bit for each of the bytes of a text from `base` on that is in a word.
#[inline]
fn in_words(text: &Text, base: usize) -> u64 {
    let (bytes, length) = text.and_behind(STEP);
    let length = length - base;
    let of_text = if length < STEP { (1 << length) - 1 } else { u64::MAX };
    !whitespace(&bytes[base..]) & of_text
}

/// The lines of a [`Text`]; see [`Text::lines`].
#[derive(Clone, Debug)]
pub struct Lines {
    text: Text,
    /// How much of the text was read.
    position: usize,
}

impl Lines {
    pub(super) fn new(text: Text) -> Self {
        Self { text, position: 0 }
    }
}

impl Iterator for Lines {
    type Item = Text;

    fn next(&mut self) -> Option<Text> {
        let rest = &self.text.as_str()[self.position..];
        let line = rest.lines().next()?;
        let start = self.position;
        self.position += rest.find('\n').map_or(rest.len(), |end| end + 1);
        Some(self.text.part(start, start + line.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_a_text_is_no_part_of_its_words() {
        let block: std::sync::Arc<str> = "a text of words that go on behind the end of it".into();
        for end in 16..block.len() {
            let words = Text::in_block(&block, 0..end).unwrap().split_ascii_whitespace();
            let expected: Vec<_> = block[..end].split_ascii_whitespace().collect();
            assert_eq!(words.collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn words_may_go_on_for_many_steps() {
        let word = |length: usize| "x".repeat(length) + " ";
        let block: String = [3, 60, 64, 1, 200, 0, 0, 63, 128, 70].map(word).concat();
        let block = std::sync::Arc::<str>::from(block);
        for (start, end) in (0..block.len()).map(|end| (end / 3, end)) {
            let words = Text::in_block(&block, start..end).unwrap().split_ascii_whitespace();
            let expected: Vec<_> = block[start..end].split_ascii_whitespace().collect();
            assert_eq!(words.collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn parts_are_those_of_str() {
        for text in [
            "",
            " ",
            "a",
            " a  b\t",
            "a,,b,",
            "ä, ö\r\nü\n\n",
            "\n",
            "x\r",
            "a\r\n",
            "sixteen_letters_ fifteen_letters seventeen_letters",
            "\u{1}b a_long_word\u{b}longer_still,\u{7f}äöü in the end",
        ] {
            let owned = Text::from(text);
            let words: Vec<_> = owned.clone().split_ascii_whitespace().collect();
            assert_eq!(words, text.split_ascii_whitespace().collect::<Vec<_>>());
            let lines: Vec<_> = owned.clone().lines().collect();
            assert_eq!(lines, text.lines().collect::<Vec<_>>());
            let parts: Vec<_> = owned.clone().split(',').collect();
            assert_eq!(parts, text.split(',').collect::<Vec<_>>());
            let parts: Vec<_> = owned.clone().split(", ").collect();
            assert_eq!(parts, text.split(", ").collect::<Vec<_>>());
            let parts: Vec<_> = owned.split(char::is_alphabetic).collect();
            assert_eq!(parts, text.split(char::is_alphabetic).collect::<Vec<_>>());
        }
    }
}
