//! Iterators over the parts of a text, each of which owns its part.

use super::Text;

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
    /// How much of the text was read.
    position: usize,
}

impl SplitAsciiWhitespace {
    pub(super) fn new(text: Text) -> Self {
        Self { text, position: 0 }
    }
}

impl Iterator for SplitAsciiWhitespace {
    type Item = Text;

    #[inline]
    fn next(&mut self) -> Option<Text> {
        let (bytes, length) = self.text.and_behind(STEP);
        let unread = &bytes[self.position..length];
        let start = self.position + unread.iter().position(|byte| !byte.is_ascii_whitespace())?;
        self.position = length.min(start + word_length(&bytes[start..]));
        Some(self.text.part(start, self.position))
    }
}

/// How many bytes are looked at at once.
const STEP: usize = 16;

/// How many bytes come before white space, or the end.
#[inline]
fn word_length(bytes: &[u8]) -> usize {
    // Sixteen at a time, to the first that is no more than a blank: almost always white space. So
    // most words end in the first step, which does not depend on their length.
    let mut length = 0;
    while let Some(sixteen) = bytes[length..].first_chunk() {
        let sixteen = u128::from_le_bytes(*sixteen);
        let small = sixteen.wrapping_sub(u128::from_le_bytes([b' ' + 1; STEP])) & !sixteen;
        let small = small & u128::from_le_bytes([0x80; STEP]);
        length += small.trailing_zeros() as usize / 8;
        if small != 0 {
            if bytes[length].is_ascii_whitespace() {
                return length;
            }
            length += 1;
        }
    }
    let rest = &bytes[length..];
    length + rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len())
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
