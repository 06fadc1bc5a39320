//! What is measured: the examples on each runner, and their hand-written rivals.

use std::{env, fmt, path::Path, process::Command};

use clap::ValueEnum;

use crate::{failure::Outcome, process, workspace};

/// A job that every program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Workload {
    Wordcount,
    EvenNumbers,
}

impl Workload {
    pub(super) const ALL: [Self; 2] = [Self::Wordcount, Self::EvenNumbers];
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("no workload is hidden");
        f.write_str(value.get_name())
    }
}

/// One way to do a workload.
#[derive(Clone, Copy)]
pub(super) enum Program {
    /// Written by hand, on one thread, as fast as we can.
    Rival,
    /// Written by hand, on one thread, without SIMD or other art.
    Plain,
    /// The example with these options.
    Example(&'static [&'static str]),
}

/// All of them; the others are compared with the first.
pub(super) const PROGRAMS: [Program; 5] = [
    Program::Rival,
    Program::Plain,
    Program::Example(&["--runner=parallel"]),
    Program::Example(&["--runner=direct"]),
    Program::Example(&["--runner=grpc", "--workers=2"]),
];

impl Program {
    /// The program, which reads `input` and writes the one file `output`.
    pub(super) fn command(self, workload: Workload, input: &Path, output: &Path) -> Command {
        let target = workspace::target("");
        let mut command = match self {
            Self::Rival | Self::Plain => {
                let kind = if matches!(self, Self::Rival) { "hand" } else { "plain" };
                let name = format!("rivals/release/{kind}_{workload}");
                let mut command = Command::new(target.join(name));
                command.args([input, output]);
                command
            }
            Self::Example(options) => {
                let mut command = Command::new(target.join(format!("release/{workload}")));
                command.arg("--input").arg(input).arg("--output").arg(output).args(options);
                command
            }
        };
        for (name, _) in env::vars_os().filter(|(name, _)| is_setting(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        command
    }

    #[cfg(test)]
    pub(super) fn is_rival(self) -> bool {
        matches!(self, Self::Rival)
    }
}

/// Whether a variable of the caller's would change what is measured.
fn is_setting(variable: &str) -> bool {
    variable == "RUST_LOG" || variable.starts_with("PURLIN_")
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rival => f.write_str("hand-written, one thread"),
            Self::Plain => f.write_str("hand-written, one thread, plain"),
            Self::Example(options) => write!(f, "Purlin, `{}`", options.join(" ")),
        }
    }
}

/// Builds all programs as a user would for speed.
pub(super) fn build() -> Outcome {
    let mut examples = process::cargo();
    examples.args(["build", "--release", "--package", "examples", "--features"]);
    examples.arg("runner-direct,runner-parallel,runner-grpc");
    for workload in Workload::ALL {
        examples.arg("--bin").arg(workload.to_string());
    }
    process::stream(examples.arg("--target-dir").arg(workspace::target("")))?;
    let mut rivals = process::cargo();
    rivals.args(["build", "--release", "--locked"]);
    rivals.args(["--manifest-path", "examples/rivals/Cargo.toml"]);
    process::stream(rivals.arg("--target-dir").arg(workspace::target("rivals")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_is_called_with_input_output_and_its_options() {
        let lines = PROGRAMS.map(|program| {
            let command = program.command(Workload::EvenNumbers, Path::new("in"), Path::new("out"));
            let name = Path::new(command.get_program()).strip_prefix(workspace::target(""));
            let words = std::iter::once(name.unwrap().as_os_str()).chain(command.get_args());
            words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
        });
        let example = "release/even_numbers --input in --output out";
        assert_eq!(
            lines,
            [
                "rivals/release/hand_even_numbers in out".to_owned(),
                "rivals/release/plain_even_numbers in out".to_owned(),
                format!("{example} --runner=parallel"),
                format!("{example} --runner=direct"),
                format!("{example} --runner=grpc --workers=2"),
            ]
        );
    }

    #[test]
    fn settings_of_the_caller_are_not_inherited() {
        assert!(is_setting("PURLIN_RUNNER") && is_setting("RUST_LOG"));
        assert!(!is_setting("PATH"));
    }
}
