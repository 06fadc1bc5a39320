//! Runs `wire.py` with the Python that has Beam's SDK.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

/// The interpreter: the one named by `PURLIN_PYTHON`, or that of the workspace's environment.
fn interpreter() -> PathBuf {
    let python = env::var_os("PURLIN_PYTHON").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin/python"),
        PathBuf::from,
    );
    assert!(
        python.is_file(),
        "no python with apache-beam at {}: run cargo xtask test, which installs it",
        python.display(),
    );
    python
}

/// What `wire.py` prints, given these arguments.
pub(crate) fn wire<A: AsRef<OsStr>>(task: &str, arguments: &[A]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire.py");
    let output = Command::new(interpreter())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(script)
        .arg(task)
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "wire.py failed: {errors}");
    String::from_utf8(output.stdout).unwrap()
}
