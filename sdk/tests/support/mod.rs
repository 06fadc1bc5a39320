//! What the tests against Beam's own Python SDK share.

use std::path::PathBuf;
use std::process::Command;

/// Beam's `standard_coders.yaml`, converted by the Python that has Beam: a list of documents, whose
/// examples are lists of bytes, as Latin-1 text, and value.
pub(crate) fn beams_cases() -> serde_json::Value {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/support/standard_coders.py");
    let output = Command::new(python())
        .arg(script)
        .output()
        .expect("Python with Beam is needed: run `cargo xtask test`, which installs it");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "run `cargo xtask test`, which installs Beam: {errors}");
    serde_json::from_slice(&output.stdout).expect("the script writes JSON")
}

/// The Python that has Beam: that of `PURLIN_PYTHON`, or of the build's virtual environment.
fn python() -> PathBuf {
    std::env::var_os("PURLIN_PYTHON").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin/python"),
        PathBuf::from,
    )
}

/// The bytes that Latin-1 text stands for.
pub(crate) fn latin1(text: &serde_json::Value) -> Vec<u8> {
    let text = text.as_str().unwrap_or_default();
    text.chars().map(|c| u8::try_from(c).expect("bytes are written as Latin-1")).collect()
}
