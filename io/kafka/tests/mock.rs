//! Against librdkafka's own mock cluster.
#![expect(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use purlin_io_kafka::{
    Json, MockBroker, OutRecord, Start, read, read_records, write, write_records,
};
use purlin_sdk::{Element, Pipeline};
use serde::{Deserialize, Serialize};

use support::{collect, committed, produce, read_all, run, unique};

fn pairs(range: std::ops::Range<u32>) -> Vec<(String, String)> {
    range.map(|n| (format!("k{}", n % 7), format!("v{n}"))).collect()
}

fn broker() -> MockBroker {
    let broker = MockBroker::start(1).unwrap();
    broker.create_topic("t", 4).unwrap();
    broker
}

fn write_pairs(brokers: &str, values: Vec<(String, String)>) {
    let p = Pipeline::new();
    p.create(values).apply(write(brokers, "t"));
    run(p).unwrap();
}

#[test]
fn what_is_written_is_read_in_the_order_of_its_key() {
    let broker = broker();
    let brokers = broker.bootstrap_servers();
    write_pairs(brokers, pairs(0..1000));
    let read = read_all(read::<String, String>(brokers, "t").stop_at_end()).unwrap();
    assert_eq!(read.len(), 1000);
    let mut by_key: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in read {
        by_key.entry(key).or_default().push(value);
    }
    for (key, values) in by_key {
        let sent = pairs(0..1000).into_iter().filter(|(k, _)| *k == key).map(|(_, v)| v);
        assert_eq!(values, sent.collect::<Vec<_>>(), "{key}");
    }
}

#[test]
fn a_group_goes_on_where_its_last_run_ended() {
    let broker = broker();
    let brokers = broker.bootstrap_servers();
    let read = || read::<String, String>(brokers, "t").group_id("g").stop_at_end();
    write_pairs(brokers, pairs(0..500));
    assert_eq!(read_all(read()).unwrap().len(), 500);
    let offsets = committed(brokers, "g", "t", 4);
    assert_eq!(offsets.iter().map(|offset| offset.unwrap_or(0)).sum::<i64>(), 500);
    assert_eq!(read_all(read()).unwrap(), []);
    write_pairs(brokers, pairs(500..600));
    let mut again = read_all(read()).unwrap();
    again.sort();
    let mut sent = pairs(500..600);
    sent.sort();
    assert_eq!(again, sent);
}

#[test]
fn nothing_is_committed_when_asked_not_to() {
    let broker = broker();
    let brokers = broker.bootstrap_servers();
    write_pairs(brokers, pairs(0..10));
    let read = read::<String, String>(brokers, "t").group_id("g").stop_at_end();
    assert_eq!(read_all(read.commit_offsets(false)).unwrap().len(), 10);
    assert_eq!(committed(brokers, "g", "t", 4), [None; 4]);
}

#[test]
fn reading_starts_where_it_is_told_to() {
    let broker = broker();
    let brokers = broker.bootstrap_servers();
    let records = (0u8..10)
        .map(|n| OutRecord { partition: Some(i32::from(n % 2)), ..OutRecord::new("t", vec![n]) });
    produce(brokers, records.collect());
    let from = |start| {
        let read = read_records(brokers, ["t"]).start(start).stop_at_end();
        let mut values: Vec<u8> =
            read_all(read).unwrap().iter().map(|r| r.value.as_ref().unwrap()[0]).collect();
        values.sort_unstable();
        values
    };
    assert_eq!(from(Start::Earliest), (0..10).collect::<Vec<_>>());
    assert!(from(Start::Latest).is_empty());
    let offsets = BTreeMap::from([(("t".to_owned(), 0), 3), (("t".to_owned(), 1), 4)]);
    assert_eq!(from(Start::Offsets(offsets)), [6, 8, 9]);
}

#[test]
fn json_nulls_and_numbers_are_carried() {
    #[derive(Clone, PartialEq, Debug, Serialize, Deserialize, Element)]
    #[element(crate = "purlin_sdk")]
    struct Click {
        user: String,
        n: i64,
    }
    let broker = broker();
    let brokers = broker.bootstrap_servers();
    let click = Click { user: "u".into(), n: 7 };
    let p = Pipeline::new();
    p.create([(None::<String>, click.clone()), (Some("k".to_owned()), click.clone())])
        .map_values(Json)
        .apply(write(brokers, "t"));
    run(p).unwrap();
    let mut read =
        read_all(read::<Option<String>, Json<Click>>(brokers, "t").stop_at_end()).unwrap();
    read.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(read, [(None, click.clone()), (Some("k".to_owned()), click)]);
}

#[test]
fn an_undecodable_record_names_its_place_and_the_cure() {
    let broker = broker();
    let brokers = broker.bootstrap_servers();
    let record = OutRecord { partition: Some(2), ..OutRecord::new("t", vec![0xff]) };
    produce(brokers, vec![record]);
    let error = read_all(read::<(), String>(brokers, "t").stop_at_end()).unwrap_err().to_string();
    assert!(error.contains("the value of the record at offset 0 of partition 2 of `t`"), "{error}");
    assert!(error.contains("help: read with `read_records`"), "{error}");
    let error =
        read_all(read::<String, Bytes>(brokers, "t").stop_at_end()).unwrap_err().to_string();
    assert!(error.contains("the key of the record"), "{error}");
    assert!(error.contains("it is null"), "{error}");
}

#[test]
fn undecodable_records_can_be_collected() {
    let broker = broker();
    let brokers = broker.bootstrap_servers();
    produce(brokers, vec![OutRecord::new("t", "12"), OutRecord::new("t", "x")]);
    let p = Pipeline::new();
    let (numbers, failed) = p
        .apply(read_records(brokers, ["t"]).stop_at_end())
        .try_map(|record| {
            std::str::from_utf8(&record.value.unwrap_or_default())
                .map_err(purlin_sdk::BoxError::from)
                .and_then(|text| Ok(text.parse::<i64>()?))
        })
        .dead_letters();
    let (numbers, failed) = (collect(&numbers), collect(&failed));
    run(p).unwrap();
    assert_eq!(numbers.take(), [12]);
    let failed = failed.take();
    assert_eq!(failed[0].element.value, Some(Bytes::from("x")));
    assert_eq!(failed[0].element.topic, "t");
}

#[test]
fn a_read_of_n_records_reads_n_from_whatever_partitions_have_them() {
    let broker = broker();
    let brokers = broker.bootstrap_servers();
    let records = (0u32..100).map(|n| OutRecord {
        partition: Some(i32::from(n >= 90)),
        ..OutRecord::new("t", n.to_string())
    });
    produce(brokers, records.collect());
    let read = || read_records(brokers, ["t"]).group_id("n");
    let first = read_all(read().max_num_records(95)).unwrap();
    assert_eq!(first.len(), 95);
    let second = read_all(read().max_num_records(100).stop_at_end()).unwrap();
    assert_eq!(second.len(), 5);
    let mut all = support::places(&[first, second].concat());
    all.dedup();
    assert_eq!(all.len(), 100);
}

#[test]
fn a_read_with_a_time_limit_ends() {
    let broker = broker();
    let brokers = broker.bootstrap_servers();
    write_pairs(brokers, pairs(0..10));
    let begin = Instant::now();
    let limit = Duration::from_millis(1500);
    let read = read_all(read::<String, String>(brokers, "t").max_read_time(limit)).unwrap();
    assert_eq!(read.len(), 10);
    assert!(begin.elapsed() >= limit, "{:?}", begin.elapsed());
}

#[test]
fn an_unbounded_read_follows_the_topic_until_it_is_drained() {
    let broker = broker();
    let brokers = broker.bootstrap_servers();
    write_pairs(brokers, pairs(0..10));
    let p = Pipeline::new();
    let read = p.apply(read::<String, String>(brokers, "t").group_id("stream"));
    assert!(!read.is_bounded());
    let seen = collect(&read);
    let running = p.start_with(&purlin_runner_direct::DirectRunner::default()).unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while seen.len() < 10 && Instant::now() < deadline {
        std::thread::yield_now();
    }
    write_pairs(brokers, pairs(10..30));
    while seen.len() < 30 && Instant::now() < deadline {
        std::thread::yield_now();
    }
    running.drain();
    running.wait().unwrap();
    assert_eq!(seen.len(), 30);
    let offsets = committed(brokers, "stream", "t", 4);
    assert_eq!(offsets.iter().map(|offset| offset.unwrap_or(0)).sum::<i64>(), 30);
}

#[test]
fn records_that_do_not_fit_the_queue_wait() {
    let broker = broker();
    let brokers = broker.bootstrap_servers();
    let p = Pipeline::new();
    p.create(pairs(0..500)).apply(
        write(brokers, "t")
            .property("queue.buffering.max.messages", "10")
            .property("linger.ms", "1"),
    );
    run(p).unwrap();
    assert_eq!(read_all(read::<(), Bytes>(brokers, "t").stop_at_end()).unwrap().len(), 500);
}

#[test]
fn a_write_to_a_partition_that_is_not_there_names_topic_and_key() {
    let broker = broker();
    let brokers = broker.bootstrap_servers();
    let p = Pipeline::new();
    let record = OutRecord { partition: Some(9), ..OutRecord::new("t", "v").key("the-key") };
    p.create([record]).apply(write_records(brokers));
    let error = run(p).unwrap_err().to_string();
    assert!(error.contains("the key `the-key` was not written to partition 9 of `t`"), "{error}");
}

#[test]
fn brokers_that_are_not_there_are_an_error_in_bounded_time() {
    let begin = Instant::now();
    let timeout = Duration::from_millis(500);
    let nobody = "127.0.0.1:1";
    let read = read::<(), Bytes>(nobody, "t").timeout(timeout).stop_at_end();
    let error = read_all(read).unwrap_err().to_string();
    assert!(error.contains("no Kafka broker at `127.0.0.1:1` answered within 500ms"), "{error}");
    assert!(error.contains("help: is it running"), "{error}");
    let p = Pipeline::new();
    p.create(pairs(0..1)).apply(write(nobody, "t").timeout(timeout));
    let error = run(p).unwrap_err().to_string();
    assert!(error.contains("no Kafka broker at `127.0.0.1:1`"), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}

#[test]
fn mistakes_are_found_when_the_pipeline_is_built_and_reported_together() {
    let p = Pipeline::new();
    let read = read::<(), String>("localhost:9092", "t")
        .property("enable.auto.commit", "true")
        .start(Start::CommittedOrLatest)
        .property("no.such.property", "1");
    p.apply(read).map(|(_, value)| ((), value)).apply(write("", "").property("acks", "1"));
    let error = p.seal().err().unwrap().to_string();
    for part in [
        "`enable.auto.commit`",
        "`no.such.property`",
        "no group is named",
        "`acks`",
        "no Kafka broker",
        "no Kafka topic",
        "tests/mock.rs",
    ] {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
}

#[test]
fn each_record_goes_to_the_topic_that_it_names() {
    let broker = broker();
    let brokers = broker.bootstrap_servers();
    broker.create_topic("other", 1).unwrap();
    let other = OutRecord::new("other", "2").key("k").header("h", "x");
    produce(brokers, vec![OutRecord::new("t", "1"), other]);
    let read = read_records(brokers, ["t", "other"]).stop_at_end();
    let mut read = read_all(read).unwrap();
    read.sort_by(|a, b| a.value.cmp(&b.value));
    assert_eq!(read[1].topic, "other");
    assert_eq!(read[1].key, Some(Bytes::from("k")));
    assert_eq!(read[1].headers, [("h".to_owned(), Some(Bytes::from("x")))]);
    assert!(read_all(read_records(brokers, [unique("nothing")]).stop_at_end()).is_err());
}

#[test]
fn a_record_that_fails_behind_the_source_is_not_committed() {
    let broker = broker();
    let brokers = broker.bootstrap_servers();
    let records =
        (0..100).map(|n| OutRecord { partition: Some(0), ..OutRecord::new("t", n.to_string()) });
    produce(brokers, records.collect());
    let read = || read::<(), String>(brokers, "t").group_id("fails").stop_at_end();
    let p = Pipeline::new();
    let checked = p.apply(read()).try_map(|((), value)| match value.as_str() {
        "50" => Err("not this one"),
        _ => Ok(((), value)),
    });
    let seen = collect(&checked);
    checked.apply(write(brokers, "copy"));
    let error = run(p).unwrap_err().to_string();
    assert!(error.contains("not this one"), "{error}");
    let done = committed(brokers, "fails", "t", 1)[0].unwrap_or(0);
    assert!(done <= 50, "{done}");
    // What was committed went through the whole pipeline.
    assert!(seen.len() >= usize::try_from(done).unwrap());
    let rest = read_all(read()).unwrap();
    assert_eq!(rest.len(), 100 - usize::try_from(done).unwrap());
}
