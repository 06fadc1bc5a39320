//! A turn at a partition: reads what is there, up to a limit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use purlin_sdk::{BoxError, Context, Element, Timestamp};

use crate::control::Control;
use crate::incoming::{Decode, Incoming};
use crate::partition::Partition;
use crate::pool::ReaderPool;
use crate::reader::{Polled, Reader};
use crate::settings::EventTime;

/// How long a turn that has records waits for more.
const LULL: Duration = Duration::from_millis(1);

/// What the readers of a transform share in a process.
pub(crate) struct Source<T> {
    pub(crate) control: Arc<Control>,
    pub(crate) pool: Arc<ReaderPool>,
    pub(crate) decode: Decode<T>,
}

impl<T> Clone for Source<T> {
    fn clone(&self) -> Self {
        Self {
            control: Arc::clone(&self.control),
            pool: Arc::clone(&self.pool),
            decode: self.decode,
        }
    }
}

/// How much a turn may read.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) records: usize,
    pub(crate) until: Instant,
    /// How long to wait for the first record where the end was not reached before.
    pub(crate) patience: Duration,
}

/// What a turn claims its records from.
pub(crate) trait Claims {
    /// Whether the bundle should end soon.
    fn is_stop_asked(&self) -> bool;

    /// Claims the record at `offset`. `false`: it must not be read now.
    fn claim(&mut self, offset: u64) -> bool;
}

impl<T: Element> Source<T> {
    /// Reads until the limits are met, the partition is empty, or a claim fails; `end` is where the
    /// partition is to be read up to. Returns the number of records.
    pub(crate) fn turn(
        &self,
        reader: &mut Reader,
        limits: Limits,
        end: u64,
        claims: &mut impl Claims,
        cx: &mut Context<T>,
    ) -> Result<usize, BoxError> {
        let mut count = 0;
        while count < limits.records && !claims.is_stop_asked() {
            // The clock costs a tenth of a record.
            if count % 64 == 63 && Instant::now() >= limits.until {
                break;
            }
            let wait = match count {
                0 if reader.at_end => Duration::ZERO,
                0 => limits.patience,
                _ => LULL,
            };
            match reader.connection.poll(wait)? {
                Polled::Record(record) => {
                    reader.at_end = false;
                    let offset = record.offset();
                    if offset >= end || !claims.claim(offset) {
                        // Either all is read, or it is the residual's first and must come again.
                        reader.next = (offset >= end).then_some(offset);
                        break;
                    }
                    let timestamp = self.output(&record, cx)?;
                    reader.progress.record(timestamp);
                    reader.next = Some(offset + 1);
                    count += 1;
                }
                Polled::End => {
                    reader.at_end = true;
                    break;
                }
                Polled::Nothing => break,
            }
        }
        reader.idle = if count == 0 { reader.idle.saturating_add(1) } else { 0 };
        if count == 0 {
            reader.quiet()?;
        }
        Ok(count)
    }

    fn output(&self, record: &Incoming<'_>, cx: &mut Context<T>) -> Result<Timestamp, BoxError> {
        let value = (self.decode)(record)?;
        let of_record = match self.control.settings.event_time {
            EventTime::Record => record.timestamp().0,
            EventTime::Processing => None,
        };
        let timestamp = of_record.unwrap_or_else(Timestamp::now);
        cx.output_with_timestamp(value, timestamp);
        Ok(timestamp)
    }

    /// Has the group's offset follow to `next` once nothing of this bundle can be lost any more.
    pub(crate) fn commit_later(&self, partition: &Partition, next: u64, cx: &mut Context<T>) {
        if !self.control.settings.commits() {
            return;
        }
        let control = Arc::clone(&self.control);
        let (topic, partition) = (partition.topic.clone(), partition.partition);
        cx.on_commit(move || control.commit(&topic, partition, next));
    }
}
