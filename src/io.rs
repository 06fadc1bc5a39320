//! Sources and sinks.

pub use purlin_sdk::io::*;

#[cfg(feature = "io-kafka")]
pub use purlin_io_kafka as kafka;
