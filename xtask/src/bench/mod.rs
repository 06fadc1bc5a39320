//! Measures Purlin against programs written by hand for the same job.
//!
//! Every run is a whole process from its start to its end, with the same cached input and the same
//! output, which is compared each time. The programs take turns, so that what else the machine does
//! falls on all of them. It works on Linux, where `/proc` shows a process's memory and children.

mod digest;
mod input;
mod machine;
mod measure;
mod program;
mod random;
mod report;
mod tree;
mod words;

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use clap::Args;

use crate::{
    failure::{Failure, Outcome},
    interrupt, workspace,
};

use digest::Digest;
use measure::Usage;
use program::{PROGRAMS, Program, Workload};

#[derive(Args)]
pub(crate) struct Arguments {
    /// How large an input is
    #[arg(long, value_name = "MB", default_value = "100", value_parser = clap::value_parser!(u64).range(1..))]
    size: u64,
    /// How often each program runs
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// Measure this workload alone
    #[arg(long)]
    only: Option<Workload>,
}

/// What every program used for one workload, in the order of [`PROGRAMS`].
struct Measured {
    workload: Workload,
    usages: Vec<Vec<Usage>>,
}

/// Builds everything, measures, and prints the report that it leaves in `target/bench/report.md`.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    program::build()?;
    let folder = workspace::target("bench");
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    let facts = machine::facts(arguments.size, arguments.runs)?;
    let workloads = Workload::ALL.into_iter();
    let workloads = workloads.filter(|it| arguments.only.is_none_or(|only| only == *it));
    let measured: Vec<_> =
        workloads.map(|workload| measure(workload, &folder, arguments)).collect::<Outcome<_>>()?;
    let report = report::markdown(&facts, &measured);
    let path = folder.join("report.md");
    fs::write(&path, &report).map_err(Failure::at(&path))?;
    print!("{report}");
    Ok(())
}

fn measure(workload: Workload, folder: &Path, arguments: &Arguments) -> Outcome<Measured> {
    let input = input::file(workload, folder, arguments.size)?;
    warm(&input).map_err(Failure::at(&input))?;
    let mut usages = vec![Vec::new(); PROGRAMS.len()];
    let mut expected = None;
    for round in 0..arguments.runs {
        for index in turn(round) {
            let program = PROGRAMS[index];
            let (usage, digest) = run_once(program, workload, &input, folder)?;
            check(*expected.get_or_insert(digest), digest, program, workload)?;
            eprintln!("{workload} {}/{}: {usage}, {program}", round + 1, arguments.runs);
            usages[index].push(usage);
        }
    }
    Ok(Measured { workload, usages })
}

/// The order of a round: forth and back, so that no program always follows the same one. The rival
/// begins the first: its output is what the others' have to equal.
fn turn(round: u64) -> Vec<usize> {
    let order = 0..PROGRAMS.len();
    if round.is_multiple_of(2) { order.collect() } else { order.rev().collect() }
}

/// Reads the whole file, so that every program finds it in the system's cache.
fn warm(input: &Path) -> io::Result<()> {
    io::copy(&mut File::open(input)?, &mut io::sink()).map(drop)
}

fn run_once(
    program: Program,
    workload: Workload,
    input: &Path,
    folder: &Path,
) -> Outcome<(Usage, Digest)> {
    interrupt::check()?;
    let output = folder.join("output.txt");
    let usage = measure::run(&mut program.command(workload, input, &output), folder)?;
    let digest = Digest::of(&output).map_err(Failure::at(&output))?;
    // The next program has to write its own; and what is gone need not go to the disk.
    fs::remove_file(&output).map_err(Failure::at(&output))?;
    Ok((usage, digest))
}

fn check(expected: Digest, found: Digest, program: Program, workload: Workload) -> Outcome {
    if found == expected {
        return Ok(());
    }
    let what = format!("{workload}: {program} wrote {found}, the hand-written program {expected}");
    Err(Failure::new(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_go_forth_and_back_and_the_rival_is_the_first() {
        assert_eq!(turn(0), [0, 1, 2, 3, 4]);
        assert_eq!(turn(1), [4, 3, 2, 1, 0]);
        assert!(PROGRAMS[0].is_rival());
    }

    #[test]
    fn another_output_than_the_rivals_is_a_failure() {
        let (ours, other) = (Digest::of_lines(b"a\n"), Digest::of_lines(b"b\nc\n"));
        assert!(check(ours, ours, PROGRAMS[2], Workload::Wordcount).is_ok());
        let failure = check(ours, other, PROGRAMS[2], Workload::Wordcount).unwrap_err().to_string();
        assert!(failure.starts_with("wordcount: Purlin, `--runner=parallel` wrote 2 lines"));
    }
}
