//! Bytes that are kept for long, in as little memory as they need.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;

/// How many bytes fit in place.
const IN_PLACE: usize = 22;

/// Encoded bytes that are kept: those of most keys, windows and values need no allocation.
///
/// They are always a copy. What arrives is a slice of a large buffer, which would be kept with it.
#[derive(Clone)]
pub struct KeptBytes(Kept);

#[derive(Clone)]
enum Kept {
    Short { length: u8, bytes: [u8; IN_PLACE] },
    Long(Arc<[u8]>),
}

impl KeptBytes {
    /// The same bytes as others that are passed around.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match &self.0 {
            Kept::Short { length: 0, .. } => Bytes::new(),
            Kept::Short { .. } => Bytes::copy_from_slice(self),
            Kept::Long(bytes) => Bytes::from_owner(Arc::clone(bytes)),
        }
    }

    /// How many bytes of memory they take beside their place.
    pub(crate) fn size_bytes(&self) -> usize {
        match &self.0 {
            Kept::Short { .. } => 0,
            Kept::Long(bytes) => 2 * size_of::<usize>() + bytes.len(),
        }
    }
}

impl Default for KeptBytes {
    fn default() -> Self {
        Self(Kept::Short { length: 0, bytes: [0; IN_PLACE] })
    }
}

impl Deref for KeptBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Kept::Short { length, bytes } => &bytes[..usize::from(*length)],
            Kept::Long(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for KeptBytes {
    fn from(from: &[u8]) -> Self {
        match u8::try_from(from.len()) {
            Ok(length) if from.len() <= IN_PLACE => {
                let mut bytes = [0; IN_PLACE];
                bytes[..from.len()].copy_from_slice(from);
                Self(Kept::Short { length, bytes })
            }
            _ => Self(Kept::Long(from.into())),
        }
    }
}

impl From<&Bytes> for KeptBytes {
    fn from(bytes: &Bytes) -> Self {
        Self::from(&bytes[..])
    }
}

impl Borrow<[u8]> for KeptBytes {
    fn borrow(&self) -> &[u8] {
        self
    }
}

// As the slices that they are, by which they are found in tables.

impl PartialEq for KeptBytes {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for KeptBytes {}

impl PartialOrd for KeptBytes {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for KeptBytes {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl Hash for KeptBytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl std::fmt::Debug for KeptBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_any_length_are_kept() {
        for length in [0, 1, IN_PLACE - 1, IN_PLACE, IN_PLACE + 1, 255, 256, 300] {
            let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let kept = KeptBytes::from(&bytes[..]);
            assert_eq!(*kept, bytes[..]);
            assert_eq!(kept.to_bytes(), bytes);
            assert_eq!(kept.size_bytes() == 0, length <= IN_PLACE, "{length}");
        }
    }

    #[test]
    fn the_order_is_that_of_the_bytes() {
        let long = [b'b'; 30];
        let mut all = [&long[..], b"c", b"", b"b", b"a\xff"].map(KeptBytes::from);
        all.sort();
        assert_eq!(all, [&b""[..], b"a\xff", b"b", &long, b"c"].map(KeptBytes::from));
    }

    #[test]
    fn their_place_is_three_words() {
        assert_eq!(size_of::<KeptBytes>(), 24);
    }
}
