//! Which files hold library and program code.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

/// The Rust files below a `src` folder.
pub(super) fn library_code(files: &[PathBuf]) -> Vec<PathBuf> {
    files.iter().filter(|file| is_rust(file) && is_in_src(file)).cloned().collect()
}

pub(super) fn is_rust(file: &Path) -> bool {
    file.extension() == Some(OsStr::new("rs"))
}

fn is_in_src(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "src")
}

/// Whether `file` is one of `modules` or below one; a module is a path without `.rs`.
pub(super) fn is_in_any(file: &Path, modules: &[PathBuf]) -> bool {
    let module = file.with_extension("");
    modules.iter().any(|test| module.starts_with(test))
}

/// Where the module `name` declared in `file` lies, without `.rs`.
pub(super) fn submodule(file: &Path, name: &str) -> PathBuf {
    let parent = match file.file_stem().and_then(OsStr::to_str) {
        Some("mod" | "lib" | "main") => file.with_file_name(""),
        _ => file.with_extension(""),
    };
    parent.join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rust_below_src_is_library_code() {
        let files = ["sdk/src/a.rs", "sdk/tests/b.rs", "src/lib.rs", "sdk/src/notes.md"];
        let files: Vec<_> = files.map(PathBuf::from).to_vec();
        assert_eq!(library_code(&files), ["sdk/src/a.rs", "src/lib.rs"].map(PathBuf::from));
    }

    #[test]
    fn a_test_module_takes_its_folder_with_it() {
        let tests = [submodule(Path::new("sdk/src/plan/mod.rs"), "tests")];
        assert!(is_in_any(Path::new("sdk/src/plan/tests.rs"), &tests));
        assert!(is_in_any(Path::new("sdk/src/plan/tests/more.rs"), &tests));
        assert!(!is_in_any(Path::new("sdk/src/plan/fuse.rs"), &tests));
    }

    #[test]
    fn a_file_module_has_its_submodules_in_a_folder_of_its_name() {
        assert_eq!(submodule(Path::new("a/src/fuse.rs"), "tests"), Path::new("a/src/fuse/tests"));
        assert_eq!(submodule(Path::new("a/src/lib.rs"), "tests"), Path::new("a/src/tests"));
    }
}
