//! Awkward and bad input: the right output, or an error that names file, step and line, and no
//! output at all.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::process::Command;

const RUNNERS: &[&str] = &[
    #[cfg(feature = "runner-direct")]
    "--runner=direct",
    #[cfg(feature = "runner-parallel")]
    "--runner=parallel",
    #[cfg(feature = "runner-grpc")]
    "--runner=grpc",
];

struct Run {
    ok: bool,
    stderr: String,
    /// The lines of the output, sorted; `None` where there is no file.
    lines: Option<Vec<String>>,
    /// What is left in the output folder.
    files: Vec<String>,
}

fn run_on(runner: &str, binary: &str, input: &Path) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("out.txt");
    let output = Command::new(binary)
        .arg(runner)
        .arg(format!("--input={}", input.display()))
        .arg(format!("--output={}", target.display()))
        .output()
        .unwrap();
    let lines = std::fs::read_to_string(&target).ok().map(|text| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    });
    let files = std::fs::read_dir(folder.path()).unwrap();
    let files = files.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Run { ok: output.status.success(), stderr, lines, files }
}

fn even_numbers(runner: &str, input: &[u8]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in.txt");
    std::fs::write(&file, input).unwrap();
    run_on(runner, env!("CARGO_BIN_EXE_even_numbers"), &file)
}

fn wordcount(runner: &str, input: &[u8]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in.txt");
    std::fs::write(&file, input).unwrap();
    run_on(runner, env!("CARGO_BIN_EXE_wordcount"), &file)
}

#[test]
fn awkward_files_give_the_right_lines() {
    for runner in RUNNERS {
        for (input, expected) in [
            (&b""[..], vec![]),
            (b"2\n4", vec!["4", "8"]),
            (b"2\r\n4\r\n", vec!["4", "8"]),
            (b"-6\n3\n", vec!["-12"]),
        ] {
            let run = even_numbers(runner, input);
            assert!(run.ok, "{runner} {input:?}: {}", run.stderr);
            assert_eq!(run.lines.unwrap(), expected, "{runner} {input:?}");
            assert_eq!(run.files, ["out.txt"], "{runner} {input:?}");
        }
    }
}

#[test]
fn a_line_of_50_mb_is_one_word() {
    let line = vec![b'x'; 50_000_000];
    for runner in RUNNERS {
        let run = wordcount(runner, &line);
        assert!(run.ok, "{runner}: {}", run.stderr);
        let lines = run.lines.unwrap();
        assert_eq!(lines.len(), 1, "{runner}");
        assert_eq!(lines[0].len(), 50_000_000 + 3, "{runner}");
        assert!(lines[0].ends_with(": 1"), "{runner}");
    }
}

/// Asserts that a run failed, left nothing, and said all of `words`.
fn assert_refused(runner: &str, run: &Run, words: &[&str]) {
    assert!(!run.ok, "{runner} succeeded");
    assert!(run.files.is_empty(), "{runner} left {:?}", run.files);
    for word in words {
        assert!(run.stderr.contains(word), "{runner} does not say `{word}`:\n{}", run.stderr);
    }
}

#[test]
fn a_malformed_line_names_step_element_place_and_cure() {
    for runner in RUNNERS {
        let run = even_numbers(runner, b"2\n12,abc\n4\n");
        let words = ["`Parse`", "12,abc", "in.txt` line 2", "even_numbers.rs:", "dead_letters"];
        assert_refused(runner, &run, &words);
    }
}

#[test]
fn an_overflow_is_an_error() {
    for runner in RUNNERS {
        let run = even_numbers(runner, b"9223372036854775806\n");
        assert_refused(runner, &run, &["`Double`", "overflows", "9223372036854775806"]);
    }
}

#[test]
fn invalid_utf_8_names_file_and_line() {
    for runner in RUNNERS {
        let run = wordcount(runner, b"fine\nbad \xff\xfe byte\n");
        assert_refused(runner, &run, &["in.txt", "line 2", "UTF-8"]);
    }
}

#[test]
fn a_missing_file_and_a_folder_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for runner in RUNNERS {
        let missing = folder.path().join("missing.txt");
        let run = run_on(runner, env!("CARGO_BIN_EXE_wordcount"), &missing);
        assert_refused(runner, &run, &["missing.txt"]);
        let run = run_on(runner, env!("CARGO_BIN_EXE_wordcount"), folder.path());
        assert_refused(runner, &run, &[folder.path().to_str().unwrap()]);
    }
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("in.txt");
    std::fs::write(&input, "2\n").unwrap();
    // A file where a folder is needed: refused to every user, root included.
    let target = input.join("out.txt");
    for runner in RUNNERS {
        let output = Command::new(env!("CARGO_BIN_EXE_even_numbers"))
            .arg(runner)
            .arg(format!("--input={}", input.display()))
            .arg(format!("--output={}", target.display()))
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{runner} succeeded");
        assert!(stderr.contains("out.txt"), "{runner}: {stderr}");
    }
}

#[test]
fn a_missing_option_and_an_unknown_runner_are_named() {
    let output = Command::new(env!("CARGO_BIN_EXE_wordcount")).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("--input"));
    let run = run_on("--runner=spark", env!("CARGO_BIN_EXE_wordcount"), Path::new("x"));
    assert_refused("spark", &run, &["`spark`", "parallel"]);
}

#[test]
fn help_names_the_options() {
    for binary in [env!("CARGO_BIN_EXE_wordcount"), env!("CARGO_BIN_EXE_even_numbers")] {
        let output = Command::new(binary).arg("--help").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success());
        assert!(text.contains("--input") && text.contains("--runner"), "{text}");
    }
}
