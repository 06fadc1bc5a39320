//! The processes below one, as `/proc` shows them.

use std::{collections::BTreeMap, fs, path::Path};

use crate::failure::{Failure, Outcome};

/// A process and all that it started, also those whose parent has ended since.
pub(super) struct Tree {
    /// For each process that was seen the most memory that it had resident, in KiB.
    peaks: BTreeMap<u32, u64>,
}

impl Tree {
    /// The tree below `root`, which is all that is known of it.
    pub(super) fn of(root: u32) -> Self {
        Self { peaks: BTreeMap::from([(root, 0)]) }
    }

    /// Looks for new processes, and at the memory of all.
    pub(super) fn look(&mut self) {
        let mut pending: Vec<_> = self.peaks.keys().copied().collect();
        let mut seen = BTreeMap::new();
        while let Some(pid) = pending.pop() {
            if seen.contains_key(&pid) {
                continue;
            }
            let before = self.peaks.get(&pid).copied().unwrap_or(0);
            // The kernel's own maximum: not the largest of those seen, as a new process has that of
            // its parent until it becomes another program.
            seen.insert(pid, peak(pid).unwrap_or(before));
            pending.extend(children(pid));
        }
        self.peaks = seen;
    }

    /// The sum over all processes, in KiB: at least what they had together at any moment.
    pub(super) fn peak_kib(&self) -> u64 {
        self.peaks.values().sum()
    }
}

/// Fails where the kernel does not tell which processes a process has started.
pub(super) fn check() -> Outcome {
    if Path::new("/proc/thread-self/children").exists() {
        return Ok(());
    }
    Err(Failure::new("no `/proc/thread-self/children`: the memory of workers cannot be seen")
        .help("use a Linux kernel with CONFIG_PROC_CHILDREN"))
}

/// What each thread of `pid` has started. A process that has ended has nothing.
fn children(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|it| fs::read_to_string(it.path().join("children")).ok());
    lists.flat_map(|list| numbers(&list)).collect()
}

fn numbers(list: &str) -> Vec<u32> {
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn peak(pid: u32) -> Option<u64> {
    high_water_mark(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

/// The number in `VmHWM:   4092 kB`.
fn high_water_mark(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    value.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader},
        process::{Command, Stdio},
    };

    use super::*;

    #[test]
    fn the_mark_is_read_from_a_status() {
        let status = "Name:\tsh\nVmPeak:\t    5004 kB\nVmHWM:\t    4092 kB\nVmRSS:\t 8 kB\n";
        assert_eq!(high_water_mark(status), Some(4092));
        assert_eq!(high_water_mark("Name:\tsh\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    fn children_of_children_are_seen() {
        let mut child = Command::new("sh")
            .args(["-c", "exec 3<&0; sh -c 'cat <&3 >&2 & echo $!; wait'; true"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut tree = Tree::of(child.id());
        tree.look();
        let grandchild: u32 = line.trim().parse().unwrap();
        assert_eq!(tree.peaks.len(), 3);
        assert!(tree.peaks.contains_key(&grandchild));
        assert!(tree.peak_kib() > 0);
        drop(child.stdin.take());
        assert!(child.wait().unwrap().success());
    }
}
