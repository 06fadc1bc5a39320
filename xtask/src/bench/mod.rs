//! Measures Purlin on each runner against programs written by hand and with other systems.
//!
//! Every run is a whole process from its start to its end; of the Nexmark queries alone the making
//! of the events is left out, which is the same code for all. Each time the outputs are compared.
//! The programs take turns, so that what else the machine does falls on all of them. It works on
//! Linux, where `/proc` shows a process's memory and children.

mod answer;
mod digest;
mod input;
mod machine;
mod measure;
mod plot;
mod program;
mod random;
mod report;
mod tree;
mod words;
mod workload;

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    thread,
};

use clap::Args;

use crate::{
    failure::{Failure, Outcome},
    interrupt, workspace,
};

use answer::Answer;
use digest::Digest;
use measure::Usage;
use program::{Program, Rival, Runner};
use workload::{Chosen, Input, Workload};

#[derive(Args)]
pub(crate) struct Arguments {
    /// How large the inputs are: 1 is 500 MB of text, 50 million pairs; of several, the report says
    /// how the time grows from the first to the last
    #[arg(long, value_delimiter = ',', default_value = "1", value_parser = scale)]
    scale: Vec<f64>,
    /// How often each program runs
    #[arg(long, default_value = "3", value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// On how many threads each program runs [default: 1 and the number of cores]
    #[arg(long, value_delimiter = ',')]
    threads: Vec<usize>,
    /// What to compare with, with commas between: systems take long to compile
    #[arg(long, value_delimiter = ',', default_value = "hand")]
    rivals: Vec<Choice>,
    /// Which of Purlin's runners to measure, with commas between
    #[arg(long, value_delimiter = ',', default_value = "parallel,direct,grpc")]
    runners: Vec<Runner>,
    /// Measure these workloads alone, with commas between; `nexmark` is all of its queries
    #[arg(long, value_delimiter = ',')]
    only: Vec<Chosen>,
}

/// Some rivals.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Choice {
    /// Programs written by hand: as fast as we can, and in an hour
    Hand,
    Timely,
    Renoir,
    Polars,
    Datafusion,
    /// All of them
    All,
    /// None
    None,
}

impl Choice {
    fn rivals(self) -> Vec<Rival> {
        match self {
            Self::Hand => vec![Rival::Hand, Rival::Plain],
            Self::Timely => vec![Rival::Timely],
            Self::Renoir => vec![Rival::Renoir],
            Self::Polars => vec![Rival::Polars],
            Self::Datafusion => vec![Rival::Datafusion],
            Self::All => Rival::ALL.to_vec(),
            Self::None => Vec::new(),
        }
    }
}

fn scale(text: &str) -> Result<f64, String> {
    let scale = text.parse().map_err(|error| format!("{error}"))?;
    if (1e-6..=1e3).contains(&scale) { Ok(scale) } else { Err("it is not of this world".into()) }
}

/// What every program used for one workload.
struct Measured {
    workload: Workload,
    scale: f64,
    /// The first is what the others are compared with. Each ran as often as any other.
    programs: Vec<(Program, Vec<Usage>)>,
}

/// What is to be measured.
struct Plan {
    folder: PathBuf,
    scales: Vec<f64>,
    runs: u64,
    threads: Vec<usize>,
    rivals: Vec<Rival>,
    runners: Vec<Runner>,
    workloads: Vec<Workload>,
}

impl Plan {
    fn of(arguments: &Arguments) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads: BTreeSet<_> = match arguments.threads.as_slice() {
            [] => [1, cores].into(),
            threads => threads.iter().map(|it| (*it).max(1)).collect(),
        };
        let rivals: BTreeSet<_> = arguments.rivals.iter().flat_map(|it| it.rivals()).collect();
        let mut workloads: Vec<_> = arguments.only.iter().flat_map(|it| it.0.clone()).collect();
        if workloads.is_empty() {
            workloads = Workload::ALL.to_vec();
        }
        let runners: BTreeSet<_> = arguments.runners.iter().copied().collect();
        Self {
            folder: workspace::target("bench"),
            scales: arguments.scale.clone(),
            runs: arguments.runs,
            threads: threads.into_iter().collect(),
            rivals: rivals.into_iter().collect(),
            runners: runners.into_iter().collect(),
            workloads,
        }
    }
}

/// Builds everything, measures, and prints the report that it leaves in `target/bench/report.md`
/// beside a plot.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let plan = Plan::of(arguments);
    program::build(&plan.rivals)?;
    fs::create_dir_all(&plan.folder).map_err(Failure::at(&plan.folder))?;
    let facts = machine::facts()?;
    let mut measured = Vec::new();
    for workload in &plan.workloads {
        for scale in &plan.scales {
            measured.push(measure(*workload, *scale, &plan)?);
        }
        // What was measured stays if a later program fails.
        write(&plan.folder, "report.md", &report::markdown(&facts, &measured))?;
        write(&plan.folder, "report.svg", &plot::svg(&measured))?;
    }
    print!("{}", report::markdown(&facts, &measured));
    Ok(())
}

fn write(folder: &Path, name: &str, text: &str) -> Outcome {
    let path = folder.join(name);
    fs::write(&path, text).map_err(Failure::at(&path))
}

fn measure(workload: Workload, scale: f64, plan: &Plan) -> Outcome<Measured> {
    let programs = program::of(workload, &plan.rivals, &plan.runners, &plan.threads);
    if programs.is_empty() {
        return Err(Failure::new(format!("none of the chosen programs does {workload}")));
    }
    let job = Job { workload, size: workload.size(scale), file: file(workload, scale, plan)? };
    let mut programs: Vec<_> = programs.into_iter().map(|program| (program, Vec::new())).collect();
    let mut expected = None;
    for round in 0..plan.runs {
        for index in turn(round, programs.len()) {
            let (program, usages) = &mut programs[index];
            let (usage, digest) = job.run(*program, &plan.folder)?;
            check(*expected.get_or_insert(digest), digest, *program, workload)?;
            eprintln!("{workload} {}/{}: {usage}, {program}", round + 1, plan.runs);
            usages.push(usage);
        }
    }
    Ok(Measured { workload, scale, programs })
}

/// The input of a workload that reads one, else a path that nobody looks at.
fn file(workload: Workload, scale: f64, plan: &Plan) -> Outcome<PathBuf> {
    let Input::File(_) = workload.input else { return Ok(PathBuf::new()) };
    let file = input::file(workload, &plan.folder, workload.size(scale))?;
    // Every program finds all of it in the system's cache.
    let read = |file| io::copy(&mut File::open(file)?, &mut io::sink());
    read(&file).map_err(Failure::at(&file))?;
    Ok(file)
}

/// The order of a round: forth and back, so that no program always follows the same one.
fn turn(round: u64, programs: usize) -> Vec<usize> {
    let order = 0..programs;
    if round.is_multiple_of(2) { order.collect() } else { order.rev().collect() }
}

/// A workload with its input.
struct Job {
    workload: Workload,
    size: u64,
    file: PathBuf,
}

impl Job {
    fn run(&self, program: Program, folder: &Path) -> Outcome<(Usage, Digest)> {
        interrupt::check()?;
        let output = folder.join("output.txt");
        let mut command = program.command(self.workload, self.size, &self.file, &output);
        let (usage, printed) = measure::run(&mut command, folder)?;
        let answer = Answer::last_of(&printed);
        match self.workload.input {
            Input::File(_) => {
                let digest = Digest::of(&output).map_err(Failure::at(&output))?;
                // The next program has to write its own; and what is gone need not go to the disk.
                fs::remove_file(&output).map_err(Failure::at(&output))?;
                Ok((usage, digest))
            }
            Input::Elements(_) => Ok((usage, answer.digest()?)),
            Input::Events(_) => {
                let (wall, cpu) = answer.times()?;
                Ok((Usage { wall, cpu, ..usage }, answer.digest()?))
            }
        }
    }
}

fn check(expected: Digest, found: Digest, program: Program, workload: Workload) -> Outcome {
    if found == expected {
        return Ok(());
    }
    Err(Failure::new(format!("{workload}: {program} gave {found}, the first program {expected}")))
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn rounds_go_forth_and_back() {
        assert_eq!(turn(0, 3), [0, 1, 2]);
        assert_eq!(turn(1, 3), [2, 1, 0]);
    }

    #[test]
    fn another_output_than_the_firsts_is_a_failure() {
        let (ours, other) = (Digest::of_lines(b"a\n"), Digest::of_lines(b"b\nc\n"));
        let workload = Workload::ALL[0];
        let program = program::of(workload, &[], Runner::value_variants(), &[2])[0];
        assert!(check(ours, ours, program, workload).is_ok());
        let failure = check(ours, other, program, workload).unwrap_err().to_string();
        assert!(failure.starts_with("wordcount: Purlin parallel, 2 threads gave 2 outputs"));
    }

    #[test]
    fn scales_are_positive_and_finite() {
        assert_eq!(scale("0.1"), Ok(0.1));
        assert!(["0", "-1", "NaN", "inf", "x"].iter().all(|text| scale(text).is_err()));
    }
}
