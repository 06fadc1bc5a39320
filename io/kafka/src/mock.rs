//! A cluster inside this process, for tests and examples.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use purlin_sdk::{Error, Result};
use rdkafka::error::KafkaResult;
use rdkafka::mocking::MockCluster;

use crate::trouble::reason;

/// Brokers on sockets of this machine, in this process, that keep records in memory.
///
/// They serve clients of any process as long as this value lives. They create topics by
/// themselves, keep at most 5 MB of each partition and silently drop what is older, know no
/// transactions, no TLS and no creation of topics by a client: for tests and examples, never for
/// data.
pub struct MockBroker {
    bootstrap_servers: String,
    commands: Option<Sender<Command>>,
    thread: Option<JoinHandle<()>>,
}

struct Command {
    topic: String,
    partitions: i32,
    done: Sender<KafkaResult<()>>,
}

impl MockBroker {
    /// Starts a cluster of `brokers` brokers.
    ///
    /// # Errors
    /// When it cannot be started, for example because no port is free.
    pub fn start(brokers: u32) -> Result<Self> {
        let (started, start) = channel();
        let (commands, receiver) = channel();
        // The cluster cannot move between threads, so it lives on one of its own.
        let thread = thread::Builder::new()
            .name("kafka-mock".to_owned())
            .spawn(move || serve(brokers, &started, &receiver))
            .map_err(|error| Error::caused("no thread for the mock Kafka cluster", error))?;
        match start.recv() {
            Ok(Ok(bootstrap_servers)) => {
                Ok(Self { bootstrap_servers, commands: Some(commands), thread: Some(thread) })
            }
            Ok(Err(error)) => Err(Error::environment(format!(
                "the mock Kafka cluster does not start: {}",
                reason(&error)
            ))),
            Err(_) => Err(Error::environment("the mock Kafka cluster ended while it started")),
        }
    }

    /// The brokers' addresses, with commas between them.
    #[must_use]
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// When it exists, or its name is not allowed.
    pub fn create_topic(&self, topic: &str, partitions: u32) -> Result<()> {
        let (done, answer) = channel();
        let partitions = i32::try_from(partitions).unwrap_or(i32::MAX);
        let command = Command { topic: topic.to_owned(), partitions, done };
        let sent = self.commands.as_ref().is_some_and(|commands| commands.send(command).is_ok());
        match answer.recv() {
            Ok(Ok(())) if sent => Ok(()),
            Ok(Err(error)) => Err(Error::environment(format!(
                "the mock Kafka cluster does not create `{topic}`: {}",
                reason(&error)
            ))),
            _ => Err(Error::environment("the mock Kafka cluster has ended")),
        }
    }
}

fn serve(brokers: u32, started: &Sender<KafkaResult<String>>, commands: &Receiver<Command>) {
    let cluster = match MockCluster::new(i32::try_from(brokers.max(1)).unwrap_or(i32::MAX)) {
        Ok(cluster) => cluster,
        Err(error) => {
            // Nobody waits any more if this fails, and then nobody wants to know.
            drop(started.send(Err(error)));
            return;
        }
    };
    if started.send(Ok(cluster.bootstrap_servers())).is_err() {
        return;
    }
    for Command { topic, partitions, done } in commands {
        drop(done.send(cluster.create_topic(&topic, partitions, 1)));
    }
}

impl Drop for MockBroker {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // A panic on that thread was printed there.
            drop(thread.join());
        }
    }
}
