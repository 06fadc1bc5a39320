//! What a process takes of its machine, where the system tells it as Linux does; else 0.

use std::fs::read_to_string;
use std::time::Duration;

/// The CPU time of this process so far, to a hundredth of a second.
#[must_use]
pub fn cpu_time() -> Duration {
    let stat = read_to_string("/proc/self/stat").unwrap_or_default();
    // After the program's name in parentheses, user and system time are the 12th and 13th, in
    // hundredths of a second.
    let after = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = after.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

/// The memory that this process has now.
#[must_use]
pub fn resident_mib() -> u64 {
    let status = read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
