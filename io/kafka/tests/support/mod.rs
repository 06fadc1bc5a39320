//! What the tests share: topics of their own, pipelines that collect what they read, and a consumer
//! beside the pipeline.
#![allow(dead_code, reason = "each test program uses a part of it")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use purlin_io_kafka::{OutRecord, ReadFromKafka, Record, write_records};
use purlin_runner_direct::DirectRunner;
use purlin_sdk::runner::Finished;
use purlin_sdk::{Element, Error, PCollection, Pipeline};
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// The real broker's address.
pub(crate) fn broker() -> String {
    match std::env::var("PURLIN_KAFKA") {
        Ok(address) if !address.is_empty() => address,
        _ => panic!("run `cargo xtask test`, which starts a broker"),
    }
}

/// A name that no other test and no other run has.
pub(crate) fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    format!("{name}-{time}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Creates a topic of that name at the real broker.
pub(crate) fn topic(name: &str, partitions: i32, settings: &[(&str, &str)]) -> String {
    let topic = unique(name);
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", broker()).create().unwrap();
    let mut new = NewTopic::new(&topic, partitions, TopicReplication::Fixed(1));
    for (key, value) in settings {
        new = new.set(key, value);
    }
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(20)));
    let results = wait(admin.create_topics([&new], &options)).unwrap();
    results.into_iter().for_each(|result| drop(result.unwrap()));
    topic
}

pub(crate) fn delete_topic(topic: &str) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", broker()).create().unwrap();
    let results = wait(admin.delete_topics(&[topic], &AdminOptions::new())).unwrap();
    results.into_iter().for_each(|result| drop(result.unwrap()));
}

/// Waits for a future that another thread completes.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(output) => return output,
            std::task::Poll::Pending => std::thread::yield_now(),
        }
    }
}

/// What a collection held when its pipeline had run.
pub(crate) struct Collected<T>(Arc<Mutex<Vec<T>>>);

impl<T> Collected<T> {
    pub(crate) fn take(self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

pub(crate) fn collect<T: Element>(collection: &PCollection<T>) -> Collected<T> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    drop(collection.map(move |value| sink.lock().unwrap().push(value)));
    Collected(seen)
}

pub(crate) fn run(pipeline: Pipeline) -> Result<Finished, Error> {
    pipeline.run_with(&DirectRunner::default())
}

/// Runs a read and returns what it read.
pub(crate) fn read_all<T: Element>(read: ReadFromKafka<T>) -> Result<Vec<T>, Error> {
    let p = Pipeline::new();
    let seen = collect(&p.apply(read));
    run(p)?;
    Ok(seen.take())
}

/// Writes records by a pipeline.
pub(crate) fn produce(brokers: &str, records: Vec<OutRecord>) {
    let p = Pipeline::new();
    p.create(records).apply(write_records(brokers));
    run(p).unwrap();
}

/// The group's committed offset of each partition.
pub(crate) fn committed(
    brokers: &str,
    group: &str,
    topic: &str,
    partitions: i32,
) -> Vec<Option<i64>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", group)
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_range(topic, 0, partitions - 1);
    let list = consumer.committed_offsets(list, Duration::from_secs(10)).unwrap();
    let offset = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| match element
        .offset()
    {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    };
    list.elements().iter().map(offset).collect()
}

/// Where records are, sorted.
pub(crate) fn places(records: &[Record]) -> Vec<(i32, u64)> {
    let mut places: Vec<_> = records.iter().map(|r| (r.partition, r.offset)).collect();
    places.sort_unstable();
    places
}

/// Grows a topic.
pub(crate) fn add_partitions(topic: &str, partitions: usize) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", broker()).create().unwrap();
    let new = NewPartitions::new(topic, partitions);
    let results = wait(admin.create_partitions([&new], &AdminOptions::new())).unwrap();
    results.into_iter().for_each(|result| drop(result.unwrap()));
}

/// Removes the records of a partition before an offset.
pub(crate) fn delete_records(topic: &str, partition: i32, before: i64) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", broker()).create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(before)).unwrap();
    wait(admin.delete_records(&list, &AdminOptions::new())).unwrap();
}
