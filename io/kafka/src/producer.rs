//! The producer of a process, and the delivery reports of its bundles.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use purlin_sdk::{BoxError, Timestamp};
use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer as _, ProducerContext, ThreadedProducer,
};

use crate::observer::Observer;
use crate::record::Headers;
use crate::topics::{await_topic, create};
use crate::trouble::{reason, refused, trouble};
use crate::write_settings::WriteSettings;

/// How long to wait for room in a full queue before looking again.
const ROOM: Duration = Duration::from_millis(1);

/// A record on its way into the producer's queue.
pub(crate) struct Outgoing<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: Option<i32>,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    pub(crate) timestamp: Option<Timestamp>,
    pub(crate) headers: &'a Headers,
}

/// A producer, made when it is first needed and shared by all clones of a transform in this
/// process: a bundle must not connect anew, and batches fill better.
pub(crate) struct Producer {
    settings: WriteSettings,
    open: Mutex<Option<Arc<Open>>>,
}

struct Open {
    producer: ThreadedProducer<Reports>,
    observer: Observer,
    /// The topics that are known to exist.
    topics: Mutex<HashSet<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Producer {
    pub(crate) fn new(settings: WriteSettings) -> Arc<Self> {
        Arc::new(Self { settings, open: Mutex::default() })
    }

    fn open(&self) -> Result<Arc<Open>, BoxError> {
        let mut slot = lock(&self.open);
        if let Some(open) = &*slot {
            return Ok(Arc::clone(open));
        }
        let observer = Observer::default();
        let producer = self
            .settings
            .producer()
            .create_with_context(Reports(observer.clone()))
            .map_err(|error| refused("producer", &error))?;
        let open = Open { producer, observer, topics: Mutex::default() };
        Ok(Arc::clone(slot.insert(Arc::new(open))))
    }

    /// Begins a bundle.
    pub(crate) fn bundle(self: &Arc<Self>) -> Result<Bundle, BoxError> {
        Ok(Bundle { open: self.open()?, producer: Arc::clone(self), deliveries: Arc::default() })
    }

    /// Makes sure that a topic exists; otherwise its records would wait for minutes until they
    /// expire.
    fn check_topic(&self, open: &Open, topic: &str) -> Result<(), BoxError> {
        let mut known = lock(&open.topics);
        if known.contains(topic) {
            return Ok(());
        }
        let cluster = &self.settings.cluster;
        if let Some(new) = self.settings.create_topics {
            create(&self.settings.admin(), cluster, topic, new)?;
        }
        await_topic(open.producer.client(), &open.observer, cluster, topic)?;
        known.insert(topic.to_owned());
        Ok(())
    }
}

/// The records of one bundle.
pub(crate) struct Bundle {
    producer: Arc<Producer>,
    open: Arc<Open>,
    deliveries: Arc<Deliveries>,
}

/// What became of a bundle's records.
#[derive(Default)]
struct Deliveries {
    pending: AtomicUsize,
    failure: Mutex<Option<String>>,
    done: Condvar,
}

impl Bundle {
    /// Queues a record. Waits while the queue is full.
    pub(crate) fn send(&self, outgoing: &Outgoing<'_>) -> Result<(), BoxError> {
        let Open { producer, .. } = &*self.open;
        self.producer.check_topic(&self.open, outgoing.topic)?;
        let mut record = base_record(outgoing, Arc::clone(&self.deliveries));
        self.deliveries.pending.fetch_add(1, Ordering::Relaxed);
        loop {
            match producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    producer.poll(ROOM);
                    record = back;
                }
                Err((error, _)) => {
                    self.deliveries.pending.fetch_sub(1, Ordering::Relaxed);
                    let described =
                        describe(outgoing.topic, outgoing.partition, outgoing.key, &error);
                    return Err(trouble(described, cure(&error)));
                }
            }
        }
    }

    /// Waits for all delivery reports. librdkafka reports every record, at the latest when its
    /// `delivery.timeout.ms` is over.
    pub(crate) fn finish(&self) -> Result<(), BoxError> {
        let deliveries = &self.deliveries;
        let mut failure = lock(&deliveries.failure);
        while deliveries.pending.load(Ordering::Acquire) > 0 {
            failure = deliveries.done.wait(failure).unwrap_or_else(PoisonError::into_inner);
        }
        match failure.take() {
            Some(failure) => Err(failure.into()),
            None => Ok(()),
        }
    }
}

impl Deliveries {
    fn reported(&self, failure: Option<String>) {
        if let Some(failure) = failure {
            lock(&self.failure).get_or_insert(failure);
        }
        if self.pending.fetch_sub(1, Ordering::AcqRel) == 1 {
            // Under the lock, so that it does not fall between the waiter's look and its wait.
            drop(lock(&self.failure));
            self.done.notify_all();
        }
    }
}

fn base_record<'a>(
    outgoing: &Outgoing<'a>,
    deliveries: Arc<Deliveries>,
) -> BaseRecord<'a, [u8], [u8], Arc<Deliveries>> {
    let mut record = BaseRecord::with_opaque_to(outgoing.topic, deliveries);
    record.partition = outgoing.partition;
    record.key = outgoing.key;
    record.payload = outgoing.value;
    record.timestamp = outgoing.timestamp.map(Timestamp::millis);
    if !outgoing.headers.is_empty() {
        let empty = OwnedHeaders::new_with_capacity(outgoing.headers.len());
        let all = outgoing.headers.iter().fold(empty, |headers, (key, value)| {
            headers.insert(Header { key, value: value.as_deref() })
        });
        record.headers = Some(all);
    }
    record
}

/// Receives the delivery reports, on the producer's own thread.
struct Reports(Observer);

impl ClientContext for Reports {
    fn error(&self, error: KafkaError, reason: &str) {
        self.0.error(error, reason);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Arc<Deliveries>;

    fn delivery(&self, result: &DeliveryResult<'_>, deliveries: Arc<Deliveries>) {
        let failure = result.as_ref().err().map(|(error, message)| {
            let partition = Some(message.partition()).filter(|partition| *partition >= 0);
            let described = describe(message.topic(), partition, message.key(), error);
            trouble(described, cure(error)).to_string()
        });
        deliveries.reported(failure);
    }
}

/// How much of a key is shown.
const SHOWN: usize = 100;

fn describe(topic: &str, partition: Option<i32>, key: Option<&[u8]>, error: &KafkaError) -> String {
    let partition = partition.map_or_else(String::new, |number| format!("partition {number} of "));
    let key = key.map_or_else(|| "no key".to_owned(), shown);
    format!("a record with {key} was not written to {partition}`{topic}`: {}", reason(error))
}

fn shown(key: &[u8]) -> String {
    let text = String::from_utf8_lossy(key);
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("the key `{}…`", &text[..end]),
        None => format!("the key `{text}`"),
    }
}

fn cure(error: &KafkaError) -> &'static str {
    use RDKafkaErrorCode as Code;
    match error.rdkafka_error_code() {
        Some(Code::MessageSizeTooLarge) => {
            "make records smaller, or raise the topic's `max.message.bytes` and the property \
             `message.max.bytes`; the topic's limit is one of whole batches, which the property \
             `batch.size` bounds"
        }
        Some(Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition) => {
            "the topic has no such partition, or was deleted"
        }
        Some(Code::MessageTimedOut) => "are the partition's leader and enough replicas running?",
        Some(Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed) => {
            "this client lacks the right to write to the topic"
        }
        _ => "see the brokers' logs",
    }
}
