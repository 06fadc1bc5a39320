//! Parses lines of integers, eight digits a step.

use std::str;

use super::blocks::Block;
use crate::error::Result;

const EIGHT: usize = 8;
/// Ten to the power of the index.
const POWERS: [u64; EIGHT] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// The number on the line that begins at `at`, white space around it ignored, and where the next
/// line begins.
pub(crate) fn line(block: Block<'_>, at: usize) -> Result<(i64, usize)> {
    match plain(block.padded, at) {
        Some(found) => Ok(found),
        None => any(block, at),
    }
}

/// A line of an optional minus and 1 to 15 digits: all that is usual, without a loop.
fn plain(padded: &[u8], at: usize) -> Option<(i64, usize)> {
    let is_negative = padded[at] == b'-';
    let begin = at + usize::from(is_negative);
    let (mut value, mut count) = digits(padded, begin);
    if count == EIGHT {
        let (low, more) = digits(padded, begin + EIGHT);
        value = value * POWERS.get(more)? + low;
        count += more;
    }
    let end = begin + count;
    if count == 0 || padded[end] != b'\n' {
        return None;
    }
    let value = value as i64;
    Some((if is_negative { -value } else { value }, end + 1))
}

/// The value of the digits at `at`, of up to eight of them, and how many there are.
fn digits(padded: &[u8], at: usize) -> (u64, usize) {
    let text = padded[at..].first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
    // Digits become 0 to 9. Adding 0x76 sets the high bit of what is more; a carry out of it
    // touches only bytes that follow one that is no digit.
    let values = text ^ 0x3030_3030_3030_3030;
    let others = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
    let count = others.trailing_zeros() as usize / 8;
    // The first digit is in the lowest byte: shifting puts zeros before it.
    let values = values.unbounded_shl(64 - 8 * count as u32);
    (eight_digits(values), count)
}

/// The number whose decimal digits are the bytes of `values`, the lowest first.
fn eight_digits(values: u64) -> u64 {
    const EACH_32: u64 = 0x0000_00FF_0000_00FF;
    let pairs = values.wrapping_mul(10).wrapping_add(values >> 8);
    let first = (pairs & EACH_32).wrapping_mul(100 + (1_000_000 << 32));
    let second = (pairs >> 16 & EACH_32).wrapping_mul(1 + (10_000 << 32));
    first.wrapping_add(second) >> 32
}

/// Any other line: as the standard library parses it, or not.
fn any(block: Block<'_>, at: usize) -> Result<(i64, usize)> {
    let rest = &block.padded[at..block.len];
    let len = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let text = str::from_utf8(&rest[..len])?;
    let value = text.trim().parse().map_err(|error| format!("`{text}`: {error}"))?;
    Ok((value, at + len + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hand::blocks::Blocks;

    fn parse(text: &str) -> Result<Vec<i64>> {
        let (mut blocks, mut all) = (Blocks::of(text.as_bytes(), |b| b == b'\n'), Vec::new());
        while let Some(block) = blocks.next()? {
            let mut at = 0;
            while at < block.len {
                let (value, next) = line(block, at)?;
                all.push(value);
                at = next;
            }
        }
        Ok(all)
    }

    #[test]
    fn numbers_of_every_length_are_parsed() {
        let digits = "1234567890123456789";
        for length in 1..=digits.len() {
            let value: i64 = digits[..length].parse().unwrap();
            let text = format!("{value}\n-{value}\n{}{value}\n", "0".repeat(30));
            assert_eq!(parse(&text).unwrap(), [value, -value, value]);
        }
        let ends = [0, i64::MAX, i64::MIN];
        assert_eq!(parse(&ends.map(|end| end.to_string()).join("\n")).unwrap(), ends);
    }

    #[test]
    fn what_the_standard_library_takes_is_taken() {
        assert_eq!(parse(" 1\n2 \r\n+3\n\u{a0}-04\u{2003}\n").unwrap(), [1, 2, 3, -4]);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["\n", "-\n", "1 2\n", "0x1\n", "1/\n", "1:\n", "9223372036854775808\n"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse("4z").unwrap_err().to_string(), "`4z`: invalid digit found in string");
    }
}
