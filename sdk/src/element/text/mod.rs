//! Text: an owned slice of a shared block.

mod element;
pub(crate) mod scan;
mod short;
mod split;

use std::borrow::Borrow;
use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use short::Short;
pub use split::{Lines, Separator, Split, SplitAsciiWhitespace};

/// Text that shares the block it was read from: cheap to clone and to cut into parts.
///
/// It is a `str` by [`Deref`]. The methods here take it by value, shadow those of `str`, and give
/// `Text`s that own their part of the block, so nothing is allocated per line or per word:
///
/// ```
/// use purlin_sdk::Text;
///
/// let line = Text::from("to be or not");
/// let words: Vec<Text> = line.split_ascii_whitespace().collect();
/// assert_eq!(words, ["to", "be", "or", "not"]);
/// ```
///
/// A part of at most 15 bytes is held in place, a longer one keeps the whole block alive.
/// [`Element::detached`](crate::Element::detached) copies it out; grouping does so for the keys
/// that it keeps.
#[derive(Clone)]
pub struct Text(Form);

/// Neither form is ever seen: equal texts are equal in either.
#[derive(Clone)]
enum Form {
    Short(Short),
    Shared(Shared),
}

/// A part of a block.
#[derive(Clone)]
struct Shared {
    block: Arc<str>,
    /// The offset of its start, and that of its end in the high half. One number, because a text
    /// is then copied in words in either form: a processor waits where words are read that were
    /// written in halves.
    range: u64,
}

impl Shared {
    #[inline]
    fn new(block: Arc<str>, start: u32, end: u32) -> Self {
        Self { block, range: u64::from(end) << 32 | u64::from(start) }
    }

    #[inline]
    fn start(&self) -> usize {
        self.range as u32 as usize
    }

    #[inline]
    fn end(&self) -> usize {
        (self.range >> 32) as usize
    }

    #[inline]
    fn as_str(&self) -> &str {
        &self.block[self.start()..self.end()]
    }

    #[inline]
    fn as_bytes(&self) -> &[u8] {
        &self.block.as_bytes()[self.start()..self.end()]
    }
}

impl Text {
    /// The part `range` of `block`; `None` where that is outside, splits a character, or lies
    /// beyond 4 GiB.
    #[inline]
    #[must_use]
    pub fn in_block(block: &Arc<str>, range: Range<usize>) -> Option<Self> {
        block.get(range.clone())?;
        if let Some(short) = Self::short_part(block, range.clone()) {
            return Some(short);
        }
        let (start, end) = (u32::try_from(range.start).ok()?, u32::try_from(range.end).ok()?);
        Some(Self(Form::Shared(Shared::new(Arc::clone(block), start, end))))
    }

    /// The part `range` of `text`, held in place; `None` where it is too long for that, outside, or
    /// splits a character.
    #[inline(always)]
    pub(crate) fn short_part(text: &str, range: Range<usize>) -> Option<Self> {
        if range.len() > Short::LONGEST {
            return None;
        }
        text.get(range.clone())?;
        Some(Self(Form::Short(Short::cut(text.as_bytes(), range))))
    }

    /// The text as a `str`.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Short(short) => short.as_str(),
            Form::Shared(shared) => shared.as_str(),
        }
    }

    /// The bytes of the text.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Short(short) => short.as_bytes(),
            Form::Shared(shared) => shared.as_bytes(),
        }
    }

    /// The part that `part` points at, a `str` borrowed from this text; a copy if it is another's.
    ///
    /// It carries what a function on `str` found back into a `Text`:
    ///
    /// ```
    /// use purlin_sdk::Text;
    ///
    /// let line = Text::from("user=anna");
    /// let name = line.strip_prefix("user=").map(|name| line.slice_of(name));
    /// assert_eq!(name.as_deref(), Some("anna"));
    /// ```
    #[must_use]
    pub fn slice_of(&self, part: &str) -> Self {
        let Form::Shared(shared) = &self.0 else { return Self::from(part) };
        let start = part.as_ptr().addr().checked_sub(shared.block.as_ptr().addr());
        start
            .and_then(|start| Self::in_block(&shared.block, start..start.checked_add(part.len())?))
            .unwrap_or_else(|| Self::from(part))
    }

    /// This text without white space at both ends.
    #[must_use]
    pub fn trim(mut self) -> Self {
        let text = self.as_str();
        let ends = [text.as_bytes().first(), text.as_bytes().last()];
        if ends.iter().all(|byte| byte.is_some_and(u8::is_ascii_graphic)) {
            return self;
        }
        let (start, end) = (text.len() - text.trim_start().len(), text.trim_end().len());
        // Of white space alone nothing is left, at its beginning.
        let kept = if start < end { start..end } else { 0..0 };
        match &mut self.0 {
            Form::Short(short) => *short = Short::cut(short.as_bytes(), kept),
            // Offsets within a text fit 32 bits, as its own do. No count of the block changes here.
            Form::Shared(shared) => {
                let at = |offset: usize| shared.range as u32 + offset as u32;
                shared.range = u64::from(at(kept.end)) << 32 | u64::from(at(kept.start));
            }
        }
        self
    }

    /// The words between white space of ASCII.
    #[must_use]
    pub fn split_ascii_whitespace(self) -> SplitAsciiWhitespace {
        SplitAsciiWhitespace::new(self)
    }

    /// The parts between separators: a character, a string or a test of characters.
    #[must_use]
    pub fn split<S: Separator>(self, separator: S) -> Split<S> {
        Split::new(self, separator)
    }

    /// The lines, without `\n` or `\r\n`.
    #[must_use]
    pub fn lines(self) -> Lines {
        Lines::new(self)
    }

    /// The part from `start` to `end`, offsets within this text at boundaries of characters.
    #[inline]
    fn part(&self, start: usize, end: usize) -> Self {
        debug_assert!(self.is_char_boundary(start) && self.is_char_boundary(end) && start <= end);
        Self(match &self.0 {
            Form::Short(short) => Form::Short(Short::cut(short.as_bytes(), start..end)),
            Form::Shared(shared) => {
                let from = shared.start();
                if end - start <= Short::LONGEST {
                    let range = from + start..from + end;
                    Form::Short(Short::cut(shared.block.as_bytes(), range))
                } else {
                    // Offsets within a text fit 32 bits, as its own do.
                    let at = |offset: usize| (from + offset) as u32;
                    Form::Shared(Shared::new(Arc::clone(&shared.block), at(start), at(end)))
                }
            }
        })
    }

    /// The bytes of the text and at most `more` that lie behind them, and how many are those of the
    /// text.
    #[inline]
    fn and_behind(&self, more: usize) -> (&[u8], usize) {
        match &self.0 {
            Form::Short(short) => (short.as_bytes(), short.as_bytes().len()),
            Form::Shared(shared) => {
                let (block, range) = (shared.block.as_bytes(), shared.start()..shared.end());
                (&block[range.start..block.len().min(range.end + more)], range.len())
            }
        }
    }

    /// Apart, so that the comparison of two short texts is small enough for wherever it is needed.
    #[inline(never)]
    fn has_bytes_of(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }

    /// The short form of a text of at most 15 bytes, whatever form it has.
    #[inline]
    fn short(&self) -> Option<Short> {
        match &self.0 {
            Form::Short(short) => Some(*short),
            Form::Shared(shared) => Short::new(shared.as_bytes()),
        }
    }
}

impl Deref for Text {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::from("")
    }
}

impl From<Arc<str>> for Text {
    /// The whole block; text beyond 4 GiB is cut there.
    fn from(block: Arc<str>) -> Self {
        let limit = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
        let end = block.floor_char_boundary(limit);
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        Self(Form::Shared(Shared::new(block, 0, end)))
    }
}

impl From<&str> for Text {
    #[inline]
    fn from(text: &str) -> Self {
        match Short::new(text.as_bytes()) {
            Some(short) => Self(Form::Short(short)),
            None => Arc::<str>::from(text).into(),
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for Text {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Short(one), Form::Short(other)) => one == other,
            _ => self.has_bytes_of(other),
        }
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl std::hash::Hash for Text {
    #[inline]
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<String> for Text {
    fn eq(&self, other: &String) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<Text> for &str {
    fn eq(&self, other: &Text) -> bool {
        *self == other.as_str()
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Element;

    fn block(text: &Text) -> Option<&Arc<str>> {
        match &text.0 {
            Form::Shared(shared) => Some(&shared.block),
            Form::Short(_) => None,
        }
    }

    #[test]
    fn long_parts_share_the_block_and_detached_ones_do_not() {
        let line = Text::from("  the_first_long_word the_second_long_word  ");
        let words: Vec<_> = line.clone().trim().split_ascii_whitespace().collect();
        assert_eq!(words, ["the_first_long_word", "the_second_long_word"]);
        let shared = block(&line).unwrap();
        assert!(words.iter().all(|word| Arc::ptr_eq(block(word).unwrap(), shared)));
        let own = words[1].detached();
        assert_eq!(own, words[1]);
        assert_eq!(block(&own).unwrap().len(), 20);
        assert!(Arc::ptr_eq(block(&own.detached()).unwrap(), block(&own).unwrap()));
    }

    #[test]
    fn short_parts_are_held_in_place_and_take_no_more_room() {
        assert_eq!(size_of::<Text>(), 24);
        let line = Text::from("a line of one two");
        let words: Vec<_> = line.clone().split_ascii_whitespace().collect();
        assert!(words.iter().all(|word| block(word).is_none()));
        assert!(block(&Text::in_block(block(&line).unwrap(), 2..17).unwrap()).is_none());
        let trimmed = Text::from("        a         ").trim();
        assert!(block(&trimmed).is_some() && block(&trimmed.detached()).is_none());
    }

    #[test]
    fn either_form_of_a_text_is_equal_and_has_the_same_hashes() {
        let shared: Arc<str> = "aä\0 b0123456789abcdefghi".into();
        let key = Text::typed_key().unwrap();
        let hash = |text: &Text| {
            std::hash::BuildHasher::hash_one(&foldhash::fast::FixedState::default(), text)
        };
        for end in (0..shared.len()).filter(|at| shared.is_char_boundary(*at)) {
            let (one, other) =
                (Text::from(Arc::<str>::from(&shared[..end])), Text::from(&shared[..end]));
            assert!(one == other && (key.equal)(&one, &other) && one.cmp(&other).is_eq());
            assert_eq!((key.hash)(&one), (key.hash)(&other));
            assert_eq!(hash(&one), hash(&other));
            assert_eq!(other.as_str(), &shared[..end]);
            assert_ne!(one, Text::from(format!("{other}x")));
        }
        let (one, other) = (Text::from("a"), Text::from("a\0"));
        assert_ne!(one, other);
    }

    #[test]
    fn a_str_of_another_block_is_copied() {
        let text = Text::from("abcdefghijklmnopqrst");
        let other = "b".to_owned();
        assert_eq!(text.slice_of(&other), "b");
        assert_eq!(text.slice_of(""), "");
        assert!(Arc::ptr_eq(block(&text.slice_of(&text[1..17])).unwrap(), block(&text).unwrap()));
        assert_eq!(text.slice_of(&text[1..2]), "b");
        let short = Text::from("abc");
        assert_eq!(short.slice_of(&short[1..2]), "b");
    }

    #[test]
    fn ranges_outside_or_inside_a_character_are_refused() {
        let block: Arc<str> = "aä".into();
        assert!(Text::in_block(&block, 0..2).is_none());
        assert!(Text::in_block(&block, 0..4).is_none());
        assert_eq!(Text::in_block(&block, 1..3).as_deref(), Some("ä"));
    }
}
