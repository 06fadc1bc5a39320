//! Apache Kafka for Purlin pipelines: a source and a sink on librdkafka.
//!
//! ```no_run
//! # use purlin_sdk::Pipeline;
//! use purlin_io_kafka as kafka;
//!
//! # let p = Pipeline::new();
//! p.apply(kafka::read::<Option<String>, String>("localhost:9092", "orders").group_id("echo"))
//!     .apply(kafka::write("localhost:9092", "orders_copy"));
//! ```
//!
//! [`read`] and [`write()`] carry pairs of key and value in a [format](FromKafka); [`read_records`]
//! and [`write_records`] carry whole records with headers and timestamps. [`MockBroker`] is a
//! cluster inside the process for tests.
//!
//! It is written on the SDK's public interface alone. The features `tls` (TLS and SCRAM; needs
//! OpenSSL's headers) and `zstd` (compression) are off by default.

mod budget;
mod cluster;
mod control;
mod format;
mod incoming;
mod json;
mod mock;
mod observer;
mod partition;
mod pool;
mod producer;
mod progress;
mod read;
mod read_partition;
mod read_some;
mod reader;
mod record;
mod settings;
mod start;
mod topics;
mod trouble;
mod turn;
mod watch;
mod write;
mod write_settings;

pub use format::{FromKafka, ToKafka};
pub use json::Json;
pub use mock::MockBroker;
pub use read::{ReadFromKafka, read, read_records};
pub use record::{Headers, OutRecord, Record, TimestampType};
pub use settings::EventTime;
pub use start::Start;
pub use topics::NewTopics;
pub use write::{EachItsTopic, OneTopic, WriteToKafka, write, write_records};
