//! Teaches side inputs: a collection that every element of another one can see.
//!
//! Orders in several currencies are converted with a table of rates, and small ones are dropped.
//!
//! ```text
//! cargo run -p examples --bin side_inputs -- --input examples/data/orders.txt --output /tmp/in_euro.txt
//! ```

use purlin::prelude::*;

const USAGE: &str = "\
Converts orders to euro and drops those below a floor.

  --input=PATTERN   the files to read: a line `CURRENCY CENTS` for each order
  --output=PATH     the file to write: cents in euro
  --floor=CENTS     the least order to keep, in euro cents (default 100)";

fn parse(line: &str) -> Result<(String, i64), BoxError> {
    let (currency, cents) = line.split_once(' ').ok_or("an order is `CURRENCY CENTS`")?;
    Ok((currency.to_owned(), cents.parse()?))
}

fn main() -> purlin::Result<()> {
    let p = Pipeline::from_args_or_help(USAGE)?;
    let (input, output) = (p.options().required("input")?, p.options().required("output")?);
    let floor = p.options().value("floor")?.unwrap_or(100i64);

    // Views: a map, and a single value. Any collection can be one, also a computed one.
    let per_mille = [("EUR", 1000i64), ("USD", 920), ("GBP", 1150)];
    let rates = p.create(per_mille.map(|(currency, rate)| (currency.to_owned(), rate))).as_map();
    let floor = p.create([floor]).as_singleton();

    p.apply(io::text::read(input))
        .try_map(|line| parse(&line))
        .named("Parse")
        .with_side_input((rates, floor))
        .try_flat_map(|(currency, cents), (rates, floor)| {
            let rate = rates.get(&currency).ok_or_else(|| format!("no rate for `{currency}`"))?;
            Ok::<_, BoxError>(Some(cents * rate / 1000).filter(|cents| cents >= floor))
        })
        .named("Convert")
        .map(|cents| cents.to_string())
        .apply(io::text::write(output).without_sharding());
    p.run()?;
    Ok(())
}
