//! Counts the words of a file.

use std::{fs::File, path::PathBuf};

use crate::{
    blocks::Blocks,
    counts::Counts,
    error::Result,
    output::Output,
    words::{Edges, is_separator},
};

/// Writes a line `word: count` for each word of `input`, in any order. A word is a maximal run of
/// bytes that are not ASCII white space.
///
/// # Errors
/// When `input` cannot be read or is not UTF-8, or `output` cannot be written.
pub fn wordcount(input: PathBuf, output: PathBuf) -> Result {
    let counts = count(File::open(input)?)?;
    write(&counts, Output::at(output)?)
}

fn count(input: File) -> Result<Counts> {
    let mut blocks = Blocks::of(input, is_separator);
    let (mut counts, mut edges) = (Counts::new(), Edges::default());
    while let Some(block) = blocks.next()? {
        edges.each(block, |edges| counts.add(block, edges));
    }
    Ok(counts)
}

fn write(counts: &Counts, mut output: Output) -> Result {
    let mut digits = itoa::Buffer::new();
    counts.each(|word, count| {
        let buffer = output.buffer();
        buffer.extend_from_slice(word);
        buffer.extend_from_slice(b": ");
        buffer.extend_from_slice(digits.format(count).as_bytes());
        buffer.push(b'\n');
        output.flush_if_full()
    })?;
    Ok(output.finish()?)
}
