//! The facts without which a number says nothing.

use std::{env, fs, process::Command, thread};

use crate::{failure::Outcome, process, workspace};

/// Each is a line of the report.
pub(super) fn facts() -> Outcome<Vec<String>> {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let arguments: Vec<_> = env::args().skip(1).collect();
    Ok(vec![
        format!("`cargo xtask {}`, medians", arguments.join(" ")),
        format!("{cores} cores of {}, load {load} before", model()),
        rustc()?,
        commit()?,
    ])
}

fn model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    model_in(&text).unwrap_or("an unknown model").to_owned()
}

fn model_in(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

fn rustc() -> Outcome<String> {
    let output = process::capture(Command::new("rustc").arg("--version"))?;
    Ok(output.trim().to_owned())
}

fn commit() -> Outcome<String> {
    let git = |arguments: &[&str]| {
        process::capture(Command::new("git").current_dir(workspace::root()).args(arguments))
    };
    let commit = git(&["rev-parse", "--short", "HEAD"])?;
    let is_clean = git(&["status", "--porcelain"])?.is_empty();
    let changes = if is_clean { "" } else { " with changes" };
    Ok(format!("commit {}{changes}", commit.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_found() {
        let text = "processor\t: 0\nmodel name\t: AMD EPYC\nprocessor\t: 1\nmodel name\t: B\n";
        assert_eq!(model_in(text), Some("AMD EPYC"));
        assert_eq!(model_in(""), None);
    }
}
