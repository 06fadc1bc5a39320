//! Writes integers in decimal, sixteen digits a step.

const TEN_8: u64 = 100_000_000;
const TEN_16: u64 = TEN_8 * TEN_8;

/// Appends a line with `number`.
pub(crate) fn append_line(buffer: &mut Vec<u8>, number: i64) {
    match u64::try_from(number) {
        Ok(number) if number < TEN_16 => append_short(buffer, number),
        _ => {
            buffer.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
            buffer.push(b'\n');
        }
    }
}

/// Without a branch on the length, which no processor can guess.
fn append_short(buffer: &mut Vec<u8>, number: u64) {
    let (high, low) = (eight_digits(number / TEN_8), eight_digits(number % TEN_8));
    let digits = (u128::from(low) << 64) | u128::from(high);
    // The last digit stays even if it is a zero.
    let zeros = (digits.trailing_zeros() as usize / 8).min(15);
    let text = (digits | 0x3030_3030_3030_3030_3030_3030_3030_3030) >> (8 * zeros);
    let mut line = [b'\n'; 17];
    line[..16].copy_from_slice(&text.to_le_bytes());
    line[16 - zeros] = b'\n';
    let end = buffer.len() + 17 - zeros;
    buffer.extend_from_slice(&line);
    buffer.truncate(end);
}

/// The decimal digits of `number`, which is less than 10^8, as bytes, the first one the lowest.
fn eight_digits(number: u64) -> u64 {
    // Each line halves the lanes: two of four digits, four of two, eight of one. The products are
    // divisions by 100 and 10 that are exact for what a lane can hold.
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x0000_007F_0000_007F;
    let twos = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((twos * 103) >> 10) & 0x000F_000F_000F_000F;
    tens | ((twos - 10 * tens) << 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: i64) -> String {
        let mut buffer = Vec::new();
        append_line(&mut buffer, number);
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn numbers_of_every_length_are_written() {
        let powers = (0..19).map(|exponent| 10_i64.pow(exponent));
        let near = powers.flat_map(|power| [power - 1, power, power + 1, 9 * (power / 9)]);
        for number in near.chain([i64::MAX, i64::MIN, 120, -7]) {
            assert_eq!(line(number), format!("{number}\n"));
        }
    }

    #[test]
    fn every_pair_and_four_of_digits_is_divided_exactly() {
        for number in 0..10_000 {
            assert_eq!(line(number), format!("{number}\n"));
            assert_eq!(line(number * 10_000), format!("{}\n", number * 10_000));
        }
    }
}
