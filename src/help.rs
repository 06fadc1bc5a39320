//! What `--help` prints.

use std::fmt::Write as _;
use std::io::Write as _;

/// An option that a runner reads, or that chooses one.
pub(crate) struct RunnerOption {
    /// Its name, without dashes.
    pub(crate) name: &'static str,
    /// What stands for its value; empty for one that has none.
    value: &'static str,
    what: &'static str,
}

const fn option(name: &'static str, value: &'static str, what: &'static str) -> RunnerOption {
    RunnerOption { name, value, what }
}

/// All of them; that of a runner which is not built in or not chosen has no effect.
pub(crate) const RUNNER_OPTIONS: [RunnerOption; 12] = [
    option("runner", "NAME", "direct, parallel or grpc, where built in (else PURLIN_RUNNER)"),
    option("seed", "N", "direct: vary the order of bundles and keys"),
    option("parallelism", "N", "parallel: worker threads (default: one per core)"),
    option(
        "memory",
        "SIZE",
        "parallel: for what waits for its group (default: half of what is free)",
    ),
    option("spill-dir", "DIR", "parallel: where the rest goes (default: for temporary files)"),
    option("spill-compression", "NAME", "parallel: of that: none (default) or lz4"),
    option("workers", "N", "grpc: worker processes (default: one per core)"),
    option("environment", "NAME", "grpc: process (default) or loopback (threads of this process)"),
    option("worker-bind", "ADDRESS", "grpc: where to listen for workers (default: 127.0.0.1)"),
    option("worker-advertise", "HOST", "grpc: where workers find this process"),
    option("worker-token-file", "FILE", "grpc: write a token that lets more workers join"),
    option("help", "", "this text"),
];

fn text(usage: &str) -> String {
    let mut text = format!("{}\n\nOptions of the runners:\n", usage.trim_end());
    for RunnerOption { name, value, what } in RUNNER_OPTIONS {
        let separator = if value.is_empty() { "" } else { "=" };
        let option = format!("--{name}{separator}{value}");
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {option:<25}{what}");
    }
    text
}

/// Prints `usage` and the options of the runners, and ends the process.
pub(crate) fn print_and_exit(usage: &str) -> ! {
    // A closed pipe, as of `--help | head`, is no error.
    let _ = std::io::stdout().write_all(text(usage).as_bytes());
    std::process::exit(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_of_a_runner_is_explained() {
        let text = text("Usage: a program\n");
        assert!(text.starts_with("Usage: a program\n\nOptions of the runners:\n  --runner=NAME  "));
        assert!(text.ends_with("  --help                   this text\n"));
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
