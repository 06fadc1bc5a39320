//! Counts the records of a Kafka topic per key and second of event time, into another topic.
//!
//! A GroupByKey lies between source and sink, so offsets are committed at the orderly end of the
//! job only: a job that was killed counts its records again when it is restarted, and none is lost.
//!
//! ```text
//! cargo run --release -p examples --features io-kafka --bin kafka_counts -- \
//!     --brokers 127.0.0.1:9092 --input test_topic --output counts
//! ```

use std::time::Duration;

use purlin::io::kafka::{self, NewTopics};
use purlin::prelude::*;

const USAGE: &str = "\
Counts the records of a Kafka topic per key and second of event time.

  --brokers=LIST   the brokers, HOST:PORT with commas between
  --input=TOPIC    the topic to read
  --output=TOPIC   the topic to write; created if missing; keys as read, values `SECOND COUNT`
  --group=NAME     whose committed offsets to start at, else the earliest (default: kafka_counts)
  --stop-at-end    stop at the end of the topic as it is now; else Ctrl-C stops in order";

/// Adds the window to each count.
#[derive(Clone)]
struct ShowSecond;

impl DoFn for ShowSecond {
    type In = (String, u64);
    type Out = (String, String);

    fn process(
        &mut self,
        (key, count): (String, u64),
        cx: &mut Context<(String, String)>,
    ) -> Result<(), BoxError> {
        let second = cx.window().max_timestamp().millis() / 1000;
        cx.output((key, format!("{second} {count}")));
        Ok(())
    }
}

fn main() -> purlin::Result<()> {
    let p = Pipeline::from_args_or_help(USAGE)?;
    let option = |name| p.options().required(name);
    let (brokers, input, output) = (option("brokers")?, option("input")?, option("output")?);
    let group = p.options().get("group").unwrap_or("kafka_counts");
    let mut read = kafka::read::<String, String>(brokers, input).group_id(group);
    if p.options().is_set("stop-at-end") {
        read = read.stop_at_end();
    }
    p.apply(read)
        .window_into(FixedWindows::of(Duration::from_secs(1)))
        .count_per_key()
        .par_do(ShowSecond)
        .apply(
            kafka::write(brokers, output)
                .create_topics(NewTopics { partitions: 4, replication: 1 }),
        );
    p.run()?;
    Ok(())
}
