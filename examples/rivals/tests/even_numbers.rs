//! `hand_even_numbers` and `plain_even_numbers` give what a naive program gives.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::{fs, process::Command};

fn double(text: &str) -> Result<String, String> {
    let doubled = double_by(env!("CARGO_BIN_EXE_hand_even_numbers"), text);
    assert_eq!(
        double_by(env!("CARGO_BIN_EXE_plain_even_numbers"), text).ok(),
        doubled.clone().ok()
    );
    doubled
}

fn double_by(program: &str, text: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("input"), folder.path().join("output"));
    fs::write(&input, text).unwrap();
    let mut program = Command::new(program);
    let ended = program.args([&input, &output]).output().unwrap();
    assert_eq!(ended.status.success(), output.exists());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1 + usize::from(output.exists()));
    fs::read_to_string(output).map_err(|_| String::from_utf8(ended.stderr).unwrap())
}

fn naive(text: &str) -> String {
    let numbers = text.lines().map(|line| line.trim().parse::<i64>().unwrap());
    numbers.filter(|n| n % 2 == 0).map(|n| format!("{}\n", n * 2)).collect()
}

#[test]
fn small_files_are_doubled() {
    for text in ["", "2", "1\n", "0\n-4\n7\n +10\r\n123456789012\n-2", "4611686018427387902"] {
        assert_eq!(double(text).unwrap(), naive(text), "{text}");
    }
}

#[test]
fn many_blocks_are_doubled() {
    let numbers = (0_i64..600_000)
        .map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64)) >> (i % 60 + 2));
    let text: String = numbers.map(|number| format!("{number}\n")).collect();
    assert!(text.len() > 3 << 20);
    assert_eq!(double(&text).unwrap(), naive(&text));
}

#[test]
fn a_line_that_is_no_number_gives_no_output() {
    assert_eq!(double("2\nsix\n").unwrap_err(), "error: `six`: invalid digit found in string\n");
    assert!(double("2\n\n").is_err());
}

#[test]
fn a_double_that_overflows_gives_no_output() {
    let error = "error: twice this number overflows 64 bits\n";
    assert_eq!(double("4611686018427387904").unwrap_err(), error);
}
