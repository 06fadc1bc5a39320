//! Runs cases.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::ending::{How, Stop};
use super::metrics::counter;
use super::{Case, Ending, Report, Verdict, cases};
use crate::error::{Error, Result};
use crate::graph::{ASSERTION, Sealed};
use crate::options::PipelineOptions;
use crate::pipeline::Pipeline;
use crate::runner::{EVALUATED, JobState, Runner, RunningPipeline, start};

/// How long a case may take.
const LIMIT: Duration = Duration::from_secs(60);
/// How often the metrics of a job that is to be stopped are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Runs the whole list on a runner, whose gaps are the names of cases that it cannot pass.
pub fn run_all(runner: &dyn Runner, options: &PipelineOptions, gaps: &[&str]) -> Report {
    let is_known = |gap: &&&str| !cases().iter().any(|case| case.name == **gap);
    let unknown_gaps = gaps.iter().filter(is_known).map(|gap| (*gap).to_owned()).collect();
    let mut report = Report { runner: runner.name().to_owned(), cases: Vec::new(), unknown_gaps };
    for case in cases() {
        let begin = Instant::now();
        let verdict = match (run_case(runner, options, case), gaps.contains(&case.name)) {
            (Ok(()), false) => Verdict::Passed,
            (Ok(()), true) => Verdict::NoGap,
            (Err(text), false) => Verdict::Failed(text),
            (Err(text), true) => Verdict::Gap(text),
        };
        report.cases.push((case.name, case.category, verdict, begin.elapsed()));
    }
    report
}

/// Runs one case.
///
/// # Errors
/// With what was not as it must be.
pub fn run_case(runner: &dyn Runner, options: &PipelineOptions, case: &Case) -> Result<(), String> {
    let pipeline = Pipeline::with_options(options.clone());
    let ending = case.build(&pipeline);
    let sealed = pipeline.seal().map_err(|error| error.to_string())?;
    let assertions = assertions(&sealed);
    if assertions == 0 && !ending.has_checks() {
        return Err("the case checks nothing".to_owned());
    }
    let running = start(runner, sealed, options).map_err(|error| error.to_string())?;
    let end = wait(&running, &ending)?;
    let metrics = running.metrics();
    match (&ending.how, end) {
        (How::Failed(texts), Err(error)) => has_all(&error.to_string(), texts)?,
        (How::Stopped(Stop::Cancel, _), Err(Error::Cancelled)) => {}
        (_, Err(error)) => return Err(error.to_string()),
        (_, Ok(state)) if state == ending.state() => {
            let evaluated = counter(&metrics, EVALUATED);
            if evaluated != assertions {
                return Err(format!("{evaluated} of {assertions} assertions were evaluated"));
            }
        }
        (_, Ok(state)) => return Err(format!("the job is {state:?}, not {ending:?}")),
    }
    ending.check(&metrics)
}

/// How many assertions a pipeline has.
fn assertions(sealed: &Sealed) -> i64 {
    let components = sealed.pipeline.components.as_ref();
    let transforms = components.into_iter().flat_map(|components| components.transforms.values());
    let assertions = transforms.filter(|transform| transform.annotations.contains_key(ASSERTION));
    i64::try_from(assertions.count()).unwrap_or(i64::MAX)
}

fn has_all(text: &str, parts: &[&str]) -> Result<(), String> {
    match parts.iter().find(|part| !text.contains(**part)) {
        Some(part) => Err(format!("the error does not contain `{part}`: {text}")),
        None => Ok(()),
    }
}

/// The end of the job; an error where it takes too long.
fn wait(running: &RunningPipeline, ending: &Ending) -> Result<Result<JobState>, String> {
    let deadline = Instant::now() + LIMIT;
    if let How::Stopped(stop, is_time) = &ending.how {
        while !is_time(&running.metrics()) && !running.state().is_terminal() {
            if Instant::now() > deadline {
                running.cancel();
                return Err("it is not yet time to stop the job".to_owned());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        match stop {
            Stop::Drain => running.drain(),
            Stop::Cancel => running.cancel(),
        }
    }
    let (sender, ended) = channel();
    let job = running.clone();
    // Nobody listens any more once the limit has passed.
    std::thread::spawn(move || drop(sender.send(job.wait())));
    match ended.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(end) => Ok(end.map(|finished| finished.state)),
        Err(RecvTimeoutError::Timeout) => {
            running.cancel();
            Err(format!("the job has not ended within {} s", LIMIT.as_secs()))
        }
        Err(RecvTimeoutError::Disconnected) => Err("waiting for the job panicked".to_owned()),
    }
}
