//! What a stream takes of its machine while it waits. It is alone in its process, whose CPU time it
//! reads as Linux tells it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs::read_to_string;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use purlin_runner_parallel::ParallelRunner;
use purlin_sdk::{FixedWindows, Pipeline, Timestamp, io};

/// Of this process so far: user and system time, which are counted in hundredths of a second.
fn cpu_time() -> Duration {
    let stat = read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit(") ").next().unwrap();
    let ticks = after_name.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

#[test]
fn a_stream_that_waits_takes_next_to_nothing_of_a_core() {
    let long = Duration::from_secs(600);
    let p = Pipeline::new();
    let impulses = p.apply(io::periodic_impulse(Timestamp::now(), Timestamp::MAX, long));
    let numbers = p.apply(io::generate_sequence(0..).rate(1, long)).map(Timestamp);
    let windowed = impulses.flatten_with([numbers]).window_into(FixedWindows::of(long));
    let (sender, seen) = channel();
    let told = windowed.map(move |at| {
        // Nobody listens any more once the test has ended.
        let _ = sender.send(at);
        (at.0 % 2, at)
    });
    drop(told.group_by_key().map(|(_, group)| group.len() as u64));
    let job = p.start_with(&ParallelRunner::default()).unwrap();
    for _ in ["an impulse", "a number"] {
        seen.recv_timeout(Duration::from_secs(20)).unwrap();
    }
    let (before, wait) = (cpu_time(), Duration::from_secs(3));
    assert_eq!(seen.recv_timeout(wait), Err(RecvTimeoutError::Timeout));
    let taken = cpu_time() - before;
    assert!(taken < wait / 50, "{taken:?} of {wait:?} is more than 2 % of a core");
    job.cancel();
    assert!(job.wait().is_err());
}
