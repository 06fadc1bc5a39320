//! The source.

use std::sync::Arc;
use std::time::Duration;

use purlin_sdk::{BoxError, Element, PCollection, PTransform, Pipeline};

use crate::control::Control;
use crate::format::FromKafka;
use crate::incoming::{Decode, Incoming};
use crate::partition::{ListPartitions, Partition};
use crate::read_partition::ReadPartition;
use crate::read_some::{ListTogether, ReadSome};
use crate::record::Record;
use crate::settings::{EventTime, ReadSettings};
use crate::start::Start;
use crate::turn::Source;
use crate::watch::WatchPartitions;

/// Reads a topic's records as pairs of key and value: `Pipeline → PCollection<(K, V)>`.
///
/// `K` and `V` are formats: types that implement [`FromKafka`], such as `String`, `Bytes`,
/// `Json<T>`, `Option` of these where nulls occur, or `()` to ignore keys. A record that cannot be
/// decoded fails the job with its place; to collect such records, read with [`read_records`] and
/// decode in `try_map(…).dead_letters()`.
///
/// See [`ReadFromKafka`] for where it starts and ends, and for what it guarantees.
///
/// ```no_run
/// # use purlin_sdk::Pipeline;
/// # let p = Pipeline::new();
/// let clicks = p.apply(
///     purlin_io_kafka::read::<Option<String>, String>("localhost:9092", "clicks").group_id("count"),
/// );
/// ```
pub fn read<K: FromKafka, V: FromKafka>(
    brokers: impl Into<String>,
    topic: impl Into<String>,
) -> ReadFromKafka<(K::Value, V::Value)> {
    ReadFromKafka::new(brokers.into(), vec![topic.into()], pair::<K, V>)
}

/// Reads whole records of any number of topics: `Pipeline → PCollection<Record>`.
pub fn read_records<T: Into<String>>(
    brokers: impl Into<String>,
    topics: impl IntoIterator<Item = T>,
) -> ReadFromKafka<Record> {
    let topics = topics.into_iter().map(Into::into).collect();
    ReadFromKafka::new(brokers.into(), topics, Record::received)
}

fn pair<K: FromKafka, V: FromKafka>(
    incoming: &Incoming<'_>,
) -> Result<(K::Value, V::Value), BoxError> {
    let key = K::from_kafka(incoming.key()).map_err(|e| incoming.undecodable("key", &e))?;
    let value = V::from_kafka(incoming.value()).map_err(|e| incoming.undecodable("value", &e))?;
    Ok((key, value))
}

/// The Kafka source.
///
/// **Partitions** are listed when the pipeline starts, and an unbounded read finds those that are
/// added [later](Self::look_for_partitions). Each is read on its own, in order; there is no order
/// between partitions. A topic that does not exist is an error.
///
/// **Progress** belongs to the pipeline: what was read and committed by the runner is not read
/// again, also after a failure. With a [`group_id`](Self::group_id) the group's offsets follow,
/// each only once nothing that derives from the records before it can be lost, so that a new run
/// of the pipeline goes on there: at least once, and exactly where a clean end left off.
///
/// **Timestamps** are those of the records, see [`event_time`](Self::event_time). **Watermark**: of
/// each partition the newest timestamp that was read, less
/// [`allowed_out_of_orderness`](Self::allowed_out_of_orderness); of one that was read to its end,
/// the time at which its leader confirmed that end, less the same. So a quiet partition, or one
/// that never had a record, holds nothing back, and none is taken for quiet while the cluster
/// cannot be reached. The collection's watermark is that of the slowest partition.
///
/// **Unbounded**, unless [`stop_at_end`](Self::stop_at_end),
/// [`max_num_records`](Self::max_num_records) or [`max_read_time`](Self::max_read_time) is given;
/// of several the first that is met ends it.
#[must_use = "a transform has no effect until it is applied"]
pub struct ReadFromKafka<T> {
    settings: ReadSettings,
    decode: Decode<T>,
}

impl<T> Clone for ReadFromKafka<T> {
    fn clone(&self) -> Self {
        Self { settings: self.settings.clone(), decode: self.decode }
    }
}

impl<T> ReadFromKafka<T> {
    fn new(brokers: String, topics: Vec<String>, decode: Decode<T>) -> Self {
        Self { settings: ReadSettings::new(brokers, topics), decode }
    }

    /// Reads these topics instead.
    pub fn topics<S: Into<String>>(mut self, topics: impl IntoIterator<Item = S>) -> Self {
        self.settings.topics = topics.into_iter().map(Into::into).collect();
        self
    }

    /// The group whose offsets say where to start and follow what was read. Give each pipeline one
    /// of its own: its consumers do not join the group, and others that do would work against it.
    pub fn group_id(mut self, group_id: impl Into<String>) -> Self {
        self.settings.group_id = Some(group_id.into());
        self
    }

    /// Where to start; [`Start::CommittedOrEarliest`] with a group, else [`Start::Earliest`].
    pub fn start(mut self, start: Start) -> Self {
        self.settings.start = Some(start);
        self
    }

    /// Ends at the end that each partition had when the pipeline started, or, where a transaction
    /// was open then, before it.
    pub fn stop_at_end(mut self) -> Self {
        self.settings.stop_at_end = true;
        self
    }

    /// Ends after exactly this many records of all partitions together. They are read one
    /// partition after the other by a single worker, so it is meant for tests and samples.
    pub fn max_num_records(mut self, records: u64) -> Self {
        self.settings.max_num_records = Some(records);
        self
    }

    /// Ends this long after the partitions were listed.
    pub fn max_read_time(mut self, time: Duration) -> Self {
        self.settings.max_read_time = Some(time);
        self
    }

    /// Whether the group's offsets follow what was read. They do, unless this says otherwise.
    pub fn commit_offsets(mut self, commit: bool) -> Self {
        self.settings.commit_offsets = commit;
        self
    }

    /// What the records' event time is: their own timestamps, unless this says otherwise.
    pub fn event_time(mut self, event_time: EventTime) -> Self {
        self.settings.event_time = event_time;
        self
    }

    /// How much older than the newest record of its partition a record may be without being late.
    /// One second, unless given; results of windows come that much later. Where the broker sets the
    /// timestamps there is no disorder, and zero is right.
    pub fn allowed_out_of_orderness(mut self, duration: Duration) -> Self {
        self.settings.out_of_orderness = duration;
        self
    }

    /// How often an unbounded read looks for partitions that were added to its topics: each second,
    /// unless given; never with `None`. New partitions are read from their beginning. The watermark
    /// is never later than the last look.
    pub fn look_for_partitions(mut self, every: Option<Duration>) -> Self {
        self.settings.look_every = every;
        self
    }

    /// How long to wait for the brokers when the pipeline starts. Ten seconds, unless given.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.cluster.patience = timeout;
        self
    }

    /// Sets a property of librdkafka's consumer. Those that this transform sets itself are refused
    /// by name when the pipeline is built, and so are unknown ones.
    pub fn property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.cluster.set(key.into(), value.into());
        self
    }
}

impl<T: Element> PTransform<Pipeline> for ReadFromKafka<T> {
    type Output = PCollection<T>;
    const IS_WHOLE: bool = true;

    fn expand(self, pipeline: Pipeline) -> PCollection<T> {
        for (message, help) in self.settings.mistakes() {
            pipeline.mistake(message, &help);
        }
        let is_bounded = self.settings.is_bounded();
        let limit = self.settings.max_num_records;
        let control = Control::new(Arc::new(self.settings));
        let list = ListPartitions(Arc::clone(&control));
        let source = Source { control, pool: Arc::default(), decode: self.decode };
        if let Some(records) = limit {
            let together = pipeline.impulse().par_do(ListTogether(list)).reshuffle();
            return together.par_do_splittable(ReadSome { source, records }, true).main();
        }
        let partitions = partitions(&pipeline, list, is_bounded);
        partitions.reshuffle().par_do_splittable(ReadPartition(source), is_bounded).main()
    }
}

fn partitions(
    pipeline: &Pipeline,
    list: ListPartitions,
    is_bounded: bool,
) -> PCollection<Partition> {
    match list.0.settings.look_every.filter(|_| !is_bounded) {
        Some(every) => {
            let topics = pipeline.create(list.0.settings.topics.clone());
            let watch = WatchPartitions { list, every, looks: Arc::default() };
            topics.par_do_splittable(watch, false).main()
        }
        None => pipeline.impulse().par_do(list).main(),
    }
}
