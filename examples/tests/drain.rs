//! A signal ends a stream in order: the program is this one again, told to be the stream.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]
#![expect(clippy::print_stdout, reason = "the stream tells its end so")]

use std::fs::read_to_string;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use purlin::prelude::*;
use purlin::runner::JobState;

/// Set where this program is the stream.
const IS_STREAM: &str = "PURLIN_TEST_IS_STREAM";

/// Counts numbers in windows until a signal comes, and prints how many were read and counted.
fn stream() {
    let (read, counted) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
    let (reads, counts) = (Arc::clone(&read), Arc::clone(&counted));
    let p = Pipeline::new();
    let counts_by_digit = p
        .apply(io::generate_sequence(0..).rate(1, Duration::from_millis(1)))
        .map(move |n| {
            reads.fetch_add(1, Ordering::SeqCst);
            n % 10
        })
        .window_into(FixedWindows::of(Duration::from_secs(3600)))
        .count_per_element();
    drop(counts_by_digit.map(move |(_, count)| {
        counts.fetch_add(i64::try_from(count).unwrap(), Ordering::SeqCst);
    }));
    assert_eq!(p.run().unwrap().state, JobState::Drained);
    println!("read={} counted={}", read.load(Ordering::SeqCst), counted.load(Ordering::SeqCst));
}

/// Waits until a process has a handler for SIGINT.
fn wait_until_it_listens(stream: &mut Child) {
    let status = format!("/proc/{}/status", stream.id());
    let start = Instant::now();
    let handles = || {
        let status = read_to_string(&status).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(caught.trim(), 16).unwrap() & 0b10 != 0
    };
    while !handles() {
        assert!(start.elapsed() < Duration::from_secs(60), "the stream does not begin");
        assert!(stream.try_wait().unwrap().is_none(), "the stream has ended");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_signal_drains_a_stream() {
    if std::env::var_os(IS_STREAM).is_some() {
        return stream();
    }
    let runners = [
        ("direct", cfg!(feature = "runner-direct")),
        ("parallel", cfg!(feature = "runner-parallel")),
    ];
    for (runner, _) in runners.into_iter().filter(|(_, is_built_in)| *is_built_in) {
        let mut stream = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_signal_drains_a_stream", "--nocapture"])
            .env(IS_STREAM, "1")
            .env("PURLIN_RUNNER", runner)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        wait_until_it_listens(&mut stream);
        std::thread::sleep(Duration::from_millis(500));
        let id = stream.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let output = stream.wait_with_output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{runner}: {}\n{stdout}", output.status);
        let number = |name: &str| -> i64 {
            let found = stdout.split_whitespace().find_map(|word| word.strip_prefix(name));
            found.unwrap_or_else(|| panic!("{runner}: no {name} in {stdout}")).parse().unwrap()
        };
        assert!(number("read=") > 0, "{runner}: {stdout}");
        assert_eq!(number("read="), number("counted="), "{runner}");
    }
}
