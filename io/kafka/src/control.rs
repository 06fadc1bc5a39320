//! The client that asks and commits, beside those that read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use purlin_sdk::BoxError;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use crate::observer::Observer;
use crate::settings::ReadSettings;
use crate::start::{Extent, Start, extent, offsets};
use crate::trouble::{no_such_topic, reason, refused, trouble, unreachable};

/// How often a commit is tried while the group's coordinator moves, and how long between.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// A consumer without partitions, shared by all clones of a transform in this process and made when
/// it is first needed.
pub(crate) struct Control {
    pub(crate) settings: Arc<ReadSettings>,
    client: Mutex<Option<Arc<Client>>>,
    /// The offset that was committed for each partition: a commit never goes back.
    committed: Mutex<HashMap<(String, i32), u64>>,
}

struct Client {
    consumer: BaseConsumer<Observer>,
    observer: Observer,
}

/// A partition with the offset at which to start, and its extent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Found {
    pub(crate) partition: i32,
    pub(crate) start: u64,
    pub(crate) extent: Extent,
}

impl Control {
    pub(crate) fn new(settings: Arc<ReadSettings>) -> Arc<Self> {
        Arc::new(Self { settings, client: Mutex::default(), committed: Mutex::default() })
    }

    fn client(&self) -> Result<Arc<Client>, BoxError> {
        let mut slot = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*slot {
            return Ok(Arc::clone(client));
        }
        let observer = Observer::default();
        let consumer = self
            .settings
            .consumer()
            .create_with_context(observer.clone())
            .map_err(|error| refused("consumer", &error))?;
        Ok(Arc::clone(slot.insert(Arc::new(Client { consumer, observer }))))
    }

    /// Calls the brokers. An error names them and what the client met meanwhile.
    fn ask<T>(
        &self,
        call: impl FnOnce(&BaseConsumer<Observer>) -> KafkaResult<T>,
    ) -> Result<T, BoxError> {
        let client = self.client()?;
        call(&client.consumer).map_err(|error| {
            // Errors wait in the client's queue until somebody looks.
            drop(client.consumer.poll(Duration::ZERO));
            let cluster = &self.settings.cluster;
            unreachable(&cluster.brokers, cluster.patience, &error, client.observer.last())
        })
    }

    /// The partitions of a topic, sorted.
    pub(crate) fn partitions(&self, topic: &str) -> Result<Vec<i32>, BoxError> {
        let cluster = &self.settings.cluster;
        let metadata = self.ask(|client| client.fetch_metadata(Some(topic), cluster.patience))?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let error = found.and_then(|found| found.error()).map(RDKafkaErrorCode::from);
        match (found, error) {
            (Some(found), None) if !found.partitions().is_empty() => {
                let mut ids: Vec<_> = found.partitions().iter().map(|part| part.id()).collect();
                ids.sort_unstable();
                Ok(ids)
            }
            (_, None | Some(RDKafkaErrorCode::UnknownTopicOrPartition)) => {
                Err(no_such_topic(topic, &cluster.brokers, "create it, or correct its name"))
            }
            (_, Some(code)) => Err(trouble(
                format!(
                    "the Kafka topic `{topic}` cannot be read: {}",
                    reason(&KafkaError::MetadataFetch(code))
                ),
                "check the topic's state and the rights of this client",
            )),
        }
    }

    /// Where to start in these partitions of a topic.
    pub(crate) fn find(
        &self,
        topic: &str,
        partitions: &[i32],
        start: &Start,
    ) -> Result<Vec<Found>, BoxError> {
        let patience = self.settings.cluster.patience;
        let extents = partitions.iter().map(|partition| {
            Ok((*partition, self.ask(|client| extent(client, topic, *partition, patience))?))
        });
        let extents: Vec<_> = extents.collect::<Result<_, BoxError>>()?;
        let starts = self.ask(|client| offsets(start, client, topic, &extents, patience))?;
        let found = extents.into_iter().zip(starts);
        Ok(found.map(|((partition, extent), start)| Found { partition, start, extent }).collect())
    }

    /// Commits `next`, the offset after the last one that was read, unless a later one is already.
    pub(crate) fn commit(&self, topic: &str, partition: i32, next: u64) -> Result<(), BoxError> {
        let mut committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        let last = committed.entry((topic.to_owned(), partition)).or_default();
        if next <= *last {
            return Ok(());
        }
        let client = self.client()?;
        drop(client.consumer.poll(Duration::ZERO));
        patiently(|| commit(&client.consumer, topic, partition, next)).map_err(|error| {
            let group = self.settings.group_id.as_deref().unwrap_or_default();
            not_committed(topic, partition, next, group, &error)
        })?;
        *last = next;
        Ok(())
    }
}

fn commit(
    consumer: &BaseConsumer<Observer>,
    topic: &str,
    partition: i32,
    next: u64,
) -> KafkaResult<()> {
    let mut list = TopicPartitionList::with_capacity(1);
    let offset = Offset::Offset(i64::try_from(next).unwrap_or(i64::MAX));
    list.add_partition_offset(topic, partition, offset)?;
    consumer.commit(&list, CommitMode::Sync)
}

/// Tries again while the group's coordinator is being found.
fn patiently(mut call: impl FnMut() -> KafkaResult<()>) -> KafkaResult<()> {
    use RDKafkaErrorCode as Code;
    let mut tries = 0;
    loop {
        let code = match call() {
            Ok(()) => return Ok(()),
            Err(error) => match error.rdkafka_error_code() {
                Some(code) if tries < TRIES => (code, error),
                _ => return Err(error),
            },
        };
        match code {
            (
                Code::CoordinatorLoadInProgress
                | Code::CoordinatorNotAvailable
                | Code::NotCoordinator
                | Code::WaitingForCoordinator
                | Code::BrokerTransportFailure,
                _,
            ) => {
                tries += 1;
                thread::sleep(PAUSE);
            }
            (_, error) => return Err(error),
        }
    }
}

fn not_committed(
    topic: &str,
    partition: i32,
    next: u64,
    group: &str,
    error: &KafkaError,
) -> BoxError {
    let help = match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::UnknownMemberId | RDKafkaErrorCode::IllegalGeneration) => {
            "other consumers are subscribed under this group: give the pipeline one of its own"
        }
        _ => "the records were processed; after a restart some may be read again",
    };
    trouble(
        format!(
            "offset {next} of partition {partition} of `{topic}` is not committed for the group \
             `{group}`: {}",
            reason(error)
        ),
        help,
    )
}
