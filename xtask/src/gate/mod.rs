//! The one command that decides whether a change may land.

mod prerequisites;
mod python;
mod step;

use std::time::{Duration, Instant};

use clap::Args;

use crate::failure::{Failure, Outcome};

use step::{Environment, Step};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Run this step alone, with the steps that it cannot do without
    #[arg(long, value_name = "STEP")]
    only: Option<Step>,
}

/// Runs the steps in order until one fails, and says how long each took.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let steps = arguments.only.map_or(Step::ALL.to_vec(), Step::with_needs);
    let mut environment = Environment::default();
    let mut durations = Vec::new();
    for step in &steps {
        eprintln!("\n==> {step}: {}", step.what());
        let begin = Instant::now();
        let outcome = environment.run(*step);
        let took = begin.elapsed();
        outcome.map_err(|failure| failed(*step, took, &failure))?;
        eprintln!("<== {step}: {:.1} s", took.as_secs_f64());
        durations.push((*step, took));
    }
    drop(environment);
    summarise(&durations);
    Ok(())
}

fn failed(step: Step, took: Duration, failure: &Failure) -> Failure {
    Failure::new(format!("step `{step}`, after {:.1} s: {failure}", took.as_secs_f64()))
}

fn summarise(durations: &[(Step, Duration)]) {
    println!("\nall of it is green:");
    for (step, took) in durations {
        println!("{:>8.1} s  {step}", took.as_secs_f64());
    }
    let total: Duration = durations.iter().map(|(_, took)| *took).sum();
    println!("{:>8.1} s  together", total.as_secs_f64());
}
