//! Writing text files, through the direct runner.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;

use purlin_runner_direct::DirectRunner;
use purlin_sdk::io::text::{TextLine, Write};
use purlin_sdk::{Finished, FixedWindows, Pipeline, io};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

/// All files in a folder, hidden ones as well, with what they contain.
fn files(folder: &TempDir) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        files.push((name, fs::read_to_string(path).unwrap_or_else(|_| "no file".to_owned())));
    }
    files.sort();
    files
}

fn run(p: Pipeline) -> purlin_sdk::Result<Finished> {
    p.run_with(&DirectRunner::default())
}

fn write(
    numbers: impl IntoIterator<Item = i64>,
    write: Write<i64>,
) -> purlin_sdk::Result<Finished> {
    let p = Pipeline::new();
    p.create(numbers).apply(write);
    run(p)
}

fn pair(name: &str, content: &str) -> (String, String) {
    (name.to_owned(), content.to_owned())
}

#[test]
fn a_runner_decides_how_many_shards_there_are() {
    let folder = folder();
    write([1, 2], io::text::write(path(&folder, "out")).suffix(".txt")).unwrap();
    assert_eq!(files(&folder), [pair("out-00000-of-00001.txt", "1\n2\n")]);
}

#[test]
fn an_asked_for_number_of_shards_shares_the_elements() {
    let folder = folder();
    write(0..5, io::text::write(path(&folder, "out")).num_shards(3)).unwrap();
    let files = files(&folder);
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["out-00000-of-00003", "out-00001-of-00003", "out-00002-of-00003"]);
    let mut all: Vec<_> = files.iter().flat_map(|(_, content)| content.lines()).collect();
    all.sort_unstable();
    assert_eq!(all, ["0", "1", "2", "3", "4"]);
}

#[test]
fn without_elements_there_is_an_empty_file() {
    let folder = folder();
    write([], io::text::write(path(&folder, "sharded"))).unwrap();
    write([], io::text::write(path(&folder, "single")).without_sharding()).unwrap();
    assert_eq!(files(&folder), [pair("sharded-00000-of-00001", ""), pair("single", "")]);
}

#[test]
fn a_single_file_keeps_the_order_and_makes_its_directories() {
    let folder = folder();
    let target = path(&folder, "a/b/out.txt");
    write(0..5000, io::text::write(&target).without_sharding()).unwrap();
    let expected: String = (0..5000).map(|n| format!("{n}\n")).collect();
    assert_eq!(fs::read_to_string(target).unwrap(), expected);
}

#[test]
fn a_bundle_larger_than_the_buffer_is_written_in_pieces() {
    let folder = folder();
    let p = Pipeline::new();
    let line = "x".repeat(700_000);
    p.create([line.clone(), line.clone(), line.clone()])
        .apply(io::text::write(path(&folder, "out")).without_sharding());
    run(p).unwrap();
    assert_eq!(files(&folder), [pair("out", &format!("{line}\n").repeat(3))]);
}

#[test]
fn every_kind_of_element_is_a_line() {
    let folder = folder();
    let p = Pipeline::new();
    fn single<T: TextLine>(folder: &TempDir, name: &str) -> Write<T> {
        io::text::write(path(folder, name)).without_sharding()
    }
    p.create([true, false]).apply(single(&folder, "bool"));
    p.create(['ä']).apply(single(&folder, "char"));
    p.create([i8::MIN]).apply(single(&folder, "i8"));
    p.create([u64::MAX]).apply(single(&folder, "u64"));
    p.create([0.1f64, 1.0]).apply(single(&folder, "f64"));
    p.create(["two\nlines".to_owned()]).apply(single(&folder, "string"));
    run(p).unwrap();
    let expected = [
        pair("bool", "true\nfalse\n"),
        pair("char", "ä\n"),
        pair("f64", "0.1\n1\n"),
        pair("i8", "-128\n"),
        pair("string", "two\nlines\n"),
        pair("u64", "18446744073709551615\n"),
    ];
    assert_eq!(files(&folder), expected);
}

#[test]
fn the_names_of_the_files_are_elements() {
    let folder = folder();
    let p = Pipeline::new();
    let written = p.create([1i64]).apply(io::text::write(path(&folder, "out")).num_shards(2));
    let names = path(&folder, "names");
    written.named("Numbers").files().apply(io::text::write(&names).without_sharding());
    run(p).unwrap();
    let expected = ["out-00000-of-00002\n", "out-00001-of-00002\n"].map(|n| path(&folder, n));
    assert_eq!(fs::read_to_string(names).unwrap(), expected.concat());
}

#[test]
fn windows_of_a_bounded_collection_make_no_difference() {
    let folder = folder();
    let p = Pipeline::new();
    p.create([1i64, 2])
        .with_timestamps(|n| purlin_sdk::Timestamp(n * 1000))
        .window_into(FixedWindows::of(std::time::Duration::from_secs(1)))
        .apply(io::text::write(path(&folder, "out")).without_sharding());
    run(p).unwrap();
    assert_eq!(files(&folder), [pair("out", "1\n2\n")]);
}

#[test]
fn a_run_that_fails_leaves_nothing_and_replaces_nothing() {
    let folder = folder();
    fs::write(path(&folder, "out"), "old").unwrap();
    for target in ["out", "new"] {
        let p = Pipeline::new();
        let target = path(&folder, target);
        let numbers = p.create(0..3000i64).reshuffle();
        let written = numbers
            .try_map(|n| if n == 2999 { Err("too many") } else { Ok(n) })
            .apply(io::text::write(target).without_sharding());
        assert!(run(p).is_err());
        assert_eq!(files(&folder), [pair("out", "old")]);
        drop(written);
    }
}

#[test]
fn a_directory_in_the_place_of_a_file_is_an_error() {
    let folder = folder();
    fs::create_dir(path(&folder, "out")).unwrap();
    let target = path(&folder, "out");
    let error = write([1], io::text::write(&target).without_sharding()).unwrap_err().to_string();
    let expected = format!("`Write/Prepare` failed: cannot write `{target}`: it is a directory");
    assert!(error.contains(&expected), "{error}");
    assert!(error.contains("applied at: sdk/tests/text_write.rs:"), "{error}");
    assert_eq!(files(&folder), [pair("out", "no file")]);
}

#[test]
fn a_file_in_the_place_of_a_directory_is_an_error() {
    let folder = folder();
    fs::write(path(&folder, "file"), "").unwrap();
    let target = path(&folder, "file/out");
    let error = write([1], io::text::write(&target)).unwrap_err().to_string();
    assert!(error.contains(&format!("cannot write `{target}-SSSSS-of-NNNNN`: ")), "{error}");
    assert_eq!(files(&folder), [pair("file", "")]);
}

#[test]
fn what_a_killed_run_left_is_not_read_and_goes_with_the_next() {
    let folder = folder();
    let left = folder.path().join(".purlin-temp-out");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("0"), "left").unwrap();
    let target = path(&folder, "out");
    write([1], io::text::write(&target).without_sharding()).unwrap();
    assert_eq!(files(&folder), [pair("out", "1\n")]);
}
