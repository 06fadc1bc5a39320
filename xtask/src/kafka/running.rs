//! The record of the brokers that were started, so that exactly these are stopped.

use std::{
    fmt, fs, io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use crate::{
    failure::{Failure, Outcome},
    process,
};

const FILE: &str = "brokers";
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The brokers of a cluster; a file keeps them from `up` to `down`, one a line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Running(Vec<Broker>);

/// A process. Pids are used again, so that its start time belongs to its name.
#[derive(Debug, PartialEq, Eq)]
struct Broker {
    pid: u32,
    /// In clock ticks since the machine started.
    started: u64,
    port: u16,
}

impl Running {
    /// What is on record in `folder`: nothing, if there is no record.
    pub(super) fn load(folder: &Path) -> Outcome<Self> {
        let path = folder.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::at(&path)(error)),
        }
    }

    pub(super) fn save(&self, folder: &Path) -> Outcome {
        let path = folder.join(FILE);
        fs::write(&path, self.to_string()).map_err(Failure::at(&path))
    }

    /// Adds the process `pid`. One that has ended already is added too, as not alive.
    pub(super) fn add(&mut self, pid: u32, port: u16) {
        self.0.push(Broker { pid, started: start_time(pid).unwrap_or(0), port });
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are brokers, and all of them are alive.
    pub(super) fn is_alive(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(Broker::is_alive)
    }

    /// Whether the broker that listens on `port` is alive.
    pub(super) fn serves(&self, port: u16) -> bool {
        self.0.iter().any(|broker| broker.port == port && broker.is_alive())
    }

    /// The addresses that a client needs, with commas between them.
    pub(super) fn address(&self) -> String {
        let addresses = self.0.iter().map(|broker| format!("127.0.0.1:{}", broker.port));
        addresses.collect::<Vec<_>>().join(",")
    }

    /// Kills what is alive and waits for its end. The data goes too, so there is nothing that a
    /// gentle shutdown would save.
    pub(super) fn stop(&self) -> Outcome {
        for broker in self.0.iter().filter(|broker| broker.is_alive()) {
            process::signal(broker.pid, "KILL")?;
        }
        let deadline = Instant::now() + PATIENCE;
        while let Some(broker) = self.0.iter().find(|broker| broker.is_alive()) {
            if Instant::now() > deadline {
                return Err(Failure::new(format!("process {} cannot be killed", broker.pid)));
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    fn parse(text: &str) -> Outcome<Self> {
        let brokers: Option<_> = text.lines().map(Broker::parse).collect();
        let unknown = || Failure::new(format!("no record of brokers:\n{text}"));
        brokers.map(Self).ok_or_else(unknown)
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|Broker { pid, started, port }| writeln!(f, "{pid} {started} {port}"))
    }
}

impl Broker {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let broker = Self {
            pid: words.next()?.parse().ok()?,
            started: words.next()?.parse().ok()?,
            port: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(broker)
    }

    fn is_alive(&self) -> bool {
        start_time(self.pid) == Some(self.started)
    }
}

/// When the living process `pid` started; nothing for one that only waits to be reaped.
fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, which may hold anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    // The state was field 3; the start time is field 22 of proc(5).
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_record_is_read_as_it_was_written() {
        let mut running = Running::default();
        running.add(std::process::id(), 20_000);
        running.add(std::process::id(), 20_002);
        assert_eq!(Running::parse(&running.to_string()).unwrap(), running);
        assert_eq!(running.address(), "127.0.0.1:20000,127.0.0.1:20002");
    }

    #[test]
    fn a_record_that_makes_no_sense_is_a_failure() {
        assert!(Running::parse("12 x 20000\n").is_err());
    }

    #[test]
    fn another_process_with_the_same_pid_is_not_the_broker() {
        let mut running = Running::default();
        running.add(std::process::id(), 20_000);
        assert!(running.is_alive());
        running.0[0].started += 1;
        assert!(!running.is_alive());
        // Or this test would end here.
        running.stop().unwrap();
    }

    #[test]
    fn stop_ends_the_process_on_record() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let mut running = Running::default();
        running.add(child.id(), 20_000);
        assert!(running.serves(20_000));
        running.stop().unwrap();
        assert!(!running.serves(20_000));
        assert!(!child.wait().unwrap().success());
    }
}
