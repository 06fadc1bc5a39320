//! Runs the simulations of the engine with many seeds.

mod mutants;

use clap::Args;

use crate::{
    failure::{Failure, Outcome},
    process,
};

/// The tests that are simulations have names which begin so.
const TESTS: &str = "simulated_";

#[derive(Args)]
pub(crate) struct Arguments {
    /// How many seeds each simulation runs: 100000 if nothing else is said, 200 with `--mutants`
    #[arg(long)]
    seeds: Option<u64>,
    /// The first of them
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Put bugs into a copy of the engine, one at a time, and see whether the seeds find each
    #[arg(long)]
    mutants: bool,
}

/// Runs the machine for one key, groupings on the engine, and functions with state on the engine,
/// each beside its model. The first seed that fails is named with the command that runs it again.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let seeds = range(arguments)?;
    if arguments.mutants {
        return mutants::run(&seeds);
    }
    let mut cargo = process::cargo();
    cargo.args(["test", "--release", "--package", "purlin-engine", "--lib", TESTS]);
    process::stream(cargo.env("PURLIN_SEEDS", &seeds))?;
    println!("the seeds {seeds} are green in every simulation");
    Ok(())
}

fn range(arguments: &Arguments) -> Outcome<String> {
    let Arguments { from, mutants, .. } = *arguments;
    // A bug that only many seeds find is one that the simulations do not look for.
    let seeds = arguments.seeds.unwrap_or(if mutants { 200 } else { 100_000 });
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
        assert_eq!(
            range(&Arguments { seeds: Some(3), from: 17, mutants: false }).unwrap(),
            "17..20"
        );
    }

    #[test]
    fn a_simulation_without_seeds_is_refused() {
        let failure = range(&Arguments { seeds: Some(0), from: 17, mutants: false }).unwrap_err();
        assert!(failure.to_string().contains("--seeds 1"));
        range(&Arguments { seeds: Some(2), from: u64::MAX, mutants: false }).unwrap_err();
    }
}
