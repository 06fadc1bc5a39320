//! From patterns to files.

use std::fs;
use std::path::Path;

use glob::{MatchOptions, glob_with};

use super::cannot;
use crate::error::BoxError;
use crate::exec::helpful;

/// As a shell does it: `*` stays within a directory and finds no hidden file, so none of the
/// temporary files of a write either.
const LIKE_A_SHELL: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// The files that match a pattern, in the order of their names. The name of an existing file
/// matches itself, even where it has characters of a pattern.
///
/// # Errors
/// When none does, unless that is allowed; for a directory; and where a directory on the way cannot
/// be read.
pub(in crate::io) fn matching(pattern: &str, allow_empty: bool) -> Result<Vec<String>, BoxError> {
    match fs::metadata(pattern) {
        Ok(metadata) if metadata.is_dir() => return Err(is_directory(pattern)),
        Ok(_) => return Ok(vec![pattern.to_owned()]),
        Err(_) => {}
    }
    let mut files = Vec::new();
    let found = glob_with(pattern, LIKE_A_SHELL).map_err(|error| {
        format!("`{pattern}` is not a file pattern: {} at character {}", error.msg, error.pos)
    })?;
    for path in found {
        let path = path.map_err(|error| cannot("list", error.path(), error.error()))?;
        if path.is_dir() {
            continue;
        }
        let name = path
            .to_str()
            .ok_or_else(|| format!("the name of the file `{}` is not UTF-8", path.display()))?;
        files.push(name.to_owned());
    }
    if files.is_empty() && !allow_empty {
        return Err(nothing(pattern));
    }
    Ok(files)
}

fn is_directory(path: &str) -> BoxError {
    let inside = Path::new(path).join("*");
    helpful(
        format!("`{path}` is a directory").into(),
        format!("read the files in it with `{}`", inside.display()),
    )
}

fn nothing(pattern: &str) -> BoxError {
    let help = match std::env::current_dir() {
        Ok(here) if Path::new(pattern).is_relative() => format!(
            "the path starts at the working directory `{}`; call `.allow_empty()` where a match is \
             not required",
            here.display()
        ),
        _ => "call `.allow_empty()` where a match is not required".to_owned(),
    };
    helpful(format!("no file matches `{pattern}`").into(), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_find_files_and_neither_directories_nor_hidden_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        for name in ["b.txt", "a.txt", ".hidden.txt", "x[1].txt"] {
            fs::write(at(name), "").unwrap();
        }
        fs::create_dir(at("c.txt")).unwrap();
        assert_eq!(matching(&at("?.txt"), false).unwrap(), [at("a.txt"), at("b.txt")]);
        assert_eq!(matching(&at("x[1].txt"), false).unwrap(), [at("x[1].txt")]);
        assert_eq!(matching(&at("*.csv"), true).unwrap(), [""; 0]);
        let error = matching(&at("*.csv"), false).unwrap_err();
        assert!(error.to_string().starts_with("no file matches `"), "{error}");
        let error = matching(&at("c.txt"), false).unwrap_err();
        assert!(error.to_string().ends_with("is a directory"), "{error}");
        let error = matching("a***", false).unwrap_err().to_string();
        assert!(error.starts_with("`a***` is not a file pattern: "), "{error}");
    }
}
