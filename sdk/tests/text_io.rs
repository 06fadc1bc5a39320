//! Reading and writing text files, through the direct runner.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;

use purlin_runner_direct::DirectRunner;
use purlin_sdk::io::text::{Compression, InvalidUtf8};
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

#[test]
fn a_file_that_is_empty_has_no_lines_and_a_final_line_end_begins_none() {
    let folder = Folder::new().with("empty", "").with("one", "\n").with("two", "\n\n");
    assert_eq!(read(folder.path("empty")).unwrap(), [""; 0]);
    assert_eq!(read(folder.path("one")).unwrap(), [r#""""#]);
    assert_eq!(read(folder.path("two")).unwrap(), [r#""""#; 2]);
}

#[test]
fn a_line_may_be_very_long() {
    let mut content = vec![b'x'; 50_000_000];
    content.extend(b"\ny");
    let folder = Folder::new().with("in", content);
    let p = Pipeline::new();
    p.apply(io::text::read(folder.path("in")).split_bytes(10_000_000))
        .map(|line| line.len() as u64)
        .apply(io::text::write(folder.path("out")).without_sharding());
    run(p).unwrap();
    assert_eq!(folder.text("out"), "50000000\n1\n");
}

#[test]
fn lines_come_with_file_offset_and_number() {
    let folder = Folder::new().with("in", "a\r\nb\n");
    let p = Pipeline::new();
    let name = folder.path("in");
    p.apply(io::text::read(&name).located())
        .map(|at| format!("{} {} {} {}", at.file, at.offset, at.number.unwrap_or(0), at.line))
        .apply(io::text::write(folder.path("out")).without_sharding());
    run(p).unwrap();
    assert_eq!(folder.text("out"), format!("{name} 0 1 a\n{name} 3 2 b\n"));
}

#[test]
fn a_failure_over_a_located_line_names_its_file_and_line() {
    let long = "x".repeat(300);
    let content = format!("1\n2\n{long}\n4\n");
    for split_bytes in [1, 1000] {
        let folder = Folder::new().with("in", &content);
        let p = Pipeline::new();
        let read = io::text::read(folder.path("in")).split_bytes(split_bytes).located();
        let _ = p.apply(read).try_map(|located| located.line.parse::<i64>());
        let error = run(p).unwrap_err().to_string();
        let place = format!("`{}` line 3", folder.path("in"));
        assert!(error.contains(&place), "{error}");
    }
}

#[test]
fn what_is_not_utf_8_fails_or_is_replaced_or_skipped_by_choice() {
    let content = b"ok\n\xe4\xf6 bad\n\xe2\x82\xac\n";
    let folder = Folder::new().with("in", content).with("in.gz", gzip(content));
    for name in ["in", "in.gz"] {
        let error = read(folder.path(name)).unwrap_err().to_string();
        let path = folder.path(name);
        let expected = format!("failed: line 2 of `{path}` is not UTF-8, from byte 3");
        assert!(error.contains(&expected), "{error}");
        assert!(error.contains(&format!("element: {path:?}\n")), "{error}");
        assert!(error.contains("InvalidUtf8::Replace"), "{error}");
    }
    let choose = |choice| {
        let read = io::text::read(folder.path("in")).invalid_utf8(choice);
        lines(|p| p.apply(read)).unwrap()
    };
    assert_eq!(choose(InvalidUtf8::Replace), ["\"ok\"", "\"€\"", "\"\u{fffd}\u{fffd} bad\""]);
    assert_eq!(choose(InvalidUtf8::Skip), ["\"ok\"", "\"€\""]);
}

#[test]
fn skipped_lines_are_counted() {
    let folder = Folder::new().with("in", b"ok\n\xff\n\xff\n");
    let p = Pipeline::new();
    p.apply(io::text::read(folder.path("in")).invalid_utf8(InvalidUtf8::Skip))
        .apply(io::text::write(folder.path("out")));
    assert_eq!(run(p).unwrap().counter("lines_not_utf8"), 2);
}

#[test]
fn bytes_need_not_be_utf_8() {
    let folder = Folder::new().with("in", b"\xff\r\n\xfe\n");
    let p = Pipeline::new();
    p.apply(io::text::read_bytes(folder.path("in")))
        .apply(io::text::write(folder.path("out")).without_sharding());
    run(p).unwrap();
    assert_eq!(fs::read(folder.path("out")).unwrap(), b"\xff\n\xfe\n");
}

#[test]
fn no_match_and_a_directory_are_errors_that_name_the_pattern() {
    let folder = Folder::new();
    let error = read("missing-*.txt".to_owned()).unwrap_err().to_string();
    let expected = "transform `Read/Match` failed: no file matches `missing-*.txt`\n";
    assert!(error.starts_with(expected), "{error}");
    assert!(error.contains("applied at: sdk/tests/text_io.rs:"), "{error}");
    assert!(error.contains("help: "), "{error}");
    let error = read(folder.path("")).unwrap_err().to_string();
    assert!(error.contains("` is a directory\n"), "{error}");
    let read = io::text::read(folder.path("missing")).allow_empty();
    assert_eq!(lines(|p| p.apply(read)).unwrap(), [""; 0]);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new().with("in", "a");
    fs::set_permissions(folder.path("in"), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(folder.path("in")).is_ok() {
        // Nothing is forbidden to the root user.
        return;
    }
    let error = read(folder.path("in")).unwrap_err().to_string();
    assert!(error.contains(&format!("cannot open `{}`: ", folder.path("in"))), "{error}");
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut encoder, content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    std::io::Write::write_all(&mut encoder, content).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_files_are_read_by_their_names_or_by_choice() {
    let twice = |compress: fn(&[u8]) -> Vec<u8>| [compress(b"a\nb"), compress(b"c\nd\n")].concat();
    let folder = Folder::new()
        .with("in.gz", twice(gzip))
        .with("in.zst", twice(zstd))
        .with("gzipped", gzip(b"z"))
        .with("plain.gz", "p");
    let expected = [r#""a""#, r#""bc""#, r#""d""#];
    for name in ["in.gz", "in.zst"] {
        let read = io::text::read(folder.path(name)).split_bytes(1);
        assert_eq!(lines(|p| p.apply(read)).unwrap(), expected);
    }
    let read = io::text::read(folder.path("gzipped")).compression(Compression::Gzip);
    assert_eq!(lines(|p| p.apply(read)).unwrap(), [r#""z""#]);
    let read = io::text::read(folder.path("plain.gz")).compression(Compression::None);
    assert_eq!(lines(|p| p.apply(read)).unwrap(), [r#""p""#]);
}

#[test]
fn corrupted_compressed_data_names_the_file() {
    let long: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
    for (name, whole) in [("in.gz", gzip(&long)), ("in.zst", zstd(&long))] {
        let cut = &whole[..whole.len() / 2];
        let mut flipped = whole.clone();
        let middle = flipped.len() / 2;
        flipped[middle..].iter_mut().take(64).for_each(|byte| *byte ^= 0x55);
        for (content, problem) in [(cut, "ends early"), (&flipped, "is corrupted")] {
            let folder = Folder::new().with(name, content);
            let read = io::text::read(folder.path(name)).invalid_utf8(InvalidUtf8::Skip);
            let error = lines(|p| p.apply(read)).unwrap_err().to_string();
            assert!(error.contains(&format!("cannot read `{}`: ", folder.path(name))), "{error}");
            assert!(error.contains(problem), "{error}");
        }
    }
}

#[test]
fn json_lines_are_read_and_written() {
    let folder = Folder::new().with("in", "[\"a\", 1]\n\n[\"b\\u00e4\", 2]\n");
    let p = Pipeline::new();
    p.apply(io::json::read::<(String, u64)>(folder.path("in")))
        .map(|(name, count)| (name, count + 1))
        .apply(io::json::write(folder.path("out")).without_sharding());
    run(p).unwrap();
    assert_eq!(folder.text("out"), "[\"a\",2]\n[\"bä\",3]\n");
}

#[test]
fn a_line_that_is_no_json_is_named_or_collected() {
    let folder = Folder::new().with("in", "1\n2x\n\"three\"\n");
    let p = Pipeline::new();
    p.apply(io::json::read::<u64>(folder.path("in"))).apply(io::text::write(folder.path("out")));
    let error = run(p).unwrap_err().to_string();
    let expected = format!("`Read/Parse` failed: `{}` line 2 column 2: ", folder.path("in"));
    assert!(error.contains(&expected), "{error}");

    let p = Pipeline::new();
    let (_, bad) = p.apply(io::json::read::<u64>(folder.path("in"))).dead_letters();
    bad.map(|failed| format!("{}: {}", failed.element.line, failed.error))
        .apply(io::text::write(folder.path("bad")).without_sharding());
    run(p).unwrap();
    let bad = folder.text("bad");
    assert!(bad.starts_with("2x: `"), "{bad}");
    assert!(
        bad.ends_with("line 3 column 7: invalid type: string \"three\", expected u64\n"),
        "{bad}"
    );
}
