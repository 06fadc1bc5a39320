//! How large the code is, in four numbers and a list.

use std::fmt::Write;

use super::{limits::LONG_FILE, measure::Measured};

/// The median and the 90th percentile of files and functions, and the files that grow too long.
pub(super) fn sizes(files: &[Measured]) -> String {
    let file_sizes = sorted(files.iter().map(|file| file.lines));
    let functions = files.iter().flat_map(|file| &file.functions);
    let function_sizes = sorted(functions.map(|function| function.body_lines));
    let mut report = line("files", &file_sizes) + &line("functions", &function_sizes);
    for file in files.iter().filter(|file| file.lines > LONG_FILE) {
        let path = file.path.display();
        writeln!(report, "note: {path} has {} lines, {LONG_FILE} is the aim", file.lines)
            .expect("writing to a string succeeds");
    }
    report
}

fn line(what: &str, sizes: &[usize]) -> String {
    let (count, median, most) = (sizes.len(), percentile(sizes, 50), percentile(sizes, 90));
    format!("sizes: {count} {what}, median {median} lines, 90 % have at most {most}\n")
}

fn sorted(sizes: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut sizes: Vec<_> = sizes.collect();
    sizes.sort_unstable();
    sizes
}

/// The smallest of `sorted` that `percent` of them do not exceed.
fn percentile(sorted: &[usize], percent: usize) -> usize {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn percentiles_are_sizes_that_occur() {
        let sizes: Vec<_> = (1..=10).collect();
        assert_eq!((percentile(&sizes, 50), percentile(&sizes, 90)), (5, 9));
        assert_eq!(percentile(&[7], 50), 7);
        assert_eq!(percentile(&[], 90), 0);
    }

    #[test]
    fn a_long_file_is_noted_before_it_is_forbidden() {
        let text = "const X: u8 = 1;\n".repeat(401);
        let file = Measured::of(Path::new("src/long.rs"), &text).unwrap();
        assert!(sizes(&[file]).contains("note: src/long.rs has 401 lines, 400 is the aim\n"));
    }
}
