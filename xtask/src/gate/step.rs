//! The steps of the gate, the cheap ones first.

use std::{fmt, path::PathBuf, process::Command};

use clap::ValueEnum;

use crate::{
    arrows,
    failure::Outcome,
    interrupt,
    kafka::{self, Cluster, Size},
    lint, process, workspace,
};

use super::{prerequisites, python};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Step {
    Prerequisites,
    Python,
    Fmt,
    Clippy,
    Lint,
    Arrows,
    Build,
    Kafka,
    Test,
    Rivals,
    Doc,
    Package,
}

impl Step {
    /// In the order in which they run.
    pub(super) const ALL: [Self; 12] = [
        Self::Prerequisites,
        Self::Python,
        Self::Fmt,
        Self::Clippy,
        Self::Lint,
        Self::Arrows,
        Self::Build,
        Self::Kafka,
        Self::Test,
        Self::Rivals,
        Self::Doc,
        Self::Package,
    ];

    /// This step after those that set up what it uses.
    pub(super) fn with_needs(self) -> Vec<Self> {
        match self {
            Self::Test => vec![Self::Python, Self::Build, Self::Kafka, Self::Test],
            step => vec![step],
        }
    }

    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Prerequisites => "is everything installed that the other steps use?",
            Self::Python => "a Python with Beam's SDK",
            Self::Fmt => "is the code formatted?",
            Self::Clippy => "the compiler's lints and Clippy's",
            Self::Lint => "the house's limits on sizes and words",
            Self::Arrows => "which crate may depend on which",
            Self::Build => "the programs that tests run",
            Self::Kafka => "a broker for the tests",
            Self::Test => "the tests of every crate with all features",
            Self::Rivals => "the programs that Purlin is measured against",
            Self::Doc => "the documentation without warnings",
            Self::Package => "can every crate be packaged?",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value().expect("no step is hidden");
        f.write_str(value.get_name())
    }
}

/// What earlier steps have set up for later ones. The broker ends with it.
#[derive(Default)]
pub(super) struct Environment {
    python: Option<PathBuf>,
    kafka: Option<Cluster>,
}

impl Environment {
    pub(super) fn run(&mut self, step: Step) -> Outcome {
        interrupt::check()?;
        match step {
            Step::Prerequisites => prerequisites::check(),
            Step::Python => python::set_up().map(|python| self.python = Some(python)),
            Step::Fmt => cargo(&["fmt", "--all", "--check"]),
            Step::Clippy => cargo(&CLIPPY),
            Step::Lint => lint::check(),
            Step::Arrows => arrows::check(),
            Step::Build => cargo(&["build", "--workspace", "--all-features", "--bins"]),
            Step::Kafka => kafka::cluster(Size::One).map(|cluster| self.kafka = Some(cluster)),
            Step::Test => self.test(),
            Step::Rivals => RIVALS.into_iter().try_for_each(cargo_on_rivals),
            Step::Doc => process::stream(cargo_command(&DOC).env("RUSTDOCFLAGS", "-D warnings")),
            Step::Package => cargo(&PACKAGE),
        }
    }

    fn test(&self) -> Outcome {
        let mut cargo = cargo_command(&["test", "--workspace", "--all-features"]);
        if let Some(python) = &self.python {
            cargo.env("PURLIN_PYTHON", python);
        }
        if let Some(cluster) = &self.kafka {
            cargo.env("PURLIN_KAFKA", &cluster.address);
        }
        process::stream(&mut cargo)
    }
}

const CLIPPY: [&str; 7] =
    ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
const DOC: [&str; 4] = ["doc", "--workspace", "--no-deps", "--all-features"];
/// Packages that nobody will publish need not be packageable.
const PACKAGE: [&str; 8] = [
    "package",
    "--workspace",
    "--no-verify",
    "--allow-dirty",
    "--exclude",
    "examples",
    "--exclude",
    "xtask",
];

/// The rivals are a workspace of their own: what is said of `--workspace` is not said of them.
const RIVALS: [&[&str]; 3] = [
    &["fmt", "--check"],
    &["clippy", "--locked", "--all-targets", "--", "-D", "warnings"],
    &["test", "--locked"],
];

fn cargo_on_rivals(arguments: &[&str]) -> Outcome {
    let mut cargo = cargo_command(&arguments[..1]);
    cargo.args(["--manifest-path", "examples/rivals/Cargo.toml"]);
    cargo.env("CARGO_TARGET_DIR", workspace::target("rivals"));
    process::stream(cargo.args(&arguments[1..]))
}

fn cargo(arguments: &[&str]) -> Outcome {
    process::stream(&mut cargo_command(arguments))
}

fn cargo_command(arguments: &[&str]) -> Command {
    let mut cargo = process::cargo();
    cargo.args(arguments);
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_part_of_the_gate() {
        assert_eq!(Step::value_variants(), Step::ALL);
    }

    #[test]
    fn a_single_step_comes_after_what_it_needs() {
        for step in Step::ALL {
            assert_eq!(step.with_needs().last(), Some(&step));
        }
    }
}
