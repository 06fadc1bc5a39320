//! From topics to partitions, found when the pipeline runs.

use std::sync::Arc;

use bytes::Bytes;
use purlin_sdk::{BoxError, Context, DoFn, Element, OffsetRange, Timestamp};
use tracing::info;

use crate::control::{Control, Found};

/// A partition to be read.
#[derive(Clone, PartialEq, Eq, Debug, Element)]
#[element(crate = "purlin_sdk")]
pub(crate) struct Partition {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    /// The offset at which to start.
    pub(crate) start: u64,
    /// The offset at which to stop.
    pub(crate) end: u64,
    /// When to stop.
    pub(crate) until: Option<Timestamp>,
}

/// Lists the partitions of all topics. Running it again after a failure is harmless: what counts is
/// what was committed.
#[derive(Clone)]
pub(crate) struct ListPartitions(pub(crate) Arc<Control>);

impl Partition {
    /// The partition's number, as a position.
    pub(crate) fn number(&self) -> u64 {
        u64::try_from(self.partition).unwrap_or(0)
    }
}

impl ListPartitions {
    pub(crate) fn list(&self) -> Result<Vec<Partition>, BoxError> {
        let settings = &self.0.settings;
        let until = settings.max_read_time.map(|time| Timestamp::now() + time);
        let mut partitions = Vec::new();
        for topic in &settings.topics {
            let ids = self.0.partitions(topic)?;
            info!(topic, partitions = ids.len(), "reading a Kafka topic");
            let found = self.0.find(topic, &ids, &settings.start())?;
            partitions.extend(found.into_iter().map(|found| self.partition(topic, found, until)));
        }
        Ok(partitions)
    }

    /// The partitions of a topic from this number on; those that come after the first are new, and
    /// are read from their beginning, lest records be lost.
    pub(crate) fn list_from(&self, topic: &str, first: u64) -> Result<Vec<Partition>, BoxError> {
        let mut ids = self.0.partitions(topic)?;
        ids.retain(|id| u64::try_from(*id).is_ok_and(|id| id >= first));
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let start = self.0.settings.start();
        let start = if first == 0 { start } else { start.of_new_partitions() };
        let found = self.0.find(topic, &ids, &start)?;
        Ok(found.into_iter().map(|found| self.partition(topic, found, None)).collect())
    }

    fn partition(&self, topic: &str, found: Found, until: Option<Timestamp>) -> Partition {
        let settings = &self.0.settings;
        let end = if settings.stop_at_end {
            found.extent.high.max(found.start)
        } else if settings.is_bounded() {
            // Far away, but one that is reached by other means: such a range counts as bounded.
            OffsetRange::UNBOUNDED - 1
        } else {
            OffsetRange::UNBOUNDED
        };
        Partition {
            topic: topic.to_owned(),
            partition: found.partition,
            start: found.start,
            end,
            until,
        }
    }
}

impl DoFn for ListPartitions {
    type In = Bytes;
    type Out = Partition;

    fn process(&mut self, _: Bytes, cx: &mut Context<Partition>) -> Result<(), BoxError> {
        self.list()?.into_iter().for_each(|partition| cx.output(partition));
        Ok(())
    }
}
