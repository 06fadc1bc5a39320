//! Where things are, and which files are the project's.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{failure::Outcome, process};

/// The folder of the root `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("this package is a folder of the workspace")
}

/// A place for what can be made again at any time.
pub(crate) fn target(name: &str) -> PathBuf {
    root().join("target").join(name)
}

/// Every file of the project, relative to the root: the tracked ones, and the new ones that no
/// ignore rule covers, so that a mistake shows before it is committed.
pub(crate) fn files() -> Outcome<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.current_dir(root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let names = process::capture(&mut git)?;
    let files = names.split_terminator('\0').map(PathBuf::from);
    // A tracked file may have been deleted in the working tree.
    Ok(files.filter(|file| root().join(file).is_file()).collect())
}
