//! The list of pipelines that every runner passes, on worker processes.
//!
//! A program can have one pipeline with worker processes, so each case is a program: a copy of this
//! one, started again with the name of the case.

#![expect(clippy::print_stdout, reason = "a program that reports")]

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use purlin_runner_grpc::{GrpcRunner, worker};
use purlin_sdk::testing::conformance::{Case, cases, run_case};
use purlin_sdk::{Pipeline, PipelineOptions};
use tempfile::TempDir;

/// The cases that do not pass on worker processes, each with its reason.
const GAPS: &[(&str, &str)] = &[(
    "impulses_to_come_are_dropped_in_a_drain",
    "it begins at the time when it is built, which differs in each process",
)];

/// Says which case to be.
const CASE: &str = "PURLIN_TEST_CASE";
/// How many cases run at a time.
const AT_A_TIME: usize = 2;

fn main() -> ExitCode {
    let name = std::env::var(CASE).ok();
    let result = match name {
        Some(name) => be(&name).map(|()| true),
        None => run_all(),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a case, or works for the process that does.
fn be(name: &str) -> Result<(), Box<dyn Error>> {
    let case = cases().iter().find(|case| case.name == name).ok_or("there is no such case")?;
    if let Some(setup) = worker::from_environment([]) {
        let pipeline = Pipeline::with_options(setup.options()?);
        drop(case.build(&pipeline));
        return Ok(setup.serve(pipeline.seal()?)?);
    }
    let options = PipelineOptions::parse(std::env::args().skip(1))?;
    Ok(run_case(&GrpcRunner::default(), &options, case)?)
}

/// Runs all cases whose names contain the first argument that is no option.
fn run_all() -> Result<bool, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        return Ok(true);
    }
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let wanted = |case: &&Case| filter.is_none_or(|filter| case.name.contains(filter.as_str()));
    let wanted: Vec<&Case> = cases().iter().filter(wanted).collect();
    let folder = TempDir::new()?;
    // A program from where tests are built is refused as a worker.
    std::fs::copy(std::env::current_exe()?, folder.path().join("program"))?;
    let next = AtomicUsize::new(0);
    let failed: Mutex<Vec<&str>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(case) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = judge(case, run(case, folder.path()));
                    if let Err(text) = verdict {
                        println!("{} FAILED\n{text}", case.name);
                        failed.lock().unwrap_or_else(PoisonError::into_inner).push(case.name);
                    }
                }
            });
        }
    });
    for (gap, reason) in GAPS {
        println!("{gap} is a gap: {reason}");
    }
    let failed = failed.lock().map(|failed| failed.clone()).unwrap_or_default();
    let is_bad = |case: &&&Case| is_gap(case) || failed.contains(&case.name);
    let bad = wanted.iter().filter(is_bad).count();
    println!("{} passed, {} failed", wanted.len() - bad, failed.len());
    Ok(failed.is_empty() && !wanted.is_empty())
}

/// A gap that passes is an error, too.
fn judge(case: &Case, result: Result<(), String>) -> Result<(), String> {
    match (is_gap(case), result) {
        (true, Ok(())) => Err("it passes, though it is declared as a gap".to_owned()),
        (true, Err(_)) => Ok(()),
        (false, result) => result,
    }
}

fn is_gap(case: &Case) -> bool {
    GAPS.iter().any(|(gap, _)| *gap == case.name)
}

/// Runs a case in processes of its own.
fn run(case: &Case, folder: &Path) -> Result<(), String> {
    let shared = folder.join(case.name);
    std::fs::create_dir(&shared).map_err(|error| error.to_string())?;
    let mut command = Command::new(folder.join("program"));
    command.env(CASE, case.name).env("RUST_BACKTRACE", "0");
    command.arg("--workers=2").arg(format!("--conformance-folder={}", shared.display()));
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{}\n{out}\n{err}", output.status))
}
