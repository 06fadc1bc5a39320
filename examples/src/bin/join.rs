//! Teaches joins: two keyed collections, brought together by key.
//!
//! ```text
//! cargo run -p examples --bin join -- --people examples/data/people.txt --cities examples/data/cities.txt --output /tmp/joined.txt
//! ```

use purlin::prelude::*;

const USAGE: &str = "\
Joins people with the country of their city.

  --people=PATTERN  the files of people: a line `NAME,CITY`
  --cities=PATTERN  the files of cities: a line `CITY,COUNTRY`
  --output=PATH     the file to write: `NAME lives in CITY, COUNTRY`";

/// Reads lines `A,B` as pairs.
fn pairs(p: &Pipeline, pattern: &str) -> PCollection<(String, String)> {
    p.apply(io::text::read(pattern))
        .try_map(|line| match line.split_once(',') {
            Some((left, right)) => Ok((left.trim().to_owned(), right.trim().to_owned())),
            None => Err("a line is two fields with a comma between"),
        })
        .main()
}

fn main() -> purlin::Result<()> {
    let p = Pipeline::from_args_or_help(USAGE)?;
    let output = p.options().required("output")?;
    let by_city = pairs(&p, p.options().required("people")?).map(|(name, city)| (city, name));
    let countries = pairs(&p, p.options().required("cities")?);

    by_city
        .left_join(&countries)
        .map(|(city, (name, country))| {
            let country = country.unwrap_or_else(|| "an unknown country".to_owned());
            format!("{name} lives in {city}, {country}")
        })
        .apply(io::text::write(output).without_sharding());
    p.run()?;
    Ok(())
}
