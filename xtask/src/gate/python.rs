//! A Python of the workspace's own, with Beam's SDK: tests compare Purlin with it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    failure::{Failure, Outcome},
    process, workspace,
};

/// The copy of the requirements that says what a complete environment was made from.
const MADE_FROM: &str = "made-from.txt";

/// The interpreter in `target/venv`, with everything in `requirements.txt` installed.
pub(super) fn set_up() -> Outcome<PathBuf> {
    let venv = workspace::target("venv");
    let python = venv.join("bin/python");
    let requirements = workspace::root().join("xtask/python/requirements.txt");
    let wanted = fs::read(&requirements).map_err(Failure::at(&requirements))?;
    if is_complete(&venv, &wanted) && imports_beam(&python) {
        println!("target/venv is complete");
        return Ok(python);
    }
    make(&venv)?;
    install(&python, &requirements)?;
    fs::write(venv.join(MADE_FROM), wanted).map_err(Failure::at(&venv))?;
    Ok(python)
}

fn is_complete(venv: &Path, wanted: &[u8]) -> bool {
    fs::read(venv.join(MADE_FROM)).is_ok_and(|found| found == wanted)
}

/// An upgraded system Python leaves an environment behind that does not start, or is empty.
fn imports_beam(python: &Path) -> bool {
    let find = "from importlib.metadata import version; version('apache-beam')";
    process::succeeds(Command::new(python).args(["-c", find]))
}

fn make(venv: &Path) -> Outcome {
    println!("making target/venv");
    process::stream(Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv))
        .map_err(|failure| failure.help("apt-get install python3-venv"))
}

fn install(python: &Path, requirements: &Path) -> Outcome {
    println!("installing xtask/python/requirements.txt");
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    process::stream(pip.arg(requirements))
}
