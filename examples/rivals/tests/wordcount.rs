//! `hand_wordcount` and `plain_wordcount` give what a naive program gives.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::{collections::BTreeMap, fs, process::Command};

fn count(text: &[u8]) -> Option<BTreeMap<String, u64>> {
    let counts = count_by(env!("CARGO_BIN_EXE_hand_wordcount"), text);
    assert_eq!(count_by(env!("CARGO_BIN_EXE_plain_wordcount"), text), counts);
    counts
}

fn count_by(program: &str, text: &[u8]) -> Option<BTreeMap<String, u64>> {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("input"), folder.path().join("output"));
    fs::write(&input, text).unwrap();
    let mut program = Command::new(program);
    let is_success = program.args([&input, &output]).status().unwrap().success();
    assert_eq!(is_success, output.exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1 + usize::from(is_success));
    let lines = fs::read_to_string(output).ok()?;
    let pairs = lines.lines().map(|line| line.rsplit_once(": ").unwrap());
    let counts: BTreeMap<_, _> =
        pairs.map(|(word, count)| (word.to_owned(), count.parse().unwrap())).collect();
    assert_eq!(counts.len(), lines.lines().count(), "a word occurs twice");
    Some(counts)
}

fn naive(text: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for word in text.split_ascii_whitespace() {
        *counts.entry(word.to_owned()).or_default() += 1;
    }
    counts
}

fn assert_same(text: &str) {
    assert_eq!(count(text.as_bytes()).unwrap(), naive(text));
}

#[test]
fn small_texts_are_counted() {
    assert_same("");
    assert_same(" \n");
    assert_same("to be or not to be");
    assert_same("\tto be: or\r\n\nnot\u{c}to\u{b}be größer 東京 größer\n");
}

#[test]
fn words_of_every_length_are_counted() {
    let words: Vec<_> = (1..100).flat_map(|length| ["x", "y"].map(|c| c.repeat(length))).collect();
    assert_same(&[words.join(" "), words.join("\n")].join("\n"));
}

#[test]
fn a_table_that_grows_and_many_blocks_keep_every_word() {
    let words: Vec<_> = (0_u64..600_000).map(|i| format!("{:x}", i * i % 250_007 * i)).collect();
    let text = words.join(" ");
    assert!(text.len() > 3 << 20);
    assert_same(&text);
}

#[test]
fn bytes_that_are_no_text_give_no_output() {
    assert!(count(b"to be \xff or").is_none());
}
