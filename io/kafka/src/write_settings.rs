//! What a write was told.

use rdkafka::ClientConfig;

use crate::cluster::{Cluster, Owned};
use crate::topics::NewTopics;

/// Properties of a producer that are set here.
const OWNED: [Owned; 7] = [
    ("acks", ACKS),
    ("bootstrap.servers", BROKERS),
    ("delivery.report.only.error", "a bundle waits for the report of every record"),
    ("enable.idempotence", "it is on: a record that is sent again would otherwise be doubled"),
    ("metadata.broker.list", BROKERS),
    ("request.required.acks", ACKS),
    ("transactional.id", "transactions are not supported; records are written at least once"),
];
const ACKS: &str = "it is `all`: a bundle counts as written once all replicas have it";
const BROKERS: &str = "pass the brokers to the transform itself";

/// The same partitions as Java's producer, so that both can write to a topic.
const PARTITIONER: (&str, &str) = ("partitioner", "murmur2_random");

#[derive(Clone)]
pub(crate) struct WriteSettings {
    pub(crate) cluster: Cluster,
    pub(crate) create_topics: Option<NewTopics>,
    /// Whether records have their elements' timestamps.
    pub(crate) keep_timestamps: bool,
}

impl WriteSettings {
    pub(crate) fn new(brokers: String) -> Self {
        Self { cluster: Cluster::new(brokers), create_topics: None, keep_timestamps: false }
    }

    /// What is wrong, each with its cure.
    pub(crate) fn mistakes(&self) -> Vec<(String, String)> {
        self.cluster.mistakes(&OWNED)
    }

    pub(crate) fn producer(&self) -> ClientConfig {
        self.cluster.config(&[PARTITIONER], &[("acks", "all"), ("enable.idempotence", "true")])
    }

    pub(crate) fn admin(&self) -> ClientConfig {
        self.cluster.config(&[], &[])
    }
}
