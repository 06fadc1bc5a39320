//! What is left of a job that has ended. It is alone in its process, whose threads it counts as
//! Linux tells them.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs::{read_dir, read_to_string};
use std::time::{Duration, Instant};

use purlin_runner_parallel::ParallelRunner;
use purlin_sdk::{FixedWindows, Pipeline, io};

/// The names of this process's threads.
fn threads() -> Vec<String> {
    let tasks = read_dir("/proc/self/task").unwrap();
    // One that ends meanwhile has no name any more.
    let names = tasks.filter_map(|task| read_to_string(task.unwrap().path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).collect()
}

#[test]
fn a_panic_in_a_stream_ends_the_job_and_no_thread_is_left() {
    let before = threads();
    let p = Pipeline::new();
    let numbers = p.apply(io::generate_sequence(0..).rate(1, Duration::from_millis(1)));
    let checked = numbers.map(|n| match n {
        100 => panic!("a hundred"),
        n => n,
    });
    let windowed = checked.named("Check").window_into(FixedWindows::of(Duration::from_millis(50)));
    drop(windowed.map(|n| (n % 2, n)).group_by_key().map(|(_, group)| group.len() as u64));
    let job = p.start_with(&ParallelRunner::default()).unwrap();
    assert!(threads().len() > before.len(), "the job runs on threads of its own");
    let error = job.wait().unwrap_err().to_string();
    for part in ["`Check`", "a hundred", "element: 100", "threads_end.rs:", "attempt: 4"] {
        assert!(error.contains(part), "no `{part}` in:\n{error}");
    }
    // The failure is told first, because user code may not let go.
    let start = Instant::now();
    while threads().len() > before.len() {
        assert!(start.elapsed() < Duration::from_secs(20), "left: {:?}", threads());
        std::thread::sleep(Duration::from_millis(10));
    }
}
