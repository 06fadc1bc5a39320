//! How large a file or a function may be.

use super::{Finding, measure::Measured};

/// From here on a file is listed: does it still hold one idea?
pub(super) const LONG_FILE: usize = 400;
const MOST_FILE_LINES: usize = 800;
const MOST_BODY_LINES: usize = 80;
const MOST_ARGUMENTS: usize = 7;

/// Every limit that `file` breaks.
pub(super) fn check(file: &Measured) -> Vec<Finding> {
    let found = |line: usize, what: String| Finding::new(&file.path, line, what);
    let mut findings = Vec::new();
    if file.lines > MOST_FILE_LINES {
        let what = format!("{} lines without tests, {MOST_FILE_LINES} at most", file.lines);
        findings.push(found(1, what));
    }
    for function in &file.functions {
        let (name, line) = (&function.name, function.line);
        if function.body_lines > MOST_BODY_LINES {
            let lines = function.body_lines;
            findings.push(found(
                line,
                format!("`{name}` has {lines} lines, {MOST_BODY_LINES} at most"),
            ));
        }
        if function.arguments > MOST_ARGUMENTS {
            let count = function.arguments;
            findings.push(found(
                line,
                format!("`{name}` has {count} arguments, {MOST_ARGUMENTS} at most"),
            ));
        }
    }
    let unwraps = file.unwraps.iter();
    findings.extend(unwraps.map(|line| found(*line, "`unwrap()` outside tests".to_owned())));
    findings
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn found(text: &str) -> Vec<String> {
        let file = Measured::of(Path::new("src/bad.rs"), text).unwrap();
        check(&file).iter().map(Finding::to_string).collect()
    }

    fn body(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines))
    }

    #[test]
    fn a_body_of_80_lines_is_allowed_and_of_81_is_not() {
        assert!(found(&body(80)).is_empty());
        assert_eq!(found(&body(81)), ["src/bad.rs:1: `long` has 81 lines, 80 at most"]);
    }

    #[test]
    fn a_file_of_801_lines_is_found() {
        assert!(found(&"const X: u8 = 1;\n".repeat(800)).is_empty());
        let findings = found(&"const X: u8 = 1;\n".repeat(801));
        assert_eq!(findings, ["src/bad.rs:1: 801 lines without tests, 800 at most"]);
    }

    #[test]
    fn an_eighth_argument_is_found() {
        let text = "fn wide(a: A, b: A, c: A, d: A, e: A, f: A, g: A, h: A) {}\n";
        assert_eq!(found(text), ["src/bad.rs:1: `wide` has 8 arguments, 7 at most"]);
    }

    #[test]
    fn unwrap_is_found_where_it_is_called() {
        let text = "fn f() {\n    g()\n        .unwrap();\n}\n";
        assert_eq!(found(text), ["src/bad.rs:3: `unwrap()` outside tests"]);
    }
}
