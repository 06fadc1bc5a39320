//! What a program is asked to do, and how it answers.

use std::{env, path::PathBuf, process::ExitCode, time::Duration};

use crate::{Result, generated::Summary};

/// The command line: `PROGRAM WORKLOAD THREADS INPUT OUTPUT` where a workload reads a file, else
/// `PROGRAM WORKLOAD THREADS ELEMENTS`.
#[derive(Clone, Debug)]
pub struct Task {
    /// What to do.
    pub work: Work,
    /// On how many threads.
    pub threads: usize,
}

/// A workload with its input.
#[derive(Clone, Debug)]
pub enum Work {
    /// Count the words of a file.
    Wordcount(Files),
    /// Double the even numbers of a file.
    EvenNumbers(Files),
    /// Add up the numbers of so many pairs by key, keys being equally frequent.
    SumUniform(u64),
    /// The same with keys of which some are far more frequent.
    SumZipf(u64),
    /// Group so many records by key.
    Group(u64),
    /// A Nexmark query over so many events.
    Nexmark(String, u64),
}

/// A file to read and one to write.
#[derive(Clone, Debug)]
pub struct Files {
    /// Is there.
    pub input: PathBuf,
    /// Appears when it is complete.
    pub output: PathBuf,
}

/// What a program says when it has done its work: nothing where that is in a file.
pub type Answer = Option<Outcome>;

/// What came out, and what the work took where that is not the whole program.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// What the outputs are compared by.
    pub summary: Summary,
    /// Wall and CPU time of the work alone.
    pub times: Option<(Duration, Duration)>,
}

impl From<Summary> for Outcome {
    fn from(summary: Summary) -> Self {
        Self { summary, times: None }
    }
}

impl Task {
    fn parse(mut words: Vec<String>) -> Result<Self> {
        if words.len() < 3 {
            return Err(
                "arguments are needed: WORKLOAD THREADS, and INPUT OUTPUT or ELEMENTS".into()
            );
        }
        let input = words.split_off(2);
        let threads = words[1].parse()?;
        let work = match (words[0].as_str(), input.as_slice()) {
            ("wordcount", [input, output]) => Work::Wordcount(Files::of(input, output)),
            ("even_numbers", [input, output]) => Work::EvenNumbers(Files::of(input, output)),
            ("sum_uniform", [elements]) => Work::SumUniform(elements.parse()?),
            ("sum_zipf", [elements]) => Work::SumZipf(elements.parse()?),
            ("group", [elements]) => Work::Group(elements.parse()?),
            (query, [elements]) if query.starts_with('q') => {
                Work::Nexmark(query.to_owned(), elements.parse()?)
            }
            (name, _) => return Err(format!("no workload `{name}` with such an input").into()),
        };
        Ok(Self { work, threads })
    }
}

impl Files {
    fn of(input: &str, output: &str) -> Self {
        Self { input: input.into(), output: output.into() }
    }
}

impl Work {
    /// The error of a program that has no answer to this workload.
    ///
    /// # Errors
    /// Always.
    pub fn refused<T>(&self) -> Result<T> {
        Err(format!("this program does not do {self:?}").into())
    }
}

/// Calls `program` with the task of the command line; the only thing that prints.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool prints")]
pub fn run(program: fn(&Task) -> Result<Answer>) -> ExitCode {
    match Task::parse(env::args().skip(1).collect()).and_then(|task| program(&task)) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(Outcome { summary: Summary { outputs, digest }, times })) => {
            print!("outputs={outputs} digest={digest}");
            if let Some((wall, cpu)) = times {
                print!(" wall_us={} cpu_us={}", wall.as_micros(), cpu.as_micros());
            }
            println!();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Task> {
        Task::parse(line.split(' ').map(str::to_owned).collect())
    }

    #[test]
    fn the_input_fits_the_workload() {
        let task = parse("group 2 1000").unwrap();
        assert!(matches!(task, Task { work: Work::Group(1000), threads: 2 }));
        let task = parse("wordcount 1 a b").unwrap();
        assert!(matches!(task.work, Work::Wordcount(files) if files.output.as_os_str() == "b"));
        for line in ["group", "group 2", "group 2 a b", "wordcount 2 3", "sums 1 1", "group x 1"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
