//! Where reading starts.

use std::collections::BTreeMap;
use std::time::Duration;

use purlin_sdk::Timestamp;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::{Offset, TopicPartitionList};
use tracing::warn;

use crate::observer::Observer;

/// Where reading starts, for partitions that the pipeline has not read yet. A resumed pipeline goes
/// on where it was, whatever this says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Start {
    /// After what the group has committed, and at the earliest record of partitions of which it
    /// has committed nothing. The default with a `group_id`.
    CommittedOrEarliest,
    /// After what the group has committed, and at the end of partitions of which it has committed
    /// nothing.
    CommittedOrLatest,
    /// At the earliest record there is. The default without a `group_id`.
    #[default]
    Earliest,
    /// At the end: only records that are yet to come.
    Latest,
    /// At the first record whose timestamp is this or later; at the end where there is none.
    Timestamp(Timestamp),
    /// At these offsets of these topics and partitions, and at the earliest record of all others.
    Offsets(BTreeMap<(String, i32), u64>),
}

impl Start {
    /// Whether it asks for a group's offsets.
    pub(crate) fn needs_group(&self) -> bool {
        matches!(self, Self::CommittedOrEarliest | Self::CommittedOrLatest)
    }

    /// Where to start in partitions that were made while the pipeline ran.
    pub(crate) fn of_new_partitions(self) -> Self {
        match self {
            Self::CommittedOrLatest => Self::CommittedOrEarliest,
            Self::Latest | Self::Timestamp(_) => Self::Earliest,
            other => other,
        }
    }
}

/// The offsets of a partition when it was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Extent {
    /// The earliest record's offset.
    pub(crate) low: u64,
    /// The offset after the last record that can be read.
    pub(crate) high: u64,
}

/// Asks the partition's leader.
pub(crate) fn extent(
    consumer: &BaseConsumer<Observer>,
    topic: &str,
    partition: i32,
    patience: Duration,
) -> KafkaResult<Extent> {
    let (low, high) = consumer.fetch_watermarks(topic, partition, patience)?;
    let [low, high] = [low, high].map(|offset| u64::try_from(offset).unwrap_or(0));
    Ok(Extent { low, high })
}

/// The offsets at which reading of `partitions` of `topic` starts.
pub(crate) fn offsets(
    start: &Start,
    consumer: &BaseConsumer<Observer>,
    topic: &str,
    partitions: &[(i32, Extent)],
    patience: Duration,
) -> KafkaResult<Vec<u64>> {
    let known = match start {
        Start::CommittedOrEarliest | Start::CommittedOrLatest => {
            let list = with_offset(topic, partitions, Offset::Invalid)?;
            found(&consumer.committed_offsets(list, patience)?)
        }
        Start::Timestamp(time) => {
            let list = with_offset(topic, partitions, Offset::Offset(time.millis().max(0)))?;
            found(&consumer.offsets_for_times(list, patience)?)
        }
        Start::Offsets(offsets) => offsets
            .iter()
            .filter(|((name, _), _)| name == topic)
            .map(|((_, partition), offset)| (*partition, *offset))
            .collect(),
        Start::Earliest | Start::Latest => BTreeMap::new(),
    };
    let start_of = |(partition, extent): &(i32, Extent)| {
        chosen(start, known.get(partition).copied(), *extent).unwrap_or_else(|lost| {
            warn!(topic, partition, lost, ?extent, "the offset to start at is out of range");
            otherwise(start, *extent)
        })
    };
    Ok(partitions.iter().map(start_of).collect())
}

/// The offset to start at, or the one that is known and not in the partition.
fn chosen(start: &Start, known: Option<u64>, extent: Extent) -> Result<u64, u64> {
    match known {
        Some(offset) if (extent.low..=extent.high).contains(&offset) => Ok(offset),
        Some(offset) => Err(offset),
        None => Ok(otherwise(start, extent)),
    }
}

fn otherwise(start: &Start, extent: Extent) -> u64 {
    match start {
        Start::CommittedOrEarliest | Start::Earliest | Start::Offsets(_) => extent.low,
        Start::CommittedOrLatest | Start::Latest | Start::Timestamp(_) => extent.high,
    }
}

fn with_offset(
    topic: &str,
    partitions: &[(i32, Extent)],
    offset: Offset,
) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for (partition, _) in partitions {
        list.add_partition_offset(topic, *partition, offset)?;
    }
    Ok(list)
}

fn found(list: &TopicPartitionList) -> BTreeMap<i32, u64> {
    let elements = list.elements();
    let offsets = elements.iter().filter_map(|element| match element.offset() {
        Offset::Offset(offset) => Some((element.partition(), u64::try_from(offset).ok()?)),
        _ => None,
    });
    offsets.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: Extent = Extent { low: 10, high: 20 };

    #[test]
    fn what_is_not_committed_starts_as_the_policy_says() {
        assert_eq!(chosen(&Start::CommittedOrEarliest, None, EXTENT), Ok(10));
        assert_eq!(chosen(&Start::CommittedOrLatest, None, EXTENT), Ok(20));
        assert_eq!(chosen(&Start::CommittedOrLatest, Some(12), EXTENT), Ok(12));
        assert_eq!(chosen(&Start::CommittedOrLatest, Some(20), EXTENT), Ok(20));
    }

    #[test]
    fn a_committed_offset_that_retention_removed_is_noticed() {
        assert_eq!(chosen(&Start::CommittedOrEarliest, Some(3), EXTENT), Err(3));
        assert_eq!(chosen(&Start::CommittedOrEarliest, Some(21), EXTENT), Err(21));
    }
}
