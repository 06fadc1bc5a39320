//! Counts the words of a file.

use std::io::Read;

use crate::{Files, Result, output::Output, parts};

use super::{
    blocks::Blocks,
    counts::Counts,
    words::{Edges, is_separator},
    workers::Workers,
};

/// Writes a line `word: count` for each word, in any order. A word is a maximal run of bytes that
/// are not ASCII white space.
pub(super) fn run(files: &Files, workers: &Workers) -> Result {
    let parts = parts::of_file(&files.input, workers.parts(), is_separator)?;
    let tables = workers.share(parts, |parts| {
        let (mut counts, mut edges) = (Counts::new(), Edges::default());
        for part in parts {
            count(part, &mut counts, &mut edges)?;
        }
        Ok(counts)
    })?;
    let counts = tables.into_iter().reduce(Counts::merge).unwrap_or_else(Counts::new);
    write(&counts, Output::at(files.output.clone())?)
}

fn count(input: impl Read, counts: &mut Counts, edges: &mut Edges) -> Result {
    let mut blocks = Blocks::of(input, is_separator);
    while let Some(block) = blocks.next()? {
        edges.each(block, |edges| counts.add(block, edges));
    }
    Ok(())
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
