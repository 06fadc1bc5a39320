//! The developer's tool of this workspace: `cargo xtask test` is the whole gate.
//!
//! `gate` runs the checks in order; `lint`, `arrows` and `kafka` are checks and helpers that can
//! also be called alone; `bench` measures and `simulate` searches for schedules that break the engine. Nothing here is published.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool prints")]

mod arrows;
#[cfg(target_os = "linux")]
mod bench;
mod failure;
mod gate;
mod interrupt;
mod kafka;
mod lint;
mod process;
mod simulate;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Outcome;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "Checks and helpers for working on Purlin")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every check; this is what has to be green before a change lands
    Test(gate::Arguments),
    /// Measure the examples on each runner against programs written by hand
    #[cfg(target_os = "linux")]
    Bench(bench::Arguments),
    /// Run the engine's simulations with many seeds beside their models
    Simulate(simulate::Arguments),
    /// Check sizes, words and dependency arrows of the sources
    Lint,
    /// Check which crate may depend on which
    Arrows,
    /// Start or stop a real Kafka cluster on this machine
    #[command(subcommand)]
    Kafka(kafka::Task),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match interrupt::listen().and_then(|()| run(&arguments.task)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: &Task) -> Outcome {
    match task {
        Task::Test(arguments) => gate::run(arguments),
        #[cfg(target_os = "linux")]
        Task::Bench(arguments) => bench::run(arguments),
        Task::Simulate(arguments) => simulate::run(arguments),
        Task::Lint => lint::check().and_then(|()| arrows::check()),
        Task::Arrows => arrows::check(),
        Task::Kafka(task) => kafka::run(task),
    }
}
