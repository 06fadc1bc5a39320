//! Who is measured: the examples on each runner, and their rivals.

use std::{env, fmt, path::Path, process::Command};

use clap::ValueEnum;

use crate::{failure::Outcome, process, workspace};

use super::workload::{Input, Workload};

/// One way to do a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) system: System,
    /// How many threads or worker processes it has.
    pub(super) threads: usize,
}

/// What a program is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    Purlin(Runner),
    Rival(Rival),
}

/// A runner of Purlin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Runner {
    /// All cores
    Parallel,
    /// One thread, everything checked: it takes many times as long
    Direct,
    /// Worker processes
    Grpc,
}

/// What Purlin is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Rival {
    /// Nothing: by hand, as fast as we can
    Hand,
    /// Nothing: by hand in an hour, on one thread
    Plain,
    Timely,
    Renoir,
    Polars,
    Datafusion,
}

impl Rival {
    pub(super) const ALL: [Self; 6] =
        [Self::Hand, Self::Plain, Self::Timely, Self::Renoir, Self::Polars, Self::Datafusion];

    fn name(self) -> String {
        self.to_possible_value().expect("no rival is hidden").get_name().to_owned()
    }

    /// Whether it has a program for `workload`.
    fn does(self, workload: Workload) -> bool {
        match self {
            Self::Hand | Self::Plain | Self::Timely => !workload.is_query(),
            Self::Renoir => true,
            Self::Polars | Self::Datafusion => {
                !workload.is_query() && workload.name != "even_numbers"
            }
        }
    }

    /// What its program is compiled with.
    fn features(self) -> &'static [&'static str] {
        match self {
            Self::Hand | Self::Plain => &[],
            Self::Timely => &["timely"],
            Self::Renoir => &["renoir", "nexmark"],
            Self::Polars => &["polars"],
            Self::Datafusion => &["datafusion"],
        }
    }
}

/// The programs that do `workload` with `rivals` and `runners`, each on each number of `threads`. The
/// first is what the others are compared with: a rival, if there is one, with the most threads.
pub(super) fn of(
    workload: Workload,
    rivals: &[Rival],
    runners: &[Runner],
    threads: &[usize],
) -> Vec<Program> {
    let most = threads.iter().copied().max().unwrap_or(1);
    let on_each = |system| {
        let mut all: Vec<_> = threads.iter().map(|it| Program { system, threads: *it }).collect();
        all.sort_by_key(|it| std::cmp::Reverse(it.threads));
        all
    };
    let rivals = rivals.iter().filter(|rival| rival.does(workload));
    let mut programs: Vec<_> = rivals
        .flat_map(|rival| match rival {
            Rival::Plain => vec![Program { system: System::Rival(*rival), threads: 1 }],
            rival => on_each(System::Rival(*rival)),
        })
        .collect();
    programs.extend(runners.iter().flat_map(|runner| {
        let system = System::Purlin(*runner);
        match runner {
            Runner::Parallel => on_each(system),
            Runner::Direct => vec![Program { system, threads: 1 }],
            // A worker process would make the events of a query again, and that would be measured.
            Runner::Grpc if workload.is_query() => Vec::new(),
            Runner::Grpc => vec![Program { system, threads: most }],
        }
    }));
    programs
}

impl Program {
    /// The program, with an input of `size`, which is in `file` where the workload reads one;
    /// there it writes the one file `output`.
    pub(super) fn command(
        self,
        workload: Workload,
        size: u64,
        file: &Path,
        output: &Path,
    ) -> Command {
        let mut command = match self.system {
            System::Rival(rival) => {
                let path = workspace::target("rivals/release").join(rival.name());
                let mut command = Command::new(path);
                command.args([workload.name, &self.threads.to_string()]);
                match workload.input {
                    Input::File(_) => command.args([file, output]),
                    _ => command.arg(size.to_string()),
                };
                command
            }
            _ => self.example(workload, size, file, output),
        };
        for (name, _) in env::vars_os().filter(|(name, _)| is_setting(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        if self.system == System::Rival(Rival::Polars) {
            command.env("POLARS_MAX_THREADS", self.threads.to_string());
        }
        command
    }

    fn example(self, workload: Workload, size: u64, file: &Path, output: &Path) -> Command {
        let is_example = workload.name == "wordcount";
        let name = if is_example { workload.name } else { "workloads" };
        let mut command = Command::new(workspace::target("release").join(name));
        if !is_example {
            command.arg(format!("--workload={workload}"));
        }
        match workload.input {
            Input::File(_) => command.arg("--input").arg(file).arg("--output").arg(output),
            _ => command.arg(format!("--elements={size}")),
        };
        if workload.is_query() {
            command.arg(format!("--readers={}", self.threads));
        }
        command.args(self.options());
        command
    }

    /// The options of a pipeline that say where it runs.
    fn options(self) -> Vec<String> {
        match self.system {
            System::Purlin(Runner::Parallel) => {
                vec!["--runner=parallel".to_owned(), format!("--parallelism={}", self.threads)]
            }
            System::Purlin(Runner::Grpc) => {
                vec!["--runner=grpc".to_owned(), format!("--workers={}", self.threads)]
            }
            System::Purlin(Runner::Direct) => vec!["--runner=direct".to_owned()],
            System::Rival(_) => Vec::new(),
        }
    }

    /// Whether it is one of Purlin's own.
    #[cfg(test)]
    pub(super) fn is_ours(self) -> bool {
        !matches!(self.system, System::Rival(_))
    }
}

/// Whether a variable of the caller's would change what is measured.
fn is_setting(variable: &str) -> bool {
    variable == "RUST_LOG" || variable.starts_with("PURLIN_") || variable.starts_with("POLARS_")
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = self.threads;
        match self.system {
            System::Purlin(Runner::Parallel) => write!(f, "Purlin parallel, {threads}")?,
            System::Purlin(Runner::Direct) => write!(f, "Purlin direct, {threads}")?,
            System::Purlin(Runner::Grpc) => return write!(f, "Purlin grpc, {threads} workers"),
            System::Rival(Rival::Hand) => write!(f, "hand-written, {threads}")?,
            System::Rival(Rival::Plain) => write!(f, "hand-written plainly, {threads}")?,
            System::Rival(rival) => write!(f, "{}, {threads}", rival.name())?,
        }
        f.write_str(if threads == 1 { " thread" } else { " threads" })
    }
}

/// Builds all programs as a user would for speed.
pub(super) fn build(rivals: &[Rival]) -> Outcome {
    let mut examples = process::cargo();
    examples.args(["build", "--release", "--package", "examples", "--features"]);
    examples.arg("runner-direct,runner-parallel,runner-grpc,mimalloc");
    for name in ["wordcount", "workloads"] {
        examples.arg("--bin").arg(name);
    }
    process::stream(examples.arg("--target-dir").arg(workspace::target("")))?;
    let mut cargo = process::cargo();
    cargo.args(["build", "--release", "--locked", "--bins"]);
    cargo.args(["--manifest-path", "examples/rivals/Cargo.toml"]);
    let features: Vec<_> = rivals.iter().flat_map(|rival| rival.features()).copied().collect();
    cargo.arg(format!("--features={}", features.join(",")));
    process::stream(cargo.arg("--target-dir").arg(workspace::target("rivals")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(workload: usize, rivals: &[Rival]) -> Vec<String> {
        let workload = Workload::ALL[workload];
        let line = |program: Program| {
            let command = program.command(workload, 7, Path::new("in"), Path::new("out"));
            let name = Path::new(command.get_program()).strip_prefix(workspace::target(""));
            let words = std::iter::once(name.unwrap().as_os_str()).chain(command.get_args());
            words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
        };
        of(workload, rivals, Runner::value_variants(), &[1, 2]).into_iter().map(line).collect()
    }

    #[test]
    fn programs_that_read_a_file_get_input_and_output() {
        let example = "release/workloads --workload=even_numbers --input in --output out";
        assert_eq!(
            lines(1, &[Rival::Hand, Rival::Plain, Rival::Polars]),
            [
                "rivals/release/hand even_numbers 2 in out".to_owned(),
                "rivals/release/hand even_numbers 1 in out".to_owned(),
                "rivals/release/plain even_numbers 1 in out".to_owned(),
                format!("{example} --runner=parallel --parallelism=2"),
                format!("{example} --runner=parallel --parallelism=1"),
                format!("{example} --runner=direct"),
                format!("{example} --runner=grpc --workers=2"),
            ]
        );
    }

    #[test]
    fn other_programs_get_the_number_of_elements() {
        let example = "release/workloads --workload=q5 --elements=7";
        assert_eq!(
            lines(10, &[Rival::Hand, Rival::Renoir]),
            [
                "rivals/release/renoir q5 2 7".to_owned(),
                "rivals/release/renoir q5 1 7".to_owned(),
                format!("{example} --readers=2 --runner=parallel --parallelism=2"),
                format!("{example} --readers=1 --runner=parallel --parallelism=1"),
                format!("{example} --readers=1 --runner=direct"),
            ]
        );
    }

    #[test]
    fn a_query_is_not_for_worker_processes() {
        let (sums, query) = (Workload::ALL[2], Workload::ALL[10]);
        let system = System::Purlin(Runner::Grpc);
        assert_eq!(of(sums, &[], &[Runner::Grpc], &[1, 2]), [Program { system, threads: 2 }]);
        assert_eq!(of(query, &[Rival::Hand], &[Runner::Grpc], &[1, 2]), []);
    }

    #[test]
    fn settings_of_the_caller_are_not_inherited() {
        assert!(is_setting("PURLIN_RUNNER") && is_setting("RUST_LOG"));
        assert!(!is_setting("PATH"));
    }
}
