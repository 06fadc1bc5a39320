//! Checks the house's limits on sizes and words, which no compiler lint knows.

mod limits;
mod measure;
mod report;
mod sources;
mod words;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use crate::{
    failure::{Failure, Outcome},
    workspace,
};

use measure::Measured;

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: PathBuf,
    line: usize,
    what: String,
}

impl Finding {
    fn new(path: &Path, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_path_buf(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.what)
    }
}

/// Prints how large files and functions are, and fails with every place that breaks a rule.
pub(crate) fn check() -> Outcome {
    let files = workspace::files()?;
    let mut findings = check_words(&files)?;
    let measured = measure(&sources::library_code(&files))?;
    findings.extend(measured.iter().flat_map(limits::check));
    print!("{}", report::sizes(&measured));
    if findings.is_empty() {
        return Ok(());
    }
    let places: Vec<_> = findings.iter().map(|finding| format!("  {finding}")).collect();
    let count = findings.len();
    Err(Failure::new(format!("{count} places break a rule of the house:\n{}", places.join("\n"))))
}

fn check_words(files: &[PathBuf]) -> Outcome<Vec<Finding>> {
    let mut findings = Vec::new();
    for file in files {
        // What is not text has no words.
        if let Ok(text) = String::from_utf8(read(file)?) {
            findings.extend(words::check(file, &text));
        }
    }
    Ok(findings)
}

/// Measures what is left of `files` without the modules that are compiled for tests only.
fn measure(files: &[PathBuf]) -> Outcome<Vec<Measured>> {
    let mut measured = Vec::new();
    for file in files {
        let text = String::from_utf8_lossy(&read(file)?).into_owned();
        measured.push(Measured::of(file, &text)?);
    }
    let tests: Vec<_> = measured.iter().flat_map(|file| file.test_modules.clone()).collect();
    measured.retain(|file| !sources::is_in_any(&file.path, &tests));
    Ok(measured)
}

fn read(file: &Path) -> Outcome<Vec<u8>> {
    let path = workspace::root().join(file);
    fs::read(&path).map_err(Failure::at(&path))
}
