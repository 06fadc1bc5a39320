//! Records as bytes, in chunks that are never moved.

const CHUNK: usize = 256 << 10;
/// Before a value: the key in 8 bytes, the value's length in 4.
const HEAD: usize = 12;

/// Some records, in the order in which they came.
#[derive(Default)]
pub(super) struct Arena {
    /// All but the last are full.
    chunks: Vec<Vec<u8>>,
}

impl Arena {
    /// Appends a record. The value is shorter than 4 GiB.
    #[inline]
    pub(super) fn push(&mut self, key: u64, value: &str) {
        let len = HEAD + value.len();
        let chunk = match self.chunks.last_mut() {
            Some(chunk) if chunk.capacity() - chunk.len() >= len => chunk,
            _ => {
                // It grows to its size once and for all.
                self.chunks.push(Vec::with_capacity(CHUNK.max(len)));
                let last = self.chunks.len() - 1;
                &mut self.chunks[last]
            }
        };
        chunk.extend_from_slice(&key.to_le_bytes());
        chunk.extend_from_slice(&(value.len() as u32).to_le_bytes());
        chunk.extend_from_slice(value.as_bytes());
    }

    /// The chunks.
    pub(super) fn into_chunks(self) -> Vec<Vec<u8>> {
        self.chunks
    }
}

/// A record that begins at `at` of a chunk: its key, its value, and where the next one begins.
#[inline]
pub(super) fn record(chunk: &[u8], at: usize) -> Option<(u64, &[u8], usize)> {
    let (key, rest) = chunk.get(at..)?.split_first_chunk()?;
    let (len, rest) = rest.split_first_chunk()?;
    let len = u32::from_le_bytes(*len) as usize;
    Some((u64::from_le_bytes(*key), rest.get(..len)?, at + HEAD + len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_given_back_in_order() {
        let long = "x".repeat(2 * CHUNK);
        let texts = ["", "a", &long, "bc"];
        let mut arena = Arena::default();
        for n in 0..40_000_u64 {
            arena.push(n, texts[if n == 5 { 2 } else { n as usize % 2 * 3 }]);
        }
        let (chunks, mut next) = (arena.into_chunks(), 0);
        for chunk in &chunks {
            let mut at = 0;
            while let Some((key, value, end)) = record(chunk, at) {
                assert_eq!(key, next);
                assert_eq!(value.len(), if key == 5 { long.len() } else { key as usize % 2 * 2 });
                (next, at) = (next + 1, end);
            }
            assert_eq!(at, chunk.len());
        }
        assert_eq!(next, 40_000);
        assert!(chunks.len() > 2);
    }
}
