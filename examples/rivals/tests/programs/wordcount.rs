//! Counts of words.

use std::collections::BTreeMap;

use crate::each_output;

fn counts(output: &str) -> BTreeMap<String, u64> {
    let pairs = output.lines().map(|line| line.rsplit_once(": ").unwrap());
    let counts: BTreeMap<_, _> =
        pairs.map(|(word, count)| (word.to_owned(), count.parse().unwrap())).collect();
    assert_eq!(counts.len(), output.lines().count(), "a word occurs twice");
    counts
}

fn naive(text: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for word in text.split_ascii_whitespace() {
        *counts.entry(word.to_owned()).or_default() += 1;
    }
    counts
}

fn assert_same(text: &str) {
    let expected = naive(text);
    each_output("wordcount", text.as_bytes(), |program, outcome| {
        assert!(counts(&outcome.unwrap()) == expected, "{program} counts {} bytes", text.len());
    });
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
    each_output("wordcount", b"to be \xff or", |program, outcome| {
        assert!(outcome.unwrap_err().starts_with("error: "), "{program}");
    });
}
