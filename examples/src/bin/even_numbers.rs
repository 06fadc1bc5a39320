//! Doubles the even numbers of text files: text → parse → even → × 2 → text.
//!
//! A line that is no number, and a number whose double overflows, fail the job and leave no output.
//!
//! ```text
//! cargo run --release -p examples --bin even_numbers -- --input examples/data/numbers.txt --output /tmp/doubled.txt
//! ```

// For its allocator.
#[cfg(feature = "mimalloc")]
use examples as _;
use purlin::prelude::*;

const USAGE: &str = "\
Doubles the even numbers of text files.

  --input=PATTERN   the files to read: a 64-bit integer on each line
  --output=PATH     the file to write";

fn main() -> purlin::Result<()> {
    let p = Pipeline::from_args_or_help(USAGE)?;
    let (input, output) = (p.options().required("input")?, p.options().required("output")?);
    // A message about a line says where it is.
    p.apply(io::text::read(input).located())
        .try_map(|located| located.line.trim().parse::<i64>())
        .named("Parse")
        .filter(|n| n % 2 == 0)
        .try_map(|n| n.checked_mul(2).ok_or("twice this number overflows 64 bits"))
        .named("Double")
        .apply(io::text::write(output).without_sharding());
    p.run()?;
    Ok(())
}
