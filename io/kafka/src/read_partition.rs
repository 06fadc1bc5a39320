//! Reads a partition, bundle by bundle.

use std::time::{Duration, Instant};

use purlin_sdk::{
    BoxError, Context, Continuation, Element, OffsetRange, SplittableDoFn, Timestamp, Tracker,
};

use crate::partition::Partition;
use crate::reader::Reader;
use crate::turn::{Claims, Limits, Source};

/// A bundle ends after this time or number of records, or when no more are there: what is read is
/// of use only once its bundle is committed.
const TIME: Duration = Duration::from_millis(100);
const RECORDS: usize = 10_000;
/// A partition in which nothing happens is looked at less and less often, down to this.
const LONGEST_PAUSE: Duration = Duration::from_millis(32);

/// Reads partitions, each on its own.
pub(crate) struct ReadPartition<T>(pub(crate) Source<T>);

impl<T> Clone for ReadPartition<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Claims for &mut Tracker<OffsetRange> {
    fn is_stop_asked(&self) -> bool {
        Tracker::is_stop_asked(self)
    }

    fn claim(&mut self, offset: u64) -> bool {
        self.try_claim(offset)
    }
}

impl<T: Element> SplittableDoFn for ReadPartition<T> {
    type In = Partition;
    type Out = T;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, partition: &Partition) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(partition.start, partition.end))
    }

    /// Of a read that ends at an offset everything before it remains; any other ends here.
    fn truncate(&self, _: &Partition, range: &OffsetRange) -> Option<OffsetRange> {
        self.0.control.settings.stop_at_end.then_some(*range)
    }

    fn process(
        &mut self,
        partition: &Partition,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<T>,
    ) -> Result<Continuation, BoxError> {
        let OffsetRange { start, end } = *tracker.restriction();
        if start >= end {
            return Ok(Continuation::Stop);
        }
        let mut reader = self.0.pool.take(&self.0.control.settings, partition, start)?;
        // After an error the reader is closed, and the next attempt starts with a new one.
        let limits = Limits { records: RECORDS, until: Instant::now() + TIME, patience: TIME };
        let count = self.0.turn(&mut reader, limits, end, &mut &mut *tracker, cx)?;
        if count > 0 {
            // A record that was received and not claimed is the residual's first.
            let next = reader.next.unwrap_or(tracker.restriction().end);
            self.0.commit_later(partition, next.min(end), cx);
        }
        if let Some(watermark) = reader.progress.watermark() {
            cx.set_watermark(watermark);
        }
        if self.is_over(&reader, partition, end) {
            tracker.finish();
            return Ok(Continuation::Stop);
        }
        let delay = if reader.at_end { pause(reader.idle) } else { Duration::ZERO };
        self.0.pool.put(partition, reader);
        Ok(Continuation::Resume(delay))
    }
}

impl<T: Element> ReadPartition<T> {
    fn is_over(&self, reader: &Reader, partition: &Partition, end: u64) -> bool {
        reader.next.is_some_and(|next| next >= end)
            || (self.0.control.settings.stop_at_end && reader.at_end)
            || partition.until.is_some_and(|until| Timestamp::now() >= until)
    }
}

/// How long to leave a partition alone that was found empty so many times in a row.
fn pause(idle: u32) -> Duration {
    Duration::from_millis(1 << idle.min(5)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_partition_is_looked_at_less_often() {
        assert_eq!(pause(0), Duration::from_millis(1));
        assert_eq!(pause(3), Duration::from_millis(8));
        assert_eq!(pause(100), LONGEST_PAUSE);
    }
}
