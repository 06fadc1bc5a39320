//! What a read was told.

use std::time::Duration;

use rdkafka::ClientConfig;

use crate::cluster::{Cluster, Owned};
use crate::start::Start;

/// Properties of a consumer that are set here.
const OWNED: [Owned; 10] = [
    ("auto.commit.enable", COMMITS),
    ("auto.offset.reset", "call `.start(…)`"),
    ("bootstrap.servers", BROKERS),
    ("enable.auto.commit", COMMITS),
    ("enable.auto.offset.store", COMMITS),
    ("enable.partition.eof", "call `.stop_at_end()` to stop at the end"),
    ("group.id", "call `.group_id(…)`"),
    ("group.instance.id", "partitions are given to readers by the pipeline, not by the group"),
    ("metadata.broker.list", BROKERS),
    ("offset.store.method", COMMITS),
];
const COMMITS: &str =
    "offsets are committed with the pipeline's own commits; `.commit_offsets(false)` turns it off";
const BROKERS: &str = "pass the brokers to the transform itself";

/// A partition's reader fetches ahead up to this much; librdkafka's own 64 MiB would be multiplied
/// by the number of partitions.
const FETCH_AHEAD: (&str, &str) = ("queued.max.messages.kbytes", "16384");

/// Readers are assigned partitions by hand, but librdkafka wants a group's name for that. Nothing
/// is ever committed under this one.
const NO_GROUP: &str = "purlin";

/// What a record's event time is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum EventTime {
    /// The record's timestamp: when it was made or appended, as its topic is configured. The time
    /// of reading where a record has none.
    #[default]
    Record,
    /// The time of reading.
    Processing,
}

#[derive(Clone)]
pub(crate) struct ReadSettings {
    pub(crate) cluster: Cluster,
    pub(crate) topics: Vec<String>,
    pub(crate) group_id: Option<String>,
    pub(crate) start: Option<Start>,
    pub(crate) stop_at_end: bool,
    pub(crate) max_num_records: Option<u64>,
    pub(crate) max_read_time: Option<Duration>,
    pub(crate) commit_offsets: bool,
    pub(crate) event_time: EventTime,
    pub(crate) out_of_orderness: Duration,
    /// How often to look for new partitions.
    pub(crate) look_every: Option<Duration>,
}

impl ReadSettings {
    pub(crate) fn new(brokers: String, topics: Vec<String>) -> Self {
        Self {
            cluster: Cluster::new(brokers),
            topics,
            group_id: None,
            start: None,
            stop_at_end: false,
            max_num_records: None,
            max_read_time: None,
            commit_offsets: true,
            event_time: EventTime::default(),
            out_of_orderness: Duration::from_secs(1),
            look_every: Some(Duration::from_secs(1)),
        }
    }

    pub(crate) fn is_bounded(&self) -> bool {
        self.stop_at_end || self.max_num_records.is_some() || self.max_read_time.is_some()
    }

    pub(crate) fn commits(&self) -> bool {
        self.commit_offsets && self.group_id.is_some()
    }

    pub(crate) fn start(&self) -> Start {
        let default =
            if self.group_id.is_some() { Start::CommittedOrEarliest } else { Start::Earliest };
        self.start.clone().unwrap_or(default)
    }

    /// What is wrong, each with its cure.
    pub(crate) fn mistakes(&self) -> Vec<(String, String)> {
        let mut mistakes = self.cluster.mistakes(&OWNED);
        if self.topics.is_empty() || self.topics.iter().any(String::is_empty) {
            mistakes.push(("no Kafka topic is given".into(), "name at least one".into()));
        }
        if self.start().needs_group() && self.group_id.is_none() {
            let message = "reading starts where a group has committed, but no group is named";
            mistakes.push((message.into(), "call `.group_id(…)`".into()));
        }
        mistakes
    }

    /// The configuration of a consumer whose partitions are assigned by hand.
    pub(crate) fn consumer(&self) -> ClientConfig {
        let group = self.group_id.as_deref().unwrap_or(NO_GROUP);
        let owned = [
            ("group.id", group),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("enable.partition.eof", "true"),
            // An offset that is gone is an error: to start elsewhere unasked would lose records.
            ("auto.offset.reset", "error"),
        ];
        self.cluster.config(&[FETCH_AHEAD], &owned)
    }
}
