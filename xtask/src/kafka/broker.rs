//! One broker: its folder, its storage, its process.

use std::{
    fs::{self, File},
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    failure::{Failure, Outcome},
    interrupt,
};

use super::{
    libs,
    properties::{self, Node},
    running::Running,
};

/// Any 16 bytes in URL-safe base64 without padding.
const CLUSTER_ID: &str = "cHVybGluLXRlc3Qta2ZrYQ";
const READY: &str = "Kafka Server started";
/// Three brokers took 44 s on two busy cores.
const PATIENCE: Duration = Duration::from_secs(180);
const LOOK_EVERY: Duration = Duration::from_millis(100);
const TAIL_LINES: usize = 40;

/// Writes the settings of `node` into a folder of its own below `run`.
pub(super) fn configure(run: &Path, node: &Node, nodes: &[Node]) -> Outcome {
    let folder = folder(run, node);
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    let settings = settings(run, node);
    let text = properties::server(node, nodes, &folder.join("data"));
    fs::write(&settings, text).map_err(Failure::at(&settings))
}

/// Prepares the storage of all `nodes` at the same time: each is a Java program that mostly starts.
pub(super) fn format(libs: &str, run: &Path, nodes: &[Node]) -> Outcome {
    let mut formatting = Vec::new();
    for node in nodes {
        let mut java = java(libs, run, node)?;
        java.args(["kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID, "--config"]);
        java.arg(settings(run, node));
        formatting.push((node, java.spawn().map_err(|error| java_missing(&error))?));
    }
    for (node, mut child) in formatting {
        let status = child.wait().map_err(|error| java_missing(&error))?;
        if !status.success() {
            return Err(with_log("storage cannot be formatted", run, node));
        }
    }
    Ok(())
}

/// Starts `node` in a process group of its own, so that Ctrl-C here does not end it, and returns
/// its pid.
pub(super) fn start(libs: &str, run: &Path, node: &Node) -> Outcome<u32> {
    let mut java = java(libs, run, node)?;
    java.arg("kafka.Kafka").arg(settings(run, node)).process_group(0);
    java.spawn().map(|child| child.id()).map_err(|error| java_missing(&error))
}

/// Waits until each of `nodes` has logged that it serves.
pub(super) fn wait_until_ready(run: &Path, nodes: &[Node], running: &Running) -> Outcome {
    let deadline = Instant::now() + PATIENCE;
    for node in nodes {
        while !log(run, node).contains(READY) {
            interrupt::check()?;
            if !running.is_alive() {
                let stopped = nodes.iter().find(|node| !running.serves(node.port)).unwrap_or(node);
                return Err(with_log("the broker ended", run, stopped));
            }
            if Instant::now() > deadline {
                let what = format!("the broker is not ready after {} s", PATIENCE.as_secs());
                return Err(with_log(&what, run, node));
            }
            thread::sleep(LOOK_EVERY);
        }
    }
    Ok(())
}

/// Java with the broker's class path; what it prints goes to the log of `node`.
///
/// A short life on few cores: the simple collector and compiler halve the time to start.
fn java(libs: &str, run: &Path, node: &Node) -> Outcome<Command> {
    let path = folder(run, node).join("log");
    let log = File::options().create(true).append(true).open(&path).map_err(Failure::at(&path))?;
    let errors = log.try_clone().map_err(Failure::at(&path))?;
    let mut java = Command::new("java");
    java.args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m"]);
    java.arg(format!("-Dlog4j2.configurationFile={}", libs::source("log4j2.properties").display()));
    java.args(["-cp", libs]).current_dir(folder(run, node));
    java.stdin(Stdio::null()).stdout(log).stderr(errors);
    Ok(java)
}

fn java_missing(error: &io::Error) -> Failure {
    Failure::new(format!("`java` does not start: {error}"))
        .help("apt-get install default-jdk-headless")
}

fn with_log(what: &str, run: &Path, node: &Node) -> Failure {
    let log = log(run, node);
    let lines: Vec<_> = log.lines().collect();
    let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
    Failure::new(format!("{what} (node {}); the end of its log:\n{}", node.id, tail.join("\n")))
}

fn log(run: &Path, node: &Node) -> String {
    let bytes = fs::read(folder(run, node).join("log")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn settings(run: &Path, node: &Node) -> PathBuf {
    folder(run, node).join("server.properties")
}

fn folder(run: &Path, node: &Node) -> PathBuf {
    run.join(format!("broker-{}", node.id))
}
