//! A real Kafka cluster on this machine, for tests and for trying things.
//!
//! A broker is a Java program whose jars Maven resolves once into `target/kafka/libs`. Everything
//! else lives in `target/kafka/run` and goes with `down`. Only loopback addresses are used. It works
//! on Linux, where `/proc` says whether a pid still is the broker.

mod broker;
mod libs;
mod ports;
mod properties;
mod running;

use std::{
    fs::{self, File},
    path::PathBuf,
};

use clap::{Subcommand, ValueEnum};

use crate::{
    failure::{Failure, Outcome},
    workspace,
};

use properties::Node;
use running::Running;

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Start a cluster, or find the running one; the last line is its address
    Up {
        /// How many brokers share the cluster
        #[arg(long, default_value = "1")]
        brokers: Size,
    },
    /// Stop the cluster and remove its data
    Down,
}

/// How many brokers a cluster has.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Size {
    #[value(name = "1")]
    One,
    #[value(name = "3")]
    Three,
}

impl Size {
    fn brokers(self) -> usize {
        match self {
            Self::One => 1,
            Self::Three => 3,
        }
    }
}

/// A cluster that is stopped when this is dropped, unless it was already running before.
pub(crate) struct Cluster {
    /// The brokers' addresses, with commas between them.
    pub(crate) address: String,
    was_running: bool,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.was_running {
            return;
        }
        if let Err(failure) = down() {
            eprintln!("error: {failure}");
        }
    }
}

pub(crate) fn run(task: &Task) -> Outcome {
    match task {
        Task::Up { brokers } => {
            let (address, _) = up(*brokers)?;
            println!("{address}");
            Ok(())
        }
        Task::Down => down(),
    }
}

/// A cluster for as long as the returned value lives.
pub(crate) fn cluster(size: Size) -> Outcome<Cluster> {
    let (address, was_running) = up(size)?;
    Ok(Cluster { address, was_running })
}

/// Returns the cluster's address, and whether it was running already.
fn up(size: Size) -> Outcome<(String, bool)> {
    let _lock = lock()?;
    if let Some(address) = address_of_running(size)? {
        return Ok((address, true));
    }
    let libs = libs::resolve()?;
    let nodes = nodes(size)?;
    let started = start(&libs, &nodes);
    if started.is_err() {
        remove()?;
    }
    started.map(|running| (running.address(), false))
}

fn down() -> Outcome {
    let _lock = lock()?;
    remove()
}

fn address_of_running(size: Size) -> Outcome<Option<String>> {
    let running = Running::load(&run_folder())?;
    if !running.is_alive() {
        // What a crash left behind.
        remove()?;
        return Ok(None);
    }
    if running.len() == size.brokers() {
        return Ok(Some(running.address()));
    }
    let what = format!("a cluster of {} runs at {}", running.len(), running.address());
    Err(Failure::new(what).help("stop it with `cargo xtask kafka down`"))
}

fn nodes(size: Size) -> Outcome<Vec<Node>> {
    let ports = ports::free(2 * size.brokers())?;
    let pairs = (1..).zip(ports.chunks_exact(2));
    Ok(pairs.map(|(id, ports)| Node { id, port: ports[0], controller_port: ports[1] }).collect())
}

/// Starts all brokers; what was started is on record even when this fails.
fn start(libs: &str, nodes: &[Node]) -> Outcome<Running> {
    let folder = run_folder();
    for node in nodes {
        broker::configure(&folder, node, nodes)?;
    }
    eprintln!("formatting storage for {} of Kafka", counted(nodes.len()));
    broker::format(libs, &folder, nodes)?;
    let mut running = Running::default();
    for node in nodes {
        let pid = broker::start(libs, &folder, node)?;
        running.add(pid, node.port);
        running.save(&folder)?;
    }
    eprintln!("waiting until {} can be used", counted(nodes.len()));
    broker::wait_until_ready(&folder, nodes, &running)?;
    Ok(running)
}

fn counted(brokers: usize) -> String {
    if brokers == 1 { "1 broker".to_owned() } else { format!("{brokers} brokers") }
}

/// Stops what is on record and removes its data.
fn remove() -> Outcome {
    let folder = run_folder();
    Running::load(&folder)?.stop()?;
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(Failure::at(&folder))?;
    }
    Ok(())
}

fn run_folder() -> PathBuf {
    workspace::target("kafka/run")
}

/// Two calls at a time would start two clusters and remember one.
fn lock() -> Outcome<File> {
    let folder = workspace::target("kafka");
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    let path = folder.join("lock");
    let file = File::create(&path).map_err(Failure::at(&path))?;
    file.lock().map_err(Failure::at(&path))?;
    Ok(file)
}
