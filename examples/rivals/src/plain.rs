//! The same jobs as a good programmer writes them in an hour, on one thread: 1 MiB reads, foldhash,
//! compact owned keys, no SIMD and no tricks. They tell how much of a distance is the rivals' own
//! art.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use foldhash::{HashMap, HashMapExt, fast::FixedState};
use hashbrown::HashTable;
use std::hash::BuildHasher;

use crate::error::{Error, Result, not_utf8};
use crate::generated::{Pairs, Records, Summary, digest_of_group, digest_of_sum};
use crate::output::Output;
use crate::{Answer, Files, Task, Work};

const BLOCK: usize = 1 << 20;
const HASHER: FixedState = FixedState::with_seed(1);

/// Does the task, on one thread whatever it says.
///
/// # Errors
/// When the input cannot be read or is wrong, or the output cannot be written.
pub fn plain(task: &Task) -> Result<Answer> {
    match &task.work {
        Work::Wordcount(files) => wordcount(files).map(|()| None),
        Work::EvenNumbers(files) => even_numbers(files).map(|()| None),
        Work::SumUniform(count) => Ok(Some(sum(&Pairs::uniform(), *count).into())),
        Work::SumZipf(count) => Ok(Some(sum(&Pairs::zipf(), *count).into())),
        Work::Group(count) => Ok(Some(group(*count).into())),
        work @ Work::Nexmark(..) => work.refused(),
    }
}

/// Writes a line `word: count` for each word, in any order.
fn wordcount(files: &Files) -> Result {
    let mut file = File::open(&files.input)?;
    let mut counts: HashTable<(Box<[u8]>, u64)> = HashTable::new();
    let (mut buffer, mut kept) = (vec![0; BLOCK], 0);
    loop {
        if kept == buffer.len() {
            buffer.resize(buffer.len() * 2, 0);
        }
        let read = file.read(&mut buffer[kept..])?;
        let filled = kept + read;
        // A word that goes on behind the block waits for the next one.
        let whole = if read == 0 {
            filled
        } else {
            buffer[..filled].iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1)
        };
        count(&mut counts, std::str::from_utf8(&buffer[..whole]).map_err(not_utf8)?);
        buffer.copy_within(whole..filled, 0);
        kept = filled - whole;
        if read == 0 {
            break;
        }
    }
    let (mut output, mut digits) = (Output::at(files.output.clone())?, itoa::Buffer::new());
    for (word, count) in &counts {
        let buffer = output.buffer();
        buffer.extend_from_slice(word);
        buffer.extend_from_slice(b": ");
        buffer.extend_from_slice(digits.format(*count).as_bytes());
        buffer.push(b'\n');
        output.flush_if_full()?;
    }
    Ok(output.finish()?)
}

fn count(counts: &mut HashTable<(Box<[u8]>, u64)>, text: &str) {
    for word in text.split_ascii_whitespace() {
        let word = word.as_bytes();
        let hash = HASHER.hash_one(word);
        counts
            .entry(hash, |(key, _)| **key == *word, |(key, _)| HASHER.hash_one(&**key))
            .or_insert_with(|| (word.into(), 0))
            .into_mut()
            .1 += 1;
    }
}

/// Writes twice each even number.
fn even_numbers(files: &Files) -> Result {
    let mut lines = BufReader::with_capacity(BLOCK, File::open(&files.input)?);
    let (mut output, mut digits) = (Output::at(files.output.clone())?, itoa::Buffer::new());
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        let number: i64 = line.trim().parse().map_err(|error| wrong(&line, &error))?;
        if number % 2 == 0 {
            let double = number.checked_mul(2).ok_or_else(|| wrong(&line, &"it overflows"))?;
            let buffer = output.buffer();
            buffer.extend_from_slice(digits.format(double).as_bytes());
            buffer.push(b'\n');
            output.flush_if_full()?;
        }
        line.clear();
    }
    Ok(output.finish()?)
}

fn wrong(line: &str, why: &dyn std::fmt::Display) -> Error {
    std::io::Error::other(format!("`{}`: {why}", line.trim())).into()
}

fn sum(pairs: &Pairs, count: u64) -> Summary {
    let mut sums: HashMap<u64, u64> = HashMap::new();
    for (key, number) in (0..count).map(|n| pairs.get(n)) {
        *sums.entry(key).or_default() += number;
    }
    let mut summary = Summary::default();
    sums.into_iter().for_each(|(key, sum)| summary.add(digest_of_sum(key, sum)));
    summary
}

fn group(count: u64) -> Summary {
    let records = Records::default();
    let mut groups: HashMap<u64, Vec<String>> = HashMap::new();
    for (key, value) in (0..count).map(|n| records.get(n)) {
        groups.entry(key).or_default().push(value.to_owned());
    }
    let mut summary = Summary::default();
    groups.into_iter().for_each(|(key, values)| summary.add(digest_of_group(key, values)));
    summary
}
