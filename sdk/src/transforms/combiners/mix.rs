//! Hashes that are the same in every process and build: accumulators travel and are kept.

use crate::coders::Nesting;
use crate::element::Element;

/// Spreads the bits of a number over all of it, one to one.
///
/// **Source:** the finaliser of SplitMix64 (Steele, Lea, Flood: *Fast splittable pseudorandom
/// number generators*, OOPSLA 2014).
pub(super) const fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The hash of a value: of its encoded bytes.
pub(super) fn hash_of<V: Element>(value: &V) -> u64 {
    let mut bytes = Vec::new();
    if let Err(error) = value.encode(&mut bytes, Nesting::Nested) {
        // A combiner has no other way to end the bundle.
        panic!("the value cannot be encoded: {error}");
    }
    hash_bytes(&bytes)
}

fn hash_bytes(bytes: &[u8]) -> u64 {
    // Without the length, values that differ in zeros at their end would be the same.
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    bytes.chunks(8).fold(mix(length), |hash, chunk| {
        let mut block = [0; 8];
        block[..chunk.len()].copy_from_slice(chunk);
        mix(hash ^ u64::from_le_bytes(block))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_do_not_change_between_builds() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_ne!(hash_bytes(b""), hash_bytes(b"\0"));
        assert_ne!(hash_bytes(b"12345678"), hash_bytes(b"12345678\0"));
        assert_ne!(hash_bytes(b"1234567812345679"), hash_bytes(b"1234567912345678"));
    }
}
