//! Doubles the even numbers of a file.

use std::{fs::File, path::PathBuf};

use crate::{
    blocks::{Block, Blocks},
    decimal,
    error::Result,
    integers,
    output::Output,
};

/// So many lines go through each pass together.
const BATCH: usize = 1024;

/// Writes the double of each even number of `input`, which has an integer on each line.
///
/// # Errors
/// When `input` cannot be read or a line is no integer of 64 bits, when a double is none, or when
/// `output` cannot be written.
pub fn even_numbers(input: PathBuf, output: PathBuf) -> Result {
    let mut blocks = Blocks::of(File::open(input)?, |byte| byte == b'\n');
    let mut output = Output::at(output)?;
    while let Some(block) = blocks.next()? {
        let mut at = 0;
        while at < block.len {
            let mut even = [0; BATCH];
            let (count, next) = parse_even(block, at, &mut even)?;
            for number in &even[..count] {
                let double = number.checked_mul(2).ok_or("twice this number overflows 64 bits")?;
                decimal::append_line(output.buffer(), double);
            }
            output.flush_if_full()?;
            at = next;
        }
    }
    Ok(output.finish()?)
}

/// Fills `even` from the lines at `at`; says with how many, and where the lines go on.
///
/// Every number is stored and an odd one overwritten: a branch would be wrong every other time.
fn parse_even(block: Block<'_>, mut at: usize, even: &mut [i64; BATCH]) -> Result<(usize, usize)> {
    let mut count = 0;
    while count < BATCH && at < block.len {
        let (number, next) = integers::line(block, at)?;
        even[count] = number;
        count += usize::from(number % 2 == 0);
        at = next;
    }
    Ok((count, at))
}
