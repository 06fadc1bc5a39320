//! Runs each example on each runner and compares its output with `expected/`.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The ways to run a pipeline that this build contains.
fn runners() -> Vec<Vec<&'static str>> {
    let mut runners = Vec::new();
    if cfg!(feature = "runner-direct") {
        runners.push(vec!["--runner=direct"]);
        runners.push(vec!["--runner=direct", "--seed=7"]);
    }
    if cfg!(feature = "runner-parallel") {
        for parallelism in ["--parallelism=1", "--parallelism=2", "--parallelism=4"] {
            runners.push(vec!["--runner=parallel", parallelism]);
        }
    }
    if cfg!(feature = "runner-grpc") {
        for workers in ["--workers=1", "--workers=2", "--workers=4"] {
            runners.push(vec!["--runner=grpc", workers]);
        }
    }
    assert!(!runners.is_empty(), "build the tests with a runner");
    runners
}

fn example(binary: &str, arguments: &[String]) -> Output {
    Command::new(binary).args(arguments).output().unwrap()
}

fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    path.to_str().unwrap().to_owned()
}

fn sorted_lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{} was not written: {error}", path.display()));
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Runs an example on every runner. `files` pairs options with the expected files that name what
/// they write.
fn check(binary: &str, inputs: &[(&str, &str)], files: &[(&str, &str)]) {
    for runner in runners() {
        let folder = tempfile::tempdir().unwrap();
        let target = |option: &str| -> PathBuf { folder.path().join(format!("{option}.txt")) };
        let mut arguments: Vec<String> = runner.iter().map(ToString::to_string).collect();
        arguments.extend(inputs.iter().map(|(option, file)| format!("--{option}={}", data(file))));
        let outputs = files.iter().map(|(option, _)| (option, target(option)));
        arguments.extend(outputs.map(|(option, path)| format!("--{option}={}", path.display())));
        let output = example(binary, &arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {}\n{stderr}", output.status);
        for (option, expected) in files {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("expected");
            let expected = sorted_lines(&folder.join(expected));
            assert_eq!(sorted_lines(&target(option)), expected, "{arguments:?}\n{stderr}");
        }
    }
}

#[test]
fn wordcount() {
    let binary = env!("CARGO_BIN_EXE_wordcount");
    check(binary, &[("input", "words.txt")], &[("output", "wordcount.txt")]);
}

#[test]
fn even_numbers() {
    let binary = env!("CARGO_BIN_EXE_even_numbers");
    check(binary, &[("input", "numbers.txt")], &[("output", "even_numbers.txt")]);
}

#[test]
fn windowed_counts() {
    let binary = env!("CARGO_BIN_EXE_windowed_counts");
    check(binary, &[("input", "views.txt")], &[("output", "windowed_counts.txt")]);
}

#[test]
fn side_inputs() {
    let binary = env!("CARGO_BIN_EXE_side_inputs");
    check(binary, &[("input", "orders.txt")], &[("output", "side_inputs.txt")]);
}

#[test]
fn dead_letters() {
    let binary = env!("CARGO_BIN_EXE_dead_letters");
    let files = [("output", "dead_letters.txt"), ("rejected", "dead_letters_rejected.txt")];
    check(binary, &[("input", "mixed.txt")], &files);
}

#[test]
fn join() {
    let binary = env!("CARGO_BIN_EXE_join");
    let inputs = [("people", "people.txt"), ("cities", "cities.txt")];
    check(binary, &inputs, &[("output", "join.txt")]);
}
