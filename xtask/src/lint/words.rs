//! Words that must not be in the project's files.

use std::path::Path;

use super::{Finding, sources};

/// What marks an unfinished place, each spelt in two parts so that this file passes its own check.
const UNFINISHED: [&str; 4] = [
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    concat!("FIX", "ME"),
    concat!("TO", "DO"),
];

/// How a path of one machine begins.
const MACHINE_PATHS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];

/// Every forbidden word in `text`, the content of `path`.
pub(super) fn check(path: &Path, text: &str) -> Vec<Finding> {
    let lines = (1..).zip(text.lines());
    lines.flat_map(|(line, text)| in_line(path, line, text)).collect()
}

fn in_line(path: &Path, line: usize, text: &str) -> Vec<Finding> {
    let paths = MACHINE_PATHS.iter().filter(|start| holds_path(text, start));
    let mut findings: Vec<_> = paths
        .map(|start| Finding::new(path, line, format!("`{start}` is a path of one machine")))
        .collect();
    if sources::is_rust(path) {
        let words = UNFINISHED.iter().filter(|word| holds_word(text, word));
        findings
            .extend(words.map(|word| Finding::new(path, line, format!("`{word}` is unfinished"))));
    }
    findings
}

/// Whether `word` stands in `text` alone, not as a part of a longer name.
fn holds_word(text: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_name) && !text[at + word.len()..].starts_with(is_name)
    })
}

/// Whether an absolute path begins with `start`: in a longer path or an address it may occur.
fn holds_path(text: &str, start: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || "/._-})*".contains(c);
    text.match_indices(start).any(|(at, _)| !text[..at].ends_with(continues))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(Path::new(path), text).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn an_unfinished_place_is_found_in_rust_only() {
        let text = ["fn f() {\n    ", UNFINISHED[0], "(\"later\")\n}\n"].concat();
        let what = format!("a.rs:2: `{}` is unfinished", UNFINISHED[0]);
        assert_eq!(found("a.rs", &text), [what]);
        assert!(found("a.md", &text).is_empty());
    }

    #[test]
    fn every_mark_is_found_and_no_longer_name() {
        for word in UNFINISHED {
            assert_eq!(found("a.rs", &format!("// {word}: more")).len(), 1, "{word}");
            assert!(found("a.rs", &format!("x_{word}")).is_empty(), "{word}");
        }
    }

    #[test]
    fn a_path_of_one_machine_is_found_in_any_file() {
        for start in MACHINE_PATHS {
            assert_eq!(found("notes.md", &format!("see `{start}notes`")).len(), 1);
            assert_eq!(found("notes.md", &format!("{start}notes")).len(), 1);
        }
    }

    #[test]
    fn the_same_letters_within_a_longer_path_are_allowed() {
        for start in MACHINE_PATHS {
            assert!(found("a.rs", &format!("target{start}x, https://a.org{start}x")).is_empty());
        }
    }
}
