//! Looks for characters in many bytes at once.

use wide::u8x16;

/// How many bytes are looked at at once: a bit of a machine word for each.
pub(crate) const STEP: usize = 64;

/// A bit for each of the first [`STEP`] bytes that is white space of ASCII; that of the first byte is
/// the lowest.
#[inline]
pub(crate) fn whitespace(bytes: &[u8]) -> u64 {
    find(bytes, |bytes| {
        let is = |byte| bytes.simd_eq(u8x16::splat(byte));
        is(b' ') | is(b'\n') | is(b'\t') | is(b'\r') | is(b'\x0C')
    })
}

/// A bit for each of the first [`STEP`] bytes that ends a line.
#[inline]
pub(crate) fn line_feeds(bytes: &[u8]) -> u64 {
    find(bytes, |bytes| bytes.simd_eq(u8x16::splat(b'\n')))
}

#[inline]
fn find(bytes: &[u8], which: impl Fn(u8x16) -> u8x16) -> u64 {
    match bytes.first_chunk() {
        Some(step) => find_in_step(step, which),
        None => find_in_step(&filled_up(bytes), which),
    }
}

/// Few bytes, and zeros behind them.
#[cold]
fn filled_up(bytes: &[u8]) -> [u8; STEP] {
    let mut step = [0; STEP];
    step[..bytes.len()].copy_from_slice(bytes);
    step
}

#[inline]
fn find_in_step(bytes: &[u8; STEP], which: impl Fn(u8x16) -> u8x16) -> u64 {
    let lanes = bytes.as_chunks::<16>().0.iter().enumerate();
    lanes.fold(0, |found, (at, lane)| {
        found | u64::from(which(u8x16::new(*lane)).to_bitmask()) << (16 * at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_found_wherever_it_is() {
        for byte in 0..=u8::MAX {
            for at in 0..STEP {
                let mut bytes = [b'x'; STEP];
                bytes[at] = byte;
                let found = |is: bool| u64::from(is) << at;
                assert_eq!(whitespace(&bytes), found(byte.is_ascii_whitespace()));
                assert_eq!(line_feeds(&bytes), found(byte == b'\n'));
            }
        }
    }
}
