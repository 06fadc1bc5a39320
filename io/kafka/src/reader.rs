//! The consumer of one partition.

use std::time::{Duration, Instant};

use purlin_sdk::{BoxError, Timestamp};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use tracing::{debug, warn};

use crate::incoming::Incoming;
use crate::observer::Observer;
use crate::partition::Partition;
use crate::progress::Progress;
use crate::settings::ReadSettings;
use crate::start::extent;
use crate::trouble::{reason, refused, trouble};

/// How often a quiet partition's leader is asked for its end, and how long it may take to answer.
const ASK_EVERY: Duration = Duration::from_secs(1);
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// How long a leader may stay silent before the bundle fails.
const SILENCE: Duration = Duration::from_secs(60);

/// A consumer that is assigned one partition, and what it knows of it.
///
/// It never subscribes: the pipeline distributes partitions, and no group's rebalance takes one
/// away.
pub(crate) struct Reader {
    pub(crate) connection: Connection,
    /// The offset that comes next; `None` where a record was received and not claimed.
    pub(crate) next: Option<u64>,
    pub(crate) progress: Progress,
    /// Whether everything that was in the partition has been received.
    pub(crate) at_end: bool,
    /// How many bundles in a row found nothing.
    pub(crate) idle: u32,
    asked: Option<Instant>,
    silent_since: Option<Instant>,
}

pub(crate) struct Connection {
    consumer: BaseConsumer<Observer>,
    topic: String,
    partition: i32,
}

/// What a poll brought.
pub(crate) enum Polled<'a> {
    Record(Incoming<'a>),
    /// All that was in the partition was received before.
    End,
    Nothing,
}

impl Reader {
    /// Opens a connection that starts at an offset.
    pub(crate) fn open(
        settings: &ReadSettings,
        partition: &Partition,
        start: u64,
    ) -> Result<Self, BoxError> {
        let consumer: BaseConsumer<Observer> = settings
            .consumer()
            .create_with_context(Observer::default())
            .map_err(|error| refused("consumer", &error))?;
        let topic = partition.topic.clone();
        let connection = Connection { consumer, topic, partition: partition.partition };
        connection.assign(start)?;
        debug!(topic = partition.topic, partition = partition.partition, start, "partition opened");
        Ok(Self {
            connection,
            next: Some(start),
            progress: Progress::new(settings.out_of_orderness),
            at_end: false,
            idle: 0,
            asked: None,
            silent_since: None,
        })
    }

    /// Moves to an offset, unless it comes next anyway.
    pub(crate) fn seek(&mut self, start: u64) -> Result<(), BoxError> {
        if self.next != Some(start) {
            self.connection.assign(start)?;
            self.next = Some(start);
            self.at_end = false;
        }
        Ok(())
    }

    /// A bundle found nothing: asks the leader for the end from time to time, which moves the
    /// watermark, and notices a leader that is gone.
    pub(crate) fn quiet(&mut self) -> Result<(), BoxError> {
        if self.asked.is_some_and(|asked| asked.elapsed() < ASK_EVERY) {
            return Ok(());
        }
        let now = Timestamp::now();
        self.asked = Some(Instant::now());
        let Connection { consumer, topic, partition } = &self.connection;
        match extent(consumer, topic, *partition, ANSWER_WITHIN) {
            Ok(extent) => {
                self.silent_since = None;
                if let Some(next) = self.next {
                    self.progress.end_found(now, extent.high, next, self.at_end);
                }
                Ok(())
            }
            Err(error) => self.silence(&error),
        }
    }

    fn silence(&mut self, error: &KafkaError) -> Result<(), BoxError> {
        let since = *self.silent_since.get_or_insert_with(Instant::now);
        let Connection { topic, partition, .. } = &self.connection;
        if since.elapsed() < SILENCE {
            warn!(topic, partition, error = reason(error), "the leader of a partition is silent");
            return Ok(());
        }
        Err(trouble(
            format!(
                "the leader of partition {partition} of `{topic}` has not answered for \
                 {SILENCE:?}: {}",
                reason(error)
            ),
            "are the cluster's brokers running, and can they be reached from here?",
        ))
    }
}

impl Connection {
    fn assign(&self, start: u64) -> Result<(), BoxError> {
        let mut list = TopicPartitionList::with_capacity(1);
        let offset = Offset::Offset(i64::try_from(start).unwrap_or(i64::MAX));
        list.add_partition_offset(&self.topic, self.partition, offset)
            .and_then(|()| self.consumer.assign(&list))
            .map_err(|error| self.unreadable(&error))
    }

    /// Waits for a record.
    pub(crate) fn poll(&self, wait: Duration) -> Result<Polled<'_>, BoxError> {
        match self.consumer.poll(wait) {
            None => Ok(Polled::Nothing),
            Some(Ok(message)) => Ok(Polled::Record(Incoming(message))),
            Some(Err(KafkaError::PartitionEOF(_))) => Ok(Polled::End),
            // librdkafka connects again by itself; `quiet` notices when it does not succeed.
            Some(Err(error)) if is_passing(&error) => Ok(Polled::Nothing),
            Some(Err(error)) => Err(self.unreadable(&error)),
        }
    }

    fn unreadable(&self, error: &KafkaError) -> BoxError {
        use RDKafkaErrorCode as Code;
        let help = match error.rdkafka_error_code() {
            Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => {
                "the next offset was removed before it was read: keep records longer, or start the \
                 pipeline afresh"
            }
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition) => {
                "was the topic deleted while it was read?"
            }
            Some(Code::TopicAuthorizationFailed | Code::GroupAuthorizationFailed) => {
                "this client lacks the right to read; with a `group_id`, also that of the group"
            }
            _ => "see the brokers' logs",
        };
        trouble(
            format!(
                "partition {} of `{}` cannot be read: {}",
                self.partition,
                self.topic,
                reason(error)
            ),
            help,
        )
    }
}

/// Whether librdkafka goes on by itself after this.
fn is_passing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    !matches!(error, KafkaError::MessageConsumptionFatal(_))
        && matches!(
            error.rdkafka_error_code(),
            Some(
                Code::AllBrokersDown
                    | Code::BrokerTransportFailure
                    | Code::Resolve
                    | Code::OperationTimedOut
                    | Code::RequestTimedOut
                    | Code::NetworkException
                    | Code::LeaderNotAvailable
                    | Code::NotLeaderForPartition
                    | Code::CoordinatorLoadInProgress
                    | Code::CoordinatorNotAvailable
                    | Code::NotCoordinator
                    | Code::Authentication
                    | Code::SSL
            )
        )
}
