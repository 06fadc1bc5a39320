//! Runs the simulations of the engine with many seeds.

use clap::Args;

use crate::{
    failure::{Failure, Outcome},
    process,
};

/// The tests that are simulations have names which begin so.
const TESTS: &str = "simulated_";

#[derive(Args)]
pub(crate) struct Arguments {
    /// How many seeds each simulation runs
    #[arg(long, default_value_t = 100_000)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    from: u64,
}

/// Runs the machine for one key, groupings on the engine, and functions with state on the engine,
/// each beside its model. The first seed that fails is named with the command that runs it again.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let seeds = range(arguments)?;
    let mut cargo = process::cargo();
    cargo.args(["test", "--release", "--package", "purlin-engine", "--lib", TESTS]);
    process::stream(cargo.env("PURLIN_SEEDS", &seeds))?;
    println!("the seeds {seeds} are green in every simulation");
    Ok(())
}

fn range(arguments: &Arguments) -> Outcome<String> {
    let Arguments { seeds, from } = *arguments;
    match from.checked_add(seeds) {
        Some(end) if seeds > 0 => Ok(format!("{from}..{end}")),
        Some(_) => Err(Failure::new("no seeds are no test").help("pass `--seeds 1` or more")),
        None => Err(Failure::new(format!("there are no {seeds} seeds from {from} on"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_begin_where_they_are_asked_to() {
        assert_eq!(range(&Arguments { seeds: 3, from: 17 }).unwrap(), "17..20");
    }

    #[test]
    fn a_simulation_without_seeds_is_refused() {
        let failure = range(&Arguments { seeds: 0, from: 17 }).unwrap_err();
        assert!(failure.to_string().contains("--seeds 1"));
        range(&Arguments { seeds: 2, from: u64::MAX }).unwrap_err();
    }
}
