//! Transcripts: what goes into a key, what its clocks show, and which panes come out.
//!
//! The format is that of Beam's `trigger_transcripts.yaml`. Times are seconds. A line of a transcript
//! is one of
//!
//! - `input`: elements whose values are their timestamps, in one call;
//! - `watermark`, `processing_time`: a clock is moved, and timers that are due are delivered;
//! - `expect`: exactly the panes that have come out since the last line that is not one, by some of
//!   their attributes.
//!
//! Our own transcripts also have `synchronized: false` as a line, after which the synchronised clock
//! stays where it is, `others_hold`, where other keys hold the output watermark, and
//!
//! - `state`: which windows are `present`, a `tombstone` (closed) or `absent` (hold no values);
//! - `hold`: where the key holds the output watermark, or null;
//! - `dropped`: how many elements were dropped so far, as `[late, closed]`;
//! - in `expect`, `first` and `kind`.

mod expect;
mod parse;
mod run;

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value as Json;

/// The transcripts of a file of ours, or Beam's, read by the Python that has Beam.
fn read(file: Option<&str>) -> Vec<Json> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("src/reduce/tests/transcripts");
    let python = std::env::var_os("PURLIN_PYTHON")
        .map_or_else(|| root.join("../target/venv/bin/python"), PathBuf::from);
    let output = Command::new(python)
        .arg(folder.join("read.py"))
        .args(file.map(|file| folder.join(file)))
        .output()
        .expect("Python with Beam is needed: run `cargo xtask test`, which installs it");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "run `cargo xtask test`, which installs Beam: {errors}");
    serde_json::from_slice(&output.stdout).expect("the script writes JSON")
}

/// Runs a transcript. One that has an `error` must fail with it.
fn check(transcript: &Json) -> Result<(), String> {
    let outcome = run::run(transcript);
    match (transcript["error"].as_str(), outcome) {
        (None, outcome) => outcome,
        (Some(error), Err(found)) if found.starts_with(error) => Ok(()),
        (Some(error), found) => Err(format!("`{error}` was expected, not {found:?}")),
    }
}

fn check_all(transcripts: &[Json]) {
    let failures: Vec<_> = transcripts
        .iter()
        .filter_map(|transcript| {
            check(transcript).err().map(|error| format!("{}: {error}", transcript["name"]))
        })
        .collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_transcript_of_beam_comes_out_as_written() {
    let (other, ours): (Vec<_>, Vec<_>) = read(None)
        .into_iter()
        .partition(|t| t["timestamp_combiner"] == "OUTPUT_AT_EARLIEST_TRANSFORMED");
    assert_eq!((ours.len(), other.len()), (17, 1), "these are not the transcripts of Beam 2.77");
    check_all(&ours);
}

#[test]
fn every_transcript_of_ours_comes_out_as_written() {
    let transcripts = read(Some("transcripts.yaml"));
    assert!(transcripts.len() >= 40, "{} are too few", transcripts.len());
    check_all(&transcripts);
}
