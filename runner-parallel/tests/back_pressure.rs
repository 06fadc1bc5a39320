//! A sink that is slower than its source: what waits between them is bounded. It is alone in its
//! process, whose memory it reads as Linux tells it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs::read_to_string;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use purlin_runner_parallel::ParallelRunner;
use purlin_sdk::{Pipeline, io};

const MIB: u64 = 1 << 20;
/// The length of an element: to make one takes no time beside what the sink takes for it.
const LEN: usize = 1 << 16;
/// The source stops when 64 MiB wait, and was asked too late for some of what it makes then.
const MOST_WAITING: u64 = 96 * MIB;

/// The memory of this process.
fn resident() -> u64 {
    let status = read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn a_slow_sink_slows_its_source_and_memory_stays_flat() {
    let (made, taken) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (makes, takes) = (Arc::clone(&made), Arc::clone(&taken));
    let p = Pipeline::new();
    let texts = p.apply(io::generate_sequence(0..)).map(move |_| {
        makes.fetch_add(LEN as u64, Ordering::SeqCst);
        "x".repeat(LEN)
    });
    drop(texts.reshuffle().map(move |text| {
        std::thread::sleep(Duration::from_millis(5));
        takes.fetch_add(text.len() as u64, Ordering::SeqCst);
    }));
    let before = resident();
    let job = p.start_with(&ParallelRunner::default()).unwrap();
    let waiting = || {
        // In this order, so that what is taken was made.
        let taken = taken.load(Ordering::SeqCst);
        made.load(Ordering::SeqCst) - taken
    };
    // A source that is not slowed makes more than may wait in a fraction of a second.
    let (start, mut most) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(4) {
        assert!(waiting() < MOST_WAITING, "{} MiB wait", waiting() / MIB);
        most = most.max(resident());
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(taken.load(Ordering::SeqCst) > 4 * MIB, "the sink goes on");
    // What waits is there as elements and in encoded form, and the allocator keeps some.
    let grown = most.saturating_sub(before);
    assert!(grown < 3 * MOST_WAITING, "{} MiB of memory", grown / MIB);
    job.cancel();
    assert!(job.wait().is_err());
}
