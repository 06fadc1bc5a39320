//! Reading and writing text files, through the direct runner.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::PathBuf;

use purlin_runner_direct::DirectRunner;
use purlin_sdk::{Finished, PCollection, Pipeline, Text, io};
use tempfile::TempDir;

/// A folder for the files of a test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.path(name), content).unwrap();
        self
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The names of all files in it, hidden ones as well.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap().path())).collect();
        names.sort();
        names
    }
}

fn run(p: Pipeline) -> purlin_sdk::Result<Finished> {
    p.run_with(&DirectRunner::default())
}

/// What `read` gives, in any order, by writing it to a file.
fn lines(read: impl FnOnce(&Pipeline) -> PCollection<Text>) -> purlin_sdk::Result<Vec<String>> {
    let folder = Folder::new();
    let p = Pipeline::new();
    // Lines are shown with escapes, so that each is one line in the file.
    read(&p)
        .map(|line| format!("{line:?}"))
        .apply(io::text::write(folder.path("out")).without_sharding());
    run(p)?;
    let mut lines: Vec<_> = folder.text("out").lines().map(str::to_owned).collect();
    lines.sort();
    Ok(lines)
}

fn read(pattern: String) -> purlin_sdk::Result<Vec<String>> {
    lines(|p| p.apply(io::text::read(pattern)))
}

#[test]
fn line_ends_are_no_part_of_lines() {
    let folder = Folder::new().with("in", "\u{feff}one\r\n\ntwo\rthree\n four ");
    let expected = [r#"" four ""#, r#""""#, r#""one""#, r#""two\rthree""#];
    assert_eq!(read(folder.path("in")).unwrap(), expected);
}

#[test]
fn a_pattern_reads_all_files_that_match() {
    let folder = Folder::new().with("a.txt", "a").with("b.txt", "").with("c.txt", "c\n");
    assert_eq!(read(folder.path("*.txt")).unwrap(), [r#""a""#, r#""c""#]);
    let all =
        lines(|p| p.create([folder.path("a.*"), folder.path("c.txt")]).apply(io::text::read_all()));
    assert_eq!(all.unwrap(), [r#""a""#, r#""c""#]);
}

#[test]
fn a_file_in_many_ranges_gives_each_line_once() {
    let content: Vec<_> = (0..1000).map(|n| format!("{n:0width$}", width = n % 17)).collect();
    let folder = Folder::new().with("in", content.join("\n"));
    for split_bytes in [1000, 64, 7] {
        let read = io::text::read(folder.path("in")).split_bytes(split_bytes);
        let mut expected: Vec<_> = content.iter().map(|line| format!("{line:?}")).collect();
        expected.sort();
        assert_eq!(lines(|p| p.apply(read)).unwrap(), expected);
    }
}
