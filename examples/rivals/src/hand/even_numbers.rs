//! Doubles the even numbers of a file.

use std::{
    io::Read,
    sync::{Mutex, PoisonError},
};

use crate::{Files, Result, output::Output, parts};

use super::{
    blocks::{Block, Blocks},
    decimal, integers,
    workers::Workers,
};

/// So many lines go through each pass together.
const BATCH: usize = 1024;
/// So much text is handed over at a time.
const FULL: usize = 1 << 20;

/// Writes the double of each even number, in any order, of a file that has an integer on each line.
pub(super) fn run(files: &Files, workers: &Workers) -> Result {
    let parts = parts::of_file(&files.input, workers.parts(), |byte| byte == b'\n')?;
    let output = Mutex::new(Output::at(files.output.clone())?);
    workers.share(parts, |parts| {
        let mut text = Vec::with_capacity(FULL + (FULL >> 4));
        for part in parts {
            double(part, &mut text, &output)?;
        }
        hand_over(&mut text, &output)
    })?;
    Ok(output.into_inner().unwrap_or_else(PoisonError::into_inner).finish()?)
}

fn double(input: impl Read, text: &mut Vec<u8>, output: &Mutex<Output>) -> Result {
    let mut blocks = Blocks::of(input, |byte| byte == b'\n');
    while let Some(block) = blocks.next()? {
        let mut at = 0;
        while at < block.len {
            let mut even = [0; BATCH];
            let (count, next) = parse_even(block, at, &mut even)?;
            for number in &even[..count] {
                let double = number.checked_mul(2).ok_or("twice this number overflows 64 bits")?;
                decimal::append_line(text, double);
            }
            if text.len() >= FULL {
                hand_over(text, output)?;
            }
            at = next;
        }
    }
    Ok(())
}

fn hand_over(text: &mut Vec<u8>, output: &Mutex<Output>) -> Result {
    output.lock().unwrap_or_else(PoisonError::into_inner).write(text)?;
    text.clear();
    Ok(())
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
