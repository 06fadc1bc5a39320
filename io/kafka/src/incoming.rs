//! A record in librdkafka's memory.

use bytes::Bytes;
use purlin_sdk::{BoxError, Timestamp};
use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Headers as _};

use crate::record::{Headers, TimestampType};
use crate::trouble::trouble;

/// A record that was received and not yet copied.
pub(crate) struct Incoming<'a>(pub(crate) BorrowedMessage<'a>);

/// What becomes of a record.
pub(crate) type Decode<T> = fn(&Incoming<'_>) -> Result<T, BoxError>;

impl Incoming<'_> {
    pub(crate) fn topic(&self) -> &str {
        self.0.topic()
    }

    pub(crate) fn partition(&self) -> i32 {
        self.0.partition()
    }

    pub(crate) fn offset(&self) -> u64 {
        // Negative offsets are librdkafka's names for places such as the end; no record has one.
        u64::try_from(self.0.offset()).unwrap_or(0)
    }

    pub(crate) fn key(&self) -> Option<&[u8]> {
        self.0.key()
    }

    pub(crate) fn value(&self) -> Option<&[u8]> {
        self.0.payload()
    }

    pub(crate) fn timestamp(&self) -> (Option<Timestamp>, TimestampType) {
        let timestamp = self.0.timestamp();
        let kind = match timestamp {
            rdkafka::Timestamp::CreateTime(_) => TimestampType::CreateTime,
            rdkafka::Timestamp::LogAppendTime(_) => TimestampType::LogAppendTime,
            rdkafka::Timestamp::NotAvailable => TimestampType::NotAvailable,
        };
        (timestamp.to_millis().map(Timestamp), kind)
    }

    pub(crate) fn headers(&self) -> Headers {
        let Some(headers) = self.0.headers() else { return Headers::new() };
        let copied = headers
            .iter()
            .map(|header| (header.key.to_owned(), header.value.map(Bytes::copy_from_slice)));
        copied.collect()
    }

    /// Says where an undecodable record is.
    pub(crate) fn undecodable(&self, what: &str, error: &BoxError) -> BoxError {
        trouble(
            format!(
                "the {what} of the record at offset {} of partition {} of `{}` cannot be read: \
                 {error}",
                self.offset(),
                self.partition(),
                self.topic(),
            ),
            "read with `read_records` and decode in `.try_map(…).dead_letters()` to collect such \
             records instead",
        )
    }
}
