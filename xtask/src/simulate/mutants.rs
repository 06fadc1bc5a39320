//! Whether the simulations find bugs: some are put into the engine, one at a time, and each must turn
//! them red.

mod list;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use self::list::MUTANTS;
use super::TESTS;
use crate::{
    failure::{Failure, Outcome},
    process, workspace,
};

/// A bug: one place of the engine, written wrongly.
struct Mutant {
    /// What the engine does wrong with it.
    claim: &'static str,
    /// The file, from the folder of the engine's sources.
    file: &'static str,
    /// The text, which occurs there once, and the wrong one.
    right: &'static str,
    wrong: &'static str,
}

impl Mutant {
    /// The text of its file with the bug.
    fn applied(&self, text: &str) -> Outcome<String> {
        match text.matches(self.right).count() {
            1 => Ok(text.replacen(self.right, self.wrong, 1)),
            count => Err(Failure::new(format!(
                "`{}` occurs {count} times in `{}`, and a mutant changes one place",
                self.right, self.file
            ))
            .help("bring the list of mutants up to date with the engine")),
        }
    }
}

/// Puts each bug into a copy of the project and runs the simulations with so many seeds.
pub(super) fn run(seeds: &str) -> Outcome {
    let copy = Copy::of_project()?;
    copy.build()?;
    if let Red::At(seed) = copy.simulate(seeds)? {
        return Err(Failure::new(format!("the simulations are red without a bug: {seed}")));
    }
    let mut missed = Vec::new();
    for mutant in MUTANTS {
        let red = copy.with(mutant, || copy.build().and_then(|()| copy.simulate(seeds)))?;
        match red {
            Red::At(seed) => println!("found by {seed}: {}", mutant.claim),
            Red::Never => missed.push(mutant.claim),
        }
    }
    match missed.as_slice() {
        [] => {
            println!(
                "{} bugs of {} are found with the seeds {seeds}",
                MUTANTS.len(),
                MUTANTS.len()
            );
            Ok(())
        }
        missed => Err(Failure::new(format!(
            "the seeds {seeds} are green although {}",
            missed.join(", and although ")
        ))),
    }
}

/// Whether the simulations have failed, and what the first of them says of its seed.
#[derive(PartialEq, Debug)]
enum Red {
    At(String),
    Never,
}

impl Red {
    /// The least seed that is named as one that failed.
    fn first(output: &str) -> Self {
        let seeds = output.split("this was seed ").skip(1);
        let seeds = seeds.filter_map(|rest| rest.split(';').next()?.parse::<u64>().ok());
        Self::At(seeds.min().map_or("no seed".to_owned(), |seed| format!("seed {seed}")))
    }
}

/// A copy of the project with a build folder of its own, so that a bug is never in the original.
struct Copy {
    source: PathBuf,
    target: PathBuf,
}

impl Copy {
    fn of_project() -> Outcome<Self> {
        let folder = workspace::target("mutants");
        let copy = Self { source: folder.join("source"), target: folder.join("target") };
        for file in workspace::files()? {
            let from = workspace::root().join(&file);
            let text = fs::read(&from).map_err(Failure::at(&from))?;
            write_if_other(&copy.source.join(file), &text)?;
        }
        Ok(copy)
    }

    fn cargo(&self) -> Command {
        let mut cargo = process::cargo();
        cargo.current_dir(&self.source).env("CARGO_TARGET_DIR", &self.target);
        cargo.args(["test", "--quiet", "--package", "purlin-engine", "--lib"]);
        cargo
    }

    /// A bug that does not compile is none that a test has found.
    fn build(&self) -> Outcome {
        process::stream(self.cargo().arg("--no-run"))
    }

    fn simulate(&self, seeds: &str) -> Outcome<Red> {
        let mut cargo = self.cargo();
        cargo.arg(TESTS).env("PURLIN_SEEDS", seeds);
        let output = cargo.stdin(Stdio::null()).output();
        let output = output.map_err(|error| Failure::new(format!("cargo: {error}")))?;
        let texts =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        Ok(if output.status.success() { Red::Never } else { Red::first(&texts.concat()) })
    }

    /// Does something while a bug is in the copy.
    fn with<T>(&self, mutant: &Mutant, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let file = self.source.join("engine/src").join(mutant.file);
        let right = fs::read_to_string(&file).map_err(Failure::at(&file))?;
        write_if_other(&file, mutant.applied(&right)?.as_bytes())?;
        let done = work();
        write_if_other(&file, right.as_bytes())?;
        done
    }
}

/// Cargo builds again what was written later, so the same is not written again.
fn write_if_other(file: &Path, text: &[u8]) -> Outcome {
    if fs::read(file).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(Failure::at(folder))?;
    }
    fs::write(file, text).map_err(Failure::at(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_changes_one_place_of_the_engine() {
        for mutant in MUTANTS {
            let file = workspace::root().join("engine/src").join(mutant.file);
            let text = fs::read_to_string(&file).unwrap();
            let wrong = mutant.applied(&text).unwrap_or_else(|failure| panic!("{failure}"));
            assert_ne!(wrong, text, "{}", mutant.claim);
        }
    }

    #[test]
    fn the_first_of_the_seeds_that_fail_is_named() {
        let output = "this was seed 17; it is run\nthis was seed 4; it is run";
        assert_eq!(Red::first(output), Red::At("seed 4".to_owned()));
        assert_eq!(Red::first("panicked"), Red::At("no seed".to_owned()));
    }
}
