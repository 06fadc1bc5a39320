//! How far the event time of a partition has come.
//!
//! A partition's watermark follows the newest record that was read, less the out-of-orderness that
//! the author allows. A quiet partition must not hold back the others, but a mere time-out would
//! overtake records that are only slow to arrive. So its leader is asked where the partition ends:
//! once all before that end was read, whatever comes later is appended after the question was
//! asked, and the watermark moves there.

use std::time::Duration;

use purlin_sdk::Timestamp;

/// The event time of a partition.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    out_of_orderness: Duration,
    reached: Option<Timestamp>,
    /// The last question about the end whose answer was beyond what was read.
    open: Option<Question>,
}

#[derive(Clone, Copy, Debug)]
struct Question {
    asked: Timestamp,
    high: u64,
}

impl Progress {
    pub(crate) fn new(out_of_orderness: Duration) -> Self {
        Self { out_of_orderness, reached: None, open: None }
    }

    /// A record was read.
    pub(crate) fn record(&mut self, timestamp: Timestamp) {
        self.reached = self.reached.max(Some(timestamp));
        self.open = None;
    }

    /// The partition ended at `high` at the time `asked`; `next` is the offset after the last
    /// record that was read, and nothing came since the last question.
    ///
    /// Offsets without a record, such as marks of transactions, keep `next` below `high`: then a
    /// second answer with the same end, while the consumer waits at the end (`at_end`), says that
    /// nothing readable lies between.
    pub(crate) fn end_found(&mut self, asked: Timestamp, high: u64, next: u64, at_end: bool) {
        if next >= high {
            self.reached = self.reached.max(Some(asked));
            return;
        }
        match self.open {
            Some(first) if first.high == high && at_end => {
                self.reached = self.reached.max(Some(first.asked));
                self.open = Some(Question { asked, high });
            }
            _ => self.open = Some(Question { asked, high }),
        }
    }

    pub(crate) fn watermark(&self) -> Option<Timestamp> {
        self.reached.map(|reached| reached - self.out_of_orderness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress() -> Progress {
        Progress::new(Duration::from_millis(5))
    }

    #[test]
    fn the_watermark_follows_the_newest_record() {
        let mut progress = progress();
        assert_eq!(progress.watermark(), None);
        progress.record(Timestamp(100));
        progress.record(Timestamp(50));
        assert_eq!(progress.watermark(), Some(Timestamp(95)));
    }

    #[test]
    fn a_partition_that_was_read_to_its_end_moves_to_the_time_of_the_question() {
        let mut progress = progress();
        progress.end_found(Timestamp(1000), 0, 0, true);
        assert_eq!(progress.watermark(), Some(Timestamp(995)));
    }

    #[test]
    fn records_that_are_on_their_way_are_not_overtaken() {
        let mut progress = progress();
        progress.record(Timestamp(100));
        progress.end_found(Timestamp(1000), 8, 7, true);
        assert_eq!(progress.watermark(), Some(Timestamp(95)));
        progress.record(Timestamp(101));
        progress.end_found(Timestamp(2000), 9, 8, true);
        assert_eq!(progress.watermark(), Some(Timestamp(96)));
        progress.end_found(Timestamp(3000), 9, 8, false);
        assert_eq!(progress.watermark(), Some(Timestamp(96)));
    }

    #[test]
    fn offsets_without_a_record_do_not_hold_the_watermark() {
        let mut progress = progress();
        progress.record(Timestamp(100));
        progress.end_found(Timestamp(1000), 8, 7, true);
        progress.end_found(Timestamp(2000), 8, 7, true);
        assert_eq!(progress.watermark(), Some(Timestamp(995)));
        progress.end_found(Timestamp(3000), 8, 7, true);
        assert_eq!(progress.watermark(), Some(Timestamp(1995)));
    }
}
