//! Whole records, as they are read and as they are written.

use bytes::Bytes;
use purlin_sdk::{BoxError, Element, Timestamp};

use crate::incoming::Incoming;

/// The headers of a record, in order; a name may occur more than once.
pub type Headers = Vec<(String, Option<Bytes>)>;

/// A record of a topic, as [`read_records`](crate::read_records) gives it.
#[derive(Clone, PartialEq, Eq, Debug, Element)]
#[element(crate = "purlin_sdk")]
pub struct Record {
    /// The topic.
    pub topic: String,
    /// The partition of the topic.
    pub partition: i32,
    /// The place in the partition.
    pub offset: u64,
    /// When it was made or appended; `None` in the formats of old brokers.
    pub timestamp: Option<Timestamp>,
    /// What the timestamp means.
    pub timestamp_type: TimestampType,
    /// The key; `None` is Kafka's null.
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Headers,
}

/// What a record's timestamp means, as its topic is configured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Element)]
#[element(crate = "purlin_sdk")]
pub enum TimestampType {
    /// The producer's: when the record was made.
    CreateTime,
    /// The broker's: when the record was appended.
    LogAppendTime,
    /// There is none.
    NotAvailable,
}

impl Record {
    /// Copies what librdkafka received.
    pub(crate) fn received(incoming: &Incoming<'_>) -> Result<Self, BoxError> {
        let (timestamp, timestamp_type) = incoming.timestamp();
        Ok(Self {
            topic: incoming.topic().to_owned(),
            partition: incoming.partition(),
            offset: incoming.offset(),
            timestamp,
            timestamp_type,
            key: incoming.key().map(Bytes::copy_from_slice),
            value: incoming.value().map(Bytes::copy_from_slice),
            headers: incoming.headers(),
        })
    }
}

/// A record to be written by [`write_records`](crate::write_records).
#[derive(Clone, PartialEq, Eq, Debug, Default, Element)]
#[element(crate = "purlin_sdk")]
pub struct OutRecord {
    /// The topic.
    pub topic: String,
    /// The key; `None` is Kafka's null.
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Headers,
    /// When it was made; now, unless given.
    pub timestamp: Option<Timestamp>,
    /// The partition; chosen by the key, unless given.
    pub partition: Option<i32>,
}

impl OutRecord {
    /// A record without key, headers and timestamp.
    #[must_use]
    pub fn new(topic: impl Into<String>, value: impl Into<Bytes>) -> Self {
        Self { topic: topic.into(), value: Some(value.into()), ..Self::default() }
    }

    /// Gives it a key.
    #[must_use]
    pub fn key(self, key: impl Into<Bytes>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// Appends a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.headers.push((name.into(), Some(value.into())));
        self
    }
}
