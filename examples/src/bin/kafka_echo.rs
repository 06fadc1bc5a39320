//! Copies JSON records from one Kafka topic to another, and malformed ones to a dead-letter topic.
//!
//! Without `--brokers` it demonstrates itself on a mock cluster inside this process.
//!
//! ```text
//! cargo run --release -p examples --features io-kafka --bin kafka_echo -- \
//!     --brokers 127.0.0.1:9092 --input test_topic --output test_topic_copy
//! ```

#![expect(clippy::print_stdout, reason = "the demonstration shows what it does")]

use purlin::io::kafka::{self, MockBroker, NewTopics, OutRecord, Record};
use purlin::prelude::*;
use purlin::transforms::Failed;
use serde::{Deserialize, Serialize};

const USAGE: &str = "\
Copies JSON records from one Kafka topic to another.

  --brokers=LIST        the brokers, HOST:PORT with commas between; without it, a demonstration
  --input=TOPIC         the topic to read
  --output=TOPIC        the topic to write; created if missing
  --dead-letters=TOPIC  the topic for malformed records (default: OUTPUT-dead); created if missing
  --group=NAME          whose committed offsets to start at, else the earliest (default: kafka_echo)
  --existing-topics=true  do not look for missing output topics
  --stop-at-end         stop at the end of the topic as it is now; else Ctrl-C stops in order";

#[derive(Clone, Serialize, Deserialize, Element)]
struct Message {
    id: u64,
    text: String,
}

/// A good record, with its key, ready to be written again.
fn echo(record: Record, output: &str) -> Result<OutRecord, BoxError> {
    let value = record.value.ok_or("a record without a value")?;
    let message: Message = serde_json::from_slice(&value)?;
    let copy = OutRecord::new(output, serde_json::to_vec(&message)?);
    Ok(OutRecord { key: record.key, headers: record.headers, timestamp: record.timestamp, ..copy })
}

/// A malformed record as it was, with what is wrong and where it came from.
fn bury(failed: Failed<Record>, dead: &str) -> OutRecord {
    let Record { topic, partition, offset, key, value, .. } = failed.element;
    OutRecord { key, value, ..OutRecord { topic: dead.to_owned(), ..OutRecord::default() } }
        .header("error", failed.error)
        .header("source", format!("{topic}/{partition}/{offset}"))
}

fn main() -> purlin::Result<()> {
    let mut options = purlin::args()?;
    let mock = match options.get("brokers") {
        None if !options.is_set("help") => Some(demonstrate(&mut options)?),
        _ => None,
    };
    let p = Pipeline::with_options_or_help(options, USAGE);
    let option = |name| p.options().required(name).map(str::to_owned);
    let (brokers, input, output) = (option("brokers")?, option("input")?, option("output")?);
    let dead = p.options().get("dead-letters").map_or(format!("{output}-dead"), str::to_owned);
    let group = p.options().get("group").unwrap_or("kafka_echo");

    let mut read = kafka::read_records(&brokers, [&input]).group_id(group);
    if p.options().is_set("stop-at-end") {
        read = read.stop_at_end();
    }
    let (to, dead_to) = (output.clone(), dead.clone());
    let (good, bad) =
        p.apply(read).try_map(move |record| echo(record, &to)).named("Parse").dead_letters();
    let mut write = kafka::write_records(&brokers);
    if !p.options().is_set("existing-topics") {
        write = write.create_topics(NewTopics { partitions: 4, replication: 1 });
    }
    good.apply(write.clone());
    bad.map(move |failed| bury(failed, &dead_to)).apply(write);
    p.run()?;
    if let Some(mock) = mock {
        show(mock.bootstrap_servers(), [&output, &dead])?;
    }
    Ok(())
}

/// Starts a mock cluster with a few records, and sets the options to echo them.
fn demonstrate(options: &mut PipelineOptions) -> purlin::Result<MockBroker> {
    println!("no --brokers: demonstrating on a mock Kafka cluster inside this process");
    let mock = MockBroker::start(1)?;
    // A mock cluster creates no topics for its clients.
    ["demo", "demo-copy", "demo-copy-dead"]
        .iter()
        .try_for_each(|topic| mock.create_topic(topic, 4))?;
    let p = Pipeline::new();
    let records = [r#"{"id":1,"text":"hello"}"#, "no JSON", r#"{"id":2,"text":"world"}"#];
    p.create(records.map(str::to_owned))
        .map(|text| (text.clone(), text))
        .apply(kafka::write(mock.bootstrap_servers(), "demo"));
    p.run_with(purlin::runner_named("direct")?.as_ref())?;
    let brokers = mock.bootstrap_servers().to_owned();
    let demo = [("brokers", brokers.as_str()), ("input", "demo"), ("output", "demo-copy")];
    demo.into_iter()
        .chain([("stop-at-end", "true"), ("existing-topics", "true")])
        .for_each(|(name, value)| options.set(name, value));
    Ok(mock)
}

/// Prints what two topics hold.
fn show(brokers: &str, topics: [&str; 2]) -> purlin::Result<()> {
    let p = Pipeline::new();
    drop(p.apply(kafka::read_records(brokers, topics).stop_at_end()).map(|record| {
        let value = record.value.unwrap_or_default();
        println!("{}: {}", record.topic, String::from_utf8_lossy(&value));
    }));
    p.run_with(purlin::runner_named("direct")?.as_ref())?;
    Ok(())
}
