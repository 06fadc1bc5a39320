//! Against a real broker.
#![expect(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use purlin_io_kafka::{
    NewTopics, OutRecord, Record, Start, TimestampType, read, read_records, write, write_records,
};
use purlin_sdk::{FixedWindows, Pipeline, Timestamp};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use support::{broker, collect, committed, places, produce, read_all, run, topic, unique};

fn pairs(range: std::ops::Range<u32>) -> Vec<(String, String)> {
    range.map(|n| (format!("key-{}", n % 101), format!("value-{n}"))).collect()
}

fn write_pairs(topic: &str, values: Vec<(String, String)>) {
    let p = Pipeline::new();
    p.create(values).apply(write(broker(), topic));
    run(p).unwrap();
}

#[test]
fn ten_thousand_records_are_read_in_the_order_of_their_keys_and_a_restart_goes_on_exactly() {
    let topic = topic("many", 4, &[]);
    let group = unique("group");
    let read = || read::<String, String>(broker(), &topic).group_id(&group).stop_at_end();
    write_pairs(&topic, pairs(0..10_000));
    let first = read_all(read()).unwrap();
    assert_eq!(first.len(), 10_000);
    let mut by_key: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in first {
        by_key.entry(key).or_default().push(value);
    }
    let mut sent: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in pairs(0..10_000) {
        sent.entry(key).or_default().push(value);
    }
    assert_eq!(by_key, sent);
    let offsets = committed(&broker(), &group, &topic, 4);
    assert_eq!(offsets.iter().map(|offset| offset.unwrap()).sum::<i64>(), 10_000);

    write_pairs(&topic, pairs(10_000..10_500));
    let second: BTreeSet<_> = read_all(read()).unwrap().into_iter().collect();
    assert_eq!(second, pairs(10_000..10_500).into_iter().collect());
    assert!(read_all(read()).unwrap().is_empty());
}

#[test]
fn a_bounded_read_of_n_records_commits_what_it_read() {
    let topic = topic("n", 3, &[]);
    let group = unique("group");
    let read = || read_records(broker(), [&topic]).group_id(&group);
    write_pairs(&topic, pairs(0..1000));
    let first = read_all(read().max_num_records(617)).unwrap();
    assert_eq!(first.len(), 617);
    let offsets = committed(&broker(), &group, &topic, 3);
    assert_eq!(offsets.iter().map(|offset| offset.unwrap_or(0)).sum::<i64>(), 617);
    let second = read_all(read().stop_at_end()).unwrap();
    assert_eq!(second.len(), 383);
    let all: BTreeSet<_> = places(&[first, second].concat()).into_iter().collect();
    assert_eq!(all.len(), 1000);
}

#[test]
fn headers_timestamps_and_nulls_survive() {
    let topic = topic("whole", 1, &[]);
    let sent = vec![
        OutRecord {
            topic: topic.clone(),
            key: None,
            value: Some(Bytes::from("no key")),
            headers: vec![
                ("a".into(), Some(Bytes::from_static(&[0, 255]))),
                ("a".into(), None),
                ("b".into(), Some(Bytes::new())),
            ],
            timestamp: Some(Timestamp(1_600_000_000_123)),
            partition: Some(0),
        },
        OutRecord { topic: topic.clone(), key: Some(Bytes::from("k")), ..OutRecord::default() },
        OutRecord {
            key: Some(Bytes::new()),
            value: Some(Bytes::new()),
            ..OutRecord::new(&topic, "")
        },
    ];
    produce(&broker(), sent.clone());
    let read = read_all(read_records(broker(), [&topic]).stop_at_end()).unwrap();
    assert_eq!(read.len(), 3);
    for (read, sent) in read.iter().zip(&sent) {
        assert_eq!(read.key, sent.key);
        assert_eq!(read.value, sent.value);
        assert_eq!(read.headers, sent.headers);
        assert_eq!(read.timestamp_type, TimestampType::CreateTime);
    }
    assert_eq!(read[0].timestamp, sent[0].timestamp);
    let age = Timestamp::now().millis() - read[1].timestamp.unwrap().millis();
    assert!((0..60_000).contains(&age), "{age}");
    assert_eq!(places(&read), [(0, 0), (0, 1), (0, 2)]);
}

#[test]
fn the_brokers_timestamps_are_told_apart() {
    let topic = topic("append", 1, &[("message.timestamp.type", "LogAppendTime")]);
    produce(&broker(), vec![OutRecord::new(&topic, "x")]);
    let read = read_all(read_records(broker(), [&topic]).stop_at_end()).unwrap();
    assert_eq!(read[0].timestamp_type, TimestampType::LogAppendTime);
}

/// The hash by which Java's producer chooses a partition.
fn murmur2(data: &[u8]) -> i32 {
    const M: u32 = 0x5bd1_e995;
    let mut h = 0x9747_b28c ^ u32::try_from(data.len()).unwrap();
    let mut chunks = data.chunks_exact(4);
    for chunk in &mut chunks {
        let mut k = u32::from_le_bytes(chunk.try_into().unwrap()).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        h = h.wrapping_mul(M) ^ k;
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let mut last = [0; 4];
        last[..rest.len()].copy_from_slice(rest);
        h = (h ^ u32::from_le_bytes(last)).wrapping_mul(M);
    }
    h = (h ^ (h >> 13)).wrapping_mul(M);
    (h ^ (h >> 15)).cast_signed()
}

#[test]
fn a_key_goes_to_the_partition_that_javas_producer_would_choose() {
    // The values of Kafka's own test of its hash.
    for (key, hash) in [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ] {
        assert_eq!(murmur2(key.as_bytes()), hash, "{key}");
    }
    let topic = topic("murmur", 7, &[]);
    let keys = (0..200).map(|n| format!("k{n}{}", "x".repeat(n % 13)));
    produce(&broker(), keys.map(|key| OutRecord::new(&topic, "").key(key)).collect());
    let read = read_all(read_records(broker(), [&topic]).stop_at_end()).unwrap();
    assert_eq!(read.len(), 200);
    for Record { key, partition, .. } in read {
        let key = key.unwrap();
        assert_eq!(partition, (murmur2(&key) & 0x7fff_ffff) % 7, "{key:?}");
    }
}

#[test]
fn a_record_that_the_broker_refuses_fails_the_job_by_name() {
    let topic = topic("small", 1, &[("max.message.bytes", "1000")]);
    let p = Pipeline::new();
    let record = OutRecord::new(&topic, vec![b'x'; 5000]).key("big-one");
    p.create([record]).apply(write_records(broker()));
    let error = run(p).unwrap_err().to_string();
    let expected = format!("the key `big-one` was not written to partition 0 of `{topic}`");
    assert!(error.contains(&expected), "{error}");
    assert!(error.contains("help: make records smaller"), "{error}");
}

#[test]
fn a_topic_that_is_not_there_is_an_error_with_its_name() {
    let missing = unique("missing");
    let error = read_all(read::<(), Bytes>(broker(), &missing).stop_at_end()).unwrap_err();
    let error = error.to_string();
    assert!(error.contains(&format!("topic `{missing}` does not exist")), "{error}");
    let p = Pipeline::new();
    p.create(pairs(0..1)).apply(write(broker(), &missing));
    let error = run(p).unwrap_err().to_string();
    assert!(error.contains(&format!("topic `{missing}` does not exist")), "{error}");
    assert!(error.contains("`.create_topics(…)`"), "{error}");
}

#[test]
fn a_missing_topic_is_created_when_asked_to() {
    let topic = unique("created");
    let new = NewTopics { partitions: 5, replication: 1 };
    for range in [0..50, 50..100] {
        let p = Pipeline::new();
        p.create(pairs(range)).apply(write(broker(), &topic).create_topics(new));
        run(p).unwrap();
    }
    let read = read_all(read_records(broker(), [&topic]).stop_at_end()).unwrap();
    assert_eq!(read.len(), 100);
    let partitions: BTreeSet<_> = read.iter().map(|record| record.partition).collect();
    assert_eq!(partitions.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

#[test]
fn reading_can_start_at_a_time() {
    let topic = topic("time", 2, &[]);
    let records = (0..20i64).map(|n| OutRecord {
        timestamp: Some(Timestamp(1_700_000_000_000 + n * 1000)),
        partition: Some(i32::try_from(n % 2).unwrap()),
        ..OutRecord::new(&topic, n.to_string())
    });
    produce(&broker(), records.collect());
    let from = |millis| {
        let start = Start::Timestamp(Timestamp(millis));
        let read = read_records(broker(), [&topic]).start(start).stop_at_end();
        let mut values: Vec<u32> = read_all(read)
            .unwrap()
            .iter()
            .map(|r| std::str::from_utf8(r.value.as_ref().unwrap()).unwrap().parse().unwrap())
            .collect();
        values.sort_unstable();
        values
    };
    assert_eq!(from(1_700_000_015_500), [16, 17, 18, 19]);
    assert!(from(1_800_000_000_000).is_empty());
}

#[test]
fn offsets_without_a_record_do_not_stall_the_end() {
    let topic = topic("transactions", 1, &[]);
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", broker())
        .set("transactional.id", unique("tx"))
        .create()
        .unwrap();
    let timeout = Duration::from_secs(30);
    producer.init_transactions(timeout).unwrap();
    for (value, commits) in [("one", true), ("gone", false), ("two", true), ("gone too", false)] {
        producer.begin_transaction().unwrap();
        producer.send(BaseRecord::<(), str>::to(&topic).payload(value)).unwrap();
        producer.flush(timeout).unwrap();
        if commits {
            producer.commit_transaction(timeout).unwrap();
        } else {
            producer.abort_transaction(timeout).unwrap();
        }
    }
    let group = unique("group");
    let read = || read::<(), String>(broker(), &topic).group_id(&group);
    let values = read_all(read().stop_at_end()).unwrap();
    assert_eq!(values, [((), "one".to_owned()), ((), "two".to_owned())]);
    assert!(read_all(read().stop_at_end()).unwrap().is_empty());
    let values = read_all(read().start(Start::Earliest).max_num_records(9).stop_at_end()).unwrap();
    assert_eq!(values.len(), 2);
}

#[test]
fn a_committed_offset_that_is_gone_falls_back_to_the_policy() {
    let topic = topic("trimmed", 1, &[]);
    let group = unique("group");
    let read = || read::<(), String>(broker(), &topic).group_id(&group).stop_at_end();
    let values = |range: std::ops::Range<u32>| {
        range.map(|n| OutRecord::new(&topic, n.to_string())).collect::<Vec<_>>()
    };
    produce(&broker(), values(0..3));
    assert_eq!(read_all(read()).unwrap().len(), 3);
    produce(&broker(), values(3..10));
    support::delete_records(&topic, 0, 8);
    let seen = read_all(read()).unwrap();
    assert_eq!(seen, [((), "8".to_owned()), ((), "9".to_owned())]);
}

#[test]
fn one_pipeline_copies_a_topic() {
    let from = topic("from", 2, &[]);
    let to = topic("to", 2, &[]);
    write_pairs(&from, pairs(0..300));
    let p = Pipeline::new();
    p.apply(read::<String, String>(broker(), &from).group_id(unique("copy")).stop_at_end())
        .apply(write(broker(), &to));
    run(p).unwrap();
    let p = Pipeline::new();
    let seen = collect(&p.apply(read::<String, String>(broker(), &to).stop_at_end()));
    run(p).unwrap();
    let seen: BTreeSet<_> = seen.take().into_iter().collect();
    assert_eq!(seen, pairs(0..300).into_iter().collect());
}

#[test]
fn quiet_partitions_do_not_hold_back_the_windows_of_others() {
    let topic = topic("quiet", 3, &[]);
    let now = Timestamp::now();
    let at = |seconds| now - Duration::from_secs(20) + Duration::from_secs(seconds);
    let records = [0, 1, 2, 11].map(|seconds| OutRecord {
        timestamp: Some(at(seconds)),
        partition: Some(1),
        ..OutRecord::new(&topic, "x")
    });
    produce(&broker(), records.to_vec());
    let p = Pipeline::new();
    let counts = p
        .apply(read::<(), String>(broker(), &topic))
        .map(|(_, value)| value)
        .window_into(FixedWindows::of(Duration::from_millis(1)))
        .count_per_element();
    let seen = collect(&counts);
    let running = p.start_with(&purlin_runner_direct::DirectRunner::default()).unwrap();
    let begin = Instant::now();
    // Of the last record, too: the watermark passes it although nothing follows.
    while seen.len() < 4 && begin.elapsed() < Duration::from_secs(30) {
        std::thread::yield_now();
    }
    let took = begin.elapsed();
    running.cancel();
    drop(running.wait());
    assert_eq!(seen.take(), vec![("x".to_owned(), 1); 4], "after {took:?}");
    assert!(took < Duration::from_secs(15), "{took:?}");
}

#[test]
fn partitions_that_are_added_while_the_pipeline_runs_are_read_from_their_beginning() {
    let topic = topic("grows", 1, &[]);
    let to = |partition, value: &str| OutRecord {
        partition: Some(partition),
        ..OutRecord::new(&topic, value.to_owned())
    };
    produce(&broker(), vec![to(0, "old")]);
    let p = Pipeline::new();
    let seen = collect(&p.apply(read::<(), String>(broker(), &topic).start(Start::Latest)));
    let running = p.start_with(&purlin_runner_direct::DirectRunner::default()).unwrap();
    let begin = Instant::now();
    let wait_for = |count| {
        while seen.len() < count && begin.elapsed() < Duration::from_secs(30) {
            std::thread::yield_now();
        }
    };
    // Once a record comes, the first look is over.
    while seen.len() < 1 && begin.elapsed() < Duration::from_secs(30) {
        produce(&broker(), vec![to(0, "now")]);
    }
    support::add_partitions(&topic, 3);
    produce(&broker(), vec![to(1, "one"), to(2, "two")]);
    let before = seen.len();
    wait_for(before + 2);
    running.drain();
    running.wait().unwrap();
    let mut values: Vec<_> = seen.take().into_iter().map(|(_, value)| value).collect();
    values.sort();
    values.dedup();
    assert_eq!(values, ["now", "one", "two"]);
}
