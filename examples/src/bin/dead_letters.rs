//! Teaches dead letters: bad records are collected, with their errors, and the good ones go on.
//!
//! ```text
//! cargo run -p examples --bin dead_letters -- --input examples/data/mixed.txt --output /tmp/sum.txt --rejected /tmp/rejected.txt
//! ```

use purlin::prelude::*;
use purlin::transforms::Sum;

const USAGE: &str = "\
Sums the numbers of text files, and sets aside what is no number.

  --input=PATTERN   the files to read: a number on each line
  --output=PATH     the file to write: the sum
  --rejected=PATH   the file for the other lines, each with its error";

fn main() -> purlin::Result<()> {
    let p = Pipeline::from_args_or_help(USAGE)?;
    let (input, output) = (p.options().required("input")?, p.options().required("output")?);
    let rejected = p.options().required("rejected")?;

    let (numbers, failed) = p
        .apply(io::text::read(input))
        .try_map(|line| line.trim().parse::<i64>())
        .named("Parse")
        .dead_letters();
    numbers
        .combine_globally(Sum)
        .map(|sum| sum.to_string())
        .apply(io::text::write(output).without_sharding());
    failed
        .map(|failed| format!("{}: {}", failed.element, failed.error))
        .apply(io::text::write(rejected).without_sharding());
    p.run()?;
    Ok(())
}
