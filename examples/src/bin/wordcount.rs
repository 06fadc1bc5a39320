//! Counts the words of text files: text → words → counts → text.
//!
//! A word is a maximal run of characters that are not ASCII white space; case is kept.
//!
//! ```text
//! cargo run --release -p examples --bin wordcount -- --input README.md --output /tmp/counts.txt
//! ```

#![expect(clippy::needless_pass_by_value, reason = "transforms take collections by value")]

// For its allocator.
#[cfg(feature = "mimalloc")]
use examples as _;
use purlin::prelude::*;

const USAGE: &str = "\
Counts the words of text files.

  --input=PATTERN   the files to read, such as `logs/*.txt`; .gz and .zst are decompressed
  --output=PATH     the file to write, a line `word: count` for each word";

fn count_words(lines: PCollection<Text>) -> PCollection<(Text, u64)> {
    lines.flat_map(|line| line.split_ascii_whitespace()).count_per_element()
}

fn main() -> purlin::Result<()> {
    let p = Pipeline::from_args_or_help(USAGE)?;
    let (input, output) = (p.options().required("input")?, p.options().required("output")?);
    p.apply(io::text::read(input))
        .apply(count_words)
        .map(|(word, count)| format!("{word}: {count}"))
        .apply(io::text::write(output).without_sharding());
    p.run()?;
    Ok(())
}
