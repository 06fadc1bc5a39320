//! Text of at most 15 bytes, held in place.

use std::ops::Range;

use crate::element::key::hash_native;

/// The bytes, zeros behind them, and their number in the last byte: it is compared and hashed as
/// one number, without a loop and without a look at memory elsewhere.
///
/// In two machine words, as all texts are copied: a processor waits where bytes are read at once
/// that were written apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Short([u64; 2]);

const SIZE: usize = 16;

impl Short {
    pub(super) const LONGEST: usize = SIZE - 1;

    /// These bytes of a `str`; `None` where there are too many.
    #[inline]
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        (bytes.len() <= Self::LONGEST).then(|| Self::cut(bytes, 0..bytes.len()))
    }

    /// A part of the bytes of a `str`, of at most [`Self::LONGEST`] bytes between characters.
    #[inline(always)]
    pub(super) fn cut(bytes: &[u8], part: Range<usize>) -> Self {
        let length = part.len();
        debug_assert!(length <= Self::LONGEST);
        let word = match bytes[part.start..].first_chunk() {
            // To read more than the part and to drop the rest needs no loop.
            Some(chunk) => u128::from_le_bytes(*chunk) & ((1 << (8 * length)) - 1),
            None => Self::last_word(&bytes[part]),
        };
        Self::of(word | ((length as u128) << (8 * Self::LONGEST)))
    }

    /// Few bytes, behind which there are not enough others.
    #[inline(never)]
    fn last_word(bytes: &[u8]) -> u128 {
        let mut word = [0; SIZE];
        word[..bytes.len()].copy_from_slice(bytes);
        u128::from_le_bytes(word)
    }

    /// The first byte is the lowest of `word`.
    #[inline(always)]
    fn of(word: u128) -> Self {
        Self([(word as u64).to_le(), ((word >> 64) as u64).to_le()])
    }

    #[inline]
    fn all_bytes(&self) -> &[u8] {
        bytemuck::bytes_of(&self.0)
    }

    #[inline]
    fn length(&self) -> usize {
        usize::from(self.all_bytes()[Self::LONGEST])
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.all_bytes()[..self.length()]
    }

    #[inline]
    pub(super) fn as_str(&self) -> &str {
        // They were cut from a `str`, between characters. Zeros and the length are characters as
        // well: to look at all bytes needs no loop where all are of ASCII.
        let all = std::str::from_utf8(self.all_bytes()).unwrap_or_default();
        all.get(..self.length()).unwrap_or_default()
    }

    #[inline]
    pub(super) fn hash(self) -> u64 {
        let [low, high] = self.0.map(u64::from_le);
        hash_native(&(u128::from(high) << 64 | u128::from(low)))
    }
}
