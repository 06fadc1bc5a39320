//! What is compared with other programs, beside the examples that read files: sums, groups, and
//! the [Nexmark](crate::nexmark) queries.

#![expect(
    clippy::needless_pass_by_value,
    reason = "transforms take collections, which are handles"
)]

pub mod generated;
pub mod latency;
mod tally;

use std::sync::Arc;

use purlin::prelude::*;

use generated::{Pairs, Records, digest_of_group, digest_of_sum};
use tally::Tally;
pub use tally::{DIGEST, OUTPUTS};

/// Doubles the even numbers of text files and writes them to one. The example of this name carries
/// file and line of each number as well, for its messages.
pub fn even_numbers(p: &Pipeline, input: &str, output: &str) {
    p.apply(io::text::read(input))
        .try_map(|line| line.parse::<i64>())
        .filter(|n| n % 2 == 0)
        .map(|n| n.wrapping_mul(2))
        .apply(io::text::write(output).without_sharding());
}

/// Adds up the numbers of each key of so many generated pairs.
pub fn sum(p: &Pipeline, pairs: Pairs, elements: i64) {
    let pairs = Arc::new(pairs);
    p.apply(io::generate_sequence(0..elements))
        .map(move |n| pairs.get(n.unsigned_abs()))
        .combine_per_key(Sum)
        .map(|(key, sum)| digest_of_sum(key, sum))
        .apply(tally);
}

/// Groups so many generated records by key, and looks at all values of each group.
pub fn group(p: &Pipeline, elements: i64) {
    let records = Arc::new(Records::default());
    p.apply(io::generate_sequence(0..elements))
        .map(move |n| {
            let (key, value) = records.get(n.unsigned_abs());
            (key, value.to_owned())
        })
        .group_by_key()
        .map(|(key, values)| digest_of_group(key, values.iter()))
        .apply(tally);
}

fn tally(digests: PCollection<u32>) {
    let _ = digests.par_do(Tally::default()).named("Tally");
}
