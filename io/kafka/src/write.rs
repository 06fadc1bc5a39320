//! The sink.

use std::sync::Arc;
use std::time::Duration;

use purlin_sdk::{BoxError, Context, DoFn, Element, PCollection, PTransform, Timestamp};

use crate::format::ToKafka;
use crate::producer::{Bundle, Outgoing, Producer};
use crate::record::{Headers, OutRecord};
use crate::topics::NewTopics;
use crate::write_settings::WriteSettings;

/// Writes pairs of key and value to a topic: `PCollection<(K, V)> → ()`.
///
/// `K` and `V` implement [`ToKafka`]: `String`, `Bytes`, `Json<T>`, `Option` of these for nulls,
/// `()` for no key. See [`WriteToKafka`] for what it guarantees.
///
/// ```no_run
/// # use purlin_sdk::Pipeline;
/// # let p = Pipeline::new();
/// p.create([("a".to_owned(), "1".to_owned())])
///     .apply(purlin_io_kafka::write("localhost:9092", "numbers"));
/// ```
pub fn write(brokers: impl Into<String>, topic: impl Into<String>) -> WriteToKafka<OneTopic> {
    WriteToKafka { settings: WriteSettings::new(brokers.into()), to: OneTopic(topic.into()) }
}

/// Writes records, each to the topic that it names: `PCollection<OutRecord> → ()`.
pub fn write_records(brokers: impl Into<String>) -> WriteToKafka<EachItsTopic> {
    WriteToKafka { settings: WriteSettings::new(brokers.into()), to: EachItsTopic(()) }
}

/// The Kafka sink.
///
/// **At least once**: a bundle ends when all replicas in sync have all of its records
/// (`acks=all`); one that is not written fails the bundle, with its topic, partition and key. A
/// bundle that failed is written again as a whole. The producer is idempotent: what it sends again
/// by itself is not doubled, and the order within a partition stays.
///
/// **Partitions** are chosen by the key as Java's producer chooses (murmur2), and at random without
/// one; the property `partitioner` changes it. **Back-pressure**: while librdkafka's queue is full,
/// the bundle waits. **Cost**: one producer for each process and transform; a bundle waits for at
/// most the property `linger.ms` (5) longer than for the brokers.
#[must_use = "a transform has no effect until it is applied"]
#[derive(Clone)]
pub struct WriteToKafka<To> {
    settings: WriteSettings,
    to: To,
}

/// All records go to one topic.
#[derive(Clone, Debug)]
pub struct OneTopic(String);

/// Each record names its topic.
#[derive(Clone, Debug)]
pub struct EachItsTopic(());

impl<To> WriteToKafka<To> {
    /// Creates topics that are missing, before the first record is written to them. Without it a
    /// missing topic is an error, unless the brokers create topics by themselves.
    pub fn create_topics(mut self, new: NewTopics) -> Self {
        self.settings.create_topics = Some(new);
        self
    }

    /// How long to wait for the brokers when the first record is written to a topic. Ten seconds,
    /// unless given. How long a record may take is the property `delivery.timeout.ms`.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.cluster.patience = timeout;
        self
    }

    /// Sets a property of librdkafka's producer. Those that this transform sets itself are refused
    /// by name when the pipeline is built, and so are unknown ones.
    pub fn property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.cluster.set(key.into(), value.into());
        self
    }
}

impl WriteToKafka<OneTopic> {
    /// Gives records the timestamps of their elements; otherwise the time of writing.
    pub fn keep_timestamps(mut self) -> Self {
        self.settings.keep_timestamps = true;
        self
    }
}

impl<K, V> PTransform<PCollection<(K, V)>> for WriteToKafka<OneTopic>
where
    K: Element + ToKafka,
    V: Element + ToKafka,
{
    type Output = ();
    const IS_WHOLE: bool = true;

    fn expand(self, pairs: PCollection<(K, V)>) {
        let OneTopic(topic) = self.to;
        if topic.is_empty() {
            pairs.pipeline().mistake("no Kafka topic is given", "name the topic to write to");
        }
        let keep_timestamps = self.settings.keep_timestamps;
        let send = move |(key, value): (K, V), time: Timestamp, bundle: &Bundle| {
            let key = key.to_kafka()?;
            let value = value.to_kafka()?;
            bundle.send(&Outgoing {
                topic: &topic,
                partition: None,
                key: key.as_deref(),
                value: value.as_deref(),
                timestamp: keep_timestamps.then_some(time).filter(is_representable),
                headers: &Headers::new(),
            })
        };
        write_with(self.settings, &pairs, send);
    }
}

impl PTransform<PCollection<OutRecord>> for WriteToKafka<EachItsTopic> {
    type Output = ();
    const IS_WHOLE: bool = true;

    fn expand(self, records: PCollection<OutRecord>) {
        let send = |record: OutRecord, _: Timestamp, bundle: &Bundle| {
            bundle.send(&Outgoing {
                topic: &record.topic,
                partition: record.partition,
                key: record.key.as_deref(),
                value: record.value.as_deref(),
                timestamp: record.timestamp.filter(is_representable),
                headers: &record.headers,
            })
        };
        write_with(self.settings, &records, send);
    }
}

/// Kafka's timestamps start at the epoch; zero is librdkafka's word for "now".
fn is_representable(timestamp: &Timestamp) -> bool {
    timestamp.millis() > 0
}

fn write_with<T: Element>(
    settings: WriteSettings,
    input: &PCollection<T>,
    send: impl Fn(T, Timestamp, &Bundle) -> Result<(), BoxError> + Send + Sync + 'static,
) {
    for (message, help) in settings.mistakes() {
        input.pipeline().mistake(message, &help);
    }
    input.refuse_retractions();
    let write =
        WriteRecords { producer: Producer::new(settings), send: Arc::new(send), bundle: None };
    // Nothing comes out; what could not be written fails the bundle.
    drop(input.par_do(write));
}

/// How an element becomes a record.
type Submit<T> = dyn Fn(T, Timestamp, &Bundle) -> Result<(), BoxError> + Send + Sync;

struct WriteRecords<T> {
    producer: Arc<Producer>,
    send: Arc<Submit<T>>,
    bundle: Option<Bundle>,
}

impl<T> Clone for WriteRecords<T> {
    fn clone(&self) -> Self {
        Self { producer: Arc::clone(&self.producer), send: Arc::clone(&self.send), bundle: None }
    }
}

impl<T: Element> DoFn for WriteRecords<T> {
    type In = T;
    type Out = ();

    fn start_bundle(&mut self, _: &mut Context<()>) -> Result<(), BoxError> {
        // Reports of a bundle that failed are no longer of interest.
        self.bundle = None;
        Ok(())
    }

    fn process(&mut self, element: T, cx: &mut Context<()>) -> Result<(), BoxError> {
        let bundle = match &self.bundle {
            Some(bundle) => bundle,
            None => self.bundle.insert(self.producer.bundle()?),
        };
        (self.send)(element, cx.timestamp(), bundle)
    }

    fn finish_bundle(&mut self, _: &mut Context<()>) -> Result<(), BoxError> {
        self.bundle.take().map_or(Ok(()), |bundle| bundle.finish())
    }
}
