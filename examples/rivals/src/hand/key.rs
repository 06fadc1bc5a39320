//! A word of at most 23 bytes in three machine words, compared and hashed without a loop.

use foldhash::fast::FixedState;
use std::hash::BuildHasher;

/// The longest word that a [`Key`] holds.
pub(crate) const LONGEST: usize = 23;
/// Reading a word reads so many bytes.
const SIZE: usize = 24;

/// The bytes, zeros, and the length in the last byte.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key([u64; 3]);

impl Key {
    /// The first `len` of `bytes`, of which there are at least 24.
    pub(crate) fn of(bytes: &[u8], len: usize) -> Self {
        let parts = bytes[..SIZE].as_chunks::<8>().0;
        let masks = &MASKS[len];
        Self([
            u64::from_le_bytes(parts[0]) & masks[0],
            u64::from_le_bytes(parts[1]) & masks[1],
            u64::from_le_bytes(parts[2]) & masks[2] | ((len as u64) << 56),
        ])
    }

    pub(crate) fn hash(self) -> u64 {
        HASHER.hash_one((self.0[0], self.0[1], self.0[2]))
    }

    /// The word in the first bytes, and its length.
    pub(crate) fn bytes(self) -> ([u8; SIZE], usize) {
        let mut bytes = [0; SIZE];
        for (eight, part) in bytes.as_chunks_mut().0.iter_mut().zip(self.0) {
            *eight = part.to_le_bytes();
        }
        (bytes, usize::from(bytes[LONGEST]))
    }
}

const HASHER: FixedState = FixedState::with_seed(1);

/// For each length the bits that belong to the word.
const MASKS: [[u64; 3]; SIZE] = {
    let mut masks = [[0; 3]; SIZE];
    let mut bit = 0;
    while bit < 8 * LONGEST {
        let mut len = bit / 8 + 1;
        while len < SIZE {
            masks[len][bit / 64] |= 1 << (bit % 64);
            len += 1;
        }
        bit += 1;
    }
    masks
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_its_word_back() {
        for len in 1..=LONGEST {
            let (bytes, found) = Key::of(b"abcdefghijklmnopqrstuvwxyz", len).bytes();
            assert_eq!(&bytes[..found], &b"abcdefghijklmnopqrstuvwxyz"[..len]);
        }
    }

    #[test]
    fn what_follows_the_word_makes_no_difference() {
        assert!(Key::of(&[b'a'; SIZE], 5) == Key::of(b"aaaaabbbbbbbbbbbbbbbbbbbbbbb", 5));
    }

    #[test]
    fn zeros_in_a_word_count() {
        assert!(Key::of(&[0; SIZE], 1) != Key::of(&[0; SIZE], 2));
    }
}
