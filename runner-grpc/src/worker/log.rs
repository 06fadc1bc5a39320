//! What a worker tells its runner beside its answers.

use std::time::{SystemTime, UNIX_EPOCH};

use purlin_proto::fn_execution::{LogEntry, log_entry};
use tokio::sync::mpsc::{Receiver, Sender, channel};

pub(super) use log_entry::severity::Enum as Severity;

/// Entries that wait; further ones are dropped, since work must not wait for its log.
const WAITING: usize = 1024;

/// The worker's logging stream.
#[derive(Clone)]
pub(super) struct Log(Sender<log_entry::List>);

impl Log {
    /// A log and what its stream takes entries from.
    pub(super) fn new() -> (Self, Receiver<log_entry::List>) {
        let (sender, receiver) = channel(WAITING);
        (Self(sender), receiver)
    }

    /// Adds an entry about an instruction, or about the worker itself where it is empty.
    pub(super) fn write(&self, severity: Severity, instruction: &str, message: String) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let entry = LogEntry {
            severity: severity.into(),
            timestamp: Some(prost_types::Timestamp {
                seconds: i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
                nanos: i32::try_from(now.subsec_nanos()).unwrap_or(0),
            }),
            message,
            instruction_id: instruction.to_owned(),
            thread: std::thread::current().name().unwrap_or_default().to_owned(),
            ..Default::default()
        };
        drop(self.0.try_send(log_entry::List { log_entries: vec![entry] }));
    }
}
