//! The Kafka examples against a real broker, on each runner, with interruptions.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, HashMap};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

const PARTITIONS: i32 = 4;
const PATIENCE: Duration = Duration::from_secs(120);

const RUNNERS: &[(&str, &[&str])] = &[
    #[cfg(feature = "runner-direct")]
    ("direct", &["--runner=direct"]),
    #[cfg(feature = "runner-parallel")]
    ("parallel", &["--runner=parallel"]),
    #[cfg(feature = "runner-grpc")]
    ("grpc", &["--runner=grpc", "--workers=2"]),
];

fn brokers() -> String {
    std::env::var("PURLIN_KAFKA")
        .expect("no broker in PURLIN_KAFKA: run `cargo xtask test`, which starts one")
}

fn config() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers());
    config
}

/// A topic name that no other run has used.
fn unique(name: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("{name}-{}-{now}", std::process::id())
}

fn create_topic(name: &str) {
    let admin: AdminClient<DefaultClientContext> = config().create().unwrap();
    let topic = NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1));
    let done = admin.create_topics([&topic], &AdminOptions::new());
    // The client answers through its own thread; polling the future blocks no runtime.
    pollster(done).unwrap().into_iter().for_each(|result| drop(result.unwrap()));
}

/// Waits for a future that another thread completes.
fn pollster<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        match future.as_mut().poll(&mut cx) {
            std::task::Poll::Ready(output) => return output,
            std::task::Poll::Pending => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Writes `count` records: key, value and timestamp by number.
fn produce(topic: &str, count: u64, record: impl Fn(u64) -> (String, String, i64)) {
    let producer: BaseProducer =
        config().set("acks", "all").set("linger.ms", "20").create().unwrap();
    for number in 0..count {
        let (key, value, timestamp) = record(number);
        loop {
            let next = BaseRecord::to(topic).key(&key).payload(&value).timestamp(timestamp);
            if producer.send(next).is_ok() {
                break;
            }
            producer.poll(Duration::from_millis(10));
        }
    }
    producer.flush(PATIENCE).unwrap();
    assert_eq!(producer.in_flight_count(), 0);
}

fn total(consumer: &BaseConsumer, topic: &str) -> i64 {
    let sizes = (0..PARTITIONS).map(|partition| {
        let ends = consumer.fetch_watermarks(topic, partition, Duration::from_secs(5));
        ends.map_or(0, |(_, end)| end)
    });
    sizes.sum()
}

struct Seen {
    key: String,
    value: String,
    error: Option<String>,
}

/// All records of a topic, partition by partition in order.
fn read_all(topic: &str) -> Vec<Seen> {
    let consumer: BaseConsumer = config()
        .set("group.id", unique("reader"))
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    let mut assignment = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        assignment.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
    }
    consumer.assign(&assignment).unwrap();
    let expected = total(&consumer, topic);
    let mut all = Vec::new();
    let start = Instant::now();
    while (all.len() as i64) < expected {
        assert!(start.elapsed() < PATIENCE, "{topic}: only {} of {expected}", all.len());
        let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
        let message = message.unwrap();
        let text =
            |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().into()).unwrap();
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        let error =
            headers.filter(|header| header.key == "error").map(|header| text(header.value)).next();
        all.push(Seen { key: text(message.key()), value: text(message.payload()), error });
    }
    all
}

/// An example that runs until it is told to stop.
struct Running {
    child: Child,
    what: String,
    log: tempfile::NamedTempFile,
}

impl Running {
    fn start(binary: &str, arguments: &[String]) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let child = Command::new(binary)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.reopen().unwrap())
            .spawn()
            .unwrap();
        Self { child, what: format!("{arguments:?}"), log }
    }

    fn stderr(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }

    /// Waits until a topic holds at least so many records.
    fn await_records(&mut self, topic: &str, count: i64) {
        let consumer: BaseConsumer = config().create().unwrap();
        let start = Instant::now();
        while total(&consumer, topic) < count {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("{} ended early: {status}\n{}", self.what, self.stderr());
            }
            let have = total(&consumer, topic);
            assert!(
                start.elapsed() < PATIENCE,
                "{}: {have} of {count}\n{}",
                self.what,
                self.stderr()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "{} does not stop\n{}", self.what, self.stderr());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn interrupt(mut self) {
        self.signal("-INT");
        let status = self.wait();
        assert!(status.success(), "{}: {status}\n{}", self.what, self.stderr());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already over, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_malformed(number: u64) -> bool {
    number % 100 == 37
}

fn arguments(runner: &[&str], input: &str, output: &str) -> Vec<String> {
    let mut all: Vec<String> = runner.iter().map(ToString::to_string).collect();
    all.push(format!("--brokers={}", brokers()));
    all.push(format!("--input={input}"));
    all.push(format!("--output={output}"));
    all.push(format!("--group={output}"));
    all
}

#[test]
fn echo_loses_and_doubles_nothing_over_an_interruption() {
    const COUNT: u64 = 200_000;
    let input = unique("in");
    create_topic(&input);
    let now =
        i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
    produce(&input, COUNT, |number| {
        let value = if is_malformed(number) {
            format!("{{broken {number}")
        } else {
            format!(r#"{{"id":{number},"text":"record {number}"}}"#)
        };
        (format!("k{}", number % 1000), value, now)
    });
    let malformed = (0..COUNT).filter(|number| is_malformed(*number)).count();
    let good = COUNT as usize - malformed;
    for (name, runner) in RUNNERS {
        let output = unique(&format!("out-{name}"));
        let arguments = arguments(runner, &input, &output);
        let mut first = Running::start(env!("CARGO_BIN_EXE_kafka_echo"), &arguments);
        first.await_records(&output, 20_000);
        first.interrupt();
        let mut second = Running::start(env!("CARGO_BIN_EXE_kafka_echo"), &arguments);
        second.await_records(&output, good as i64);
        second.await_records(&format!("{output}-dead"), malformed as i64);
        second.interrupt();
        check_echo(name, &output, good, malformed);
    }
}

fn check_echo(runner: &str, output: &str, good: usize, malformed: usize) {
    let mut last_of_key: HashMap<String, u64> = HashMap::new();
    let records = read_all(output);
    assert_eq!(records.len(), good, "{runner}: lost or doubled");
    for record in records {
        let value: serde_json::Value = serde_json::from_str(&record.value).unwrap();
        let id = value["id"].as_u64().unwrap();
        assert_eq!(record.key, format!("k{}", id % 1000), "{runner}");
        let last = last_of_key.insert(record.key.clone(), id);
        assert!(
            last.is_none_or(|last| last < id),
            "{runner}: {} out of order or twice",
            record.key
        );
    }
    let dead = read_all(&format!("{output}-dead"));
    assert_eq!(dead.len(), malformed, "{runner}: dead letters");
    for record in dead {
        assert!(record.value.starts_with("{broken "), "{runner}: {}", record.value);
        assert!(record.error.is_some_and(|error| error.contains("key must be a string")));
    }
}

#[test]
fn a_grouping_that_was_killed_counts_every_record_at_least_once() {
    const COUNT: u64 = 20_000;
    let input = unique("counted");
    create_topic(&input);
    // Ten seconds of event time, so that windows close while the job runs.
    let base = 1_700_000_000_000i64;
    produce(&input, COUNT, |number| {
        let timestamp = base + i64::try_from(number / 2).unwrap();
        (format!("k{}", number % 10), String::from("x"), timestamp)
    });
    for (name, runner) in RUNNERS {
        let output = unique(&format!("counts-{name}"));
        let arguments = arguments(runner, &input, &output);
        let mut first = Running::start(env!("CARGO_BIN_EXE_kafka_counts"), &arguments);
        first.await_records(&output, 10);
        first.signal("-KILL");
        first.wait();
        // To the end of the topic: whatever it has not read by then was lost.
        let mut to_the_end = arguments.clone();
        to_the_end.push("--stop-at-end".to_owned());
        let mut second = Running::start(env!("CARGO_BIN_EXE_kafka_counts"), &to_the_end);
        let status = second.wait();
        assert!(status.success(), "{name}: {status}\n{}", second.stderr());
        let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
        for record in read_all(&output) {
            let (second, count) = record.value.split_once(' ').unwrap();
            let most = counts.entry((record.key, second.to_owned())).or_default();
            *most = (*most).max(count.parse().unwrap());
        }
        let counted: u64 = counts.values().sum();
        assert_eq!(counted, COUNT, "{name}: lost");
    }
}

#[test]
fn the_demonstration_needs_no_broker() {
    let output = Command::new(env!("CARGO_BIN_EXE_kafka_echo")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    for part in ["mock Kafka cluster", r#"{"id":1,"text":"hello"}"#, "demo-copy-dead: no JSON"] {
        assert!(text.contains(part), "no `{part}` in:\n{text}\n{stderr}");
    }
}

#[test]
fn a_broker_that_is_not_there_and_a_missing_topic_are_named() {
    let run = |brokers: &str, topic: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_kafka_echo"))
            .args([&format!("--brokers={brokers}"), &format!("--input={topic}"), "--output=x"])
            .args(["--runner=direct", "--stop-at-end"])
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let message = run("127.0.0.1:9", "nothing");
    assert!(message.contains("127.0.0.1:9"), "{message}");
    let topic = unique("missing");
    let message = run(&brokers(), &topic);
    assert!(message.contains(&topic), "{message}");
}
