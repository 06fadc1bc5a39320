//! Reads a number of records, from all partitions in turn.

use std::time::{Duration, Instant};

use bytes::Bytes;
use purlin_sdk::{
    BoxError, Context, Continuation, DoFn, Element, SplittableDoFn, Timestamp, Tracker,
};

use crate::budget::Budget;
use crate::partition::{ListPartitions, Partition};
use crate::turn::{Claims, Limits, Source};

/// How much is read of a partition before the next one's turn.
const RECORDS: usize = 1000;
const TIME: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_millis(5);
/// How long to leave the partitions alone when all were empty.
const PAUSE: Duration = Duration::from_millis(5);

/// Lists all partitions as one element.
#[derive(Clone)]
pub(crate) struct ListTogether(pub(crate) ListPartitions);

impl DoFn for ListTogether {
    type In = Bytes;
    type Out = Vec<Partition>;

    fn process(&mut self, _: Bytes, cx: &mut Context<Vec<Partition>>) -> Result<(), BoxError> {
        cx.output(self.0.list()?);
        Ok(())
    }
}

/// Reads until so many records were read. One restriction for all partitions, because no other
/// way gives an exact count wherever the records are.
pub(crate) struct ReadSome<T> {
    pub(crate) source: Source<T>,
    pub(crate) records: u64,
}

impl<T> Clone for ReadSome<T> {
    fn clone(&self) -> Self {
        Self { source: self.source.clone(), records: self.records }
    }
}

/// Claims the number of a record, and notes which it was.
struct Numbers<'a> {
    tracker: &'a mut Tracker<Budget>,
    number: u64,
    partition: usize,
}

impl Claims for Numbers<'_> {
    fn is_stop_asked(&self) -> bool {
        self.tracker.is_stop_asked()
    }

    fn claim(&mut self, offset: u64) -> bool {
        if !self.tracker.try_claim(self.number) {
            return false;
        }
        self.number += 1;
        self.tracker.restriction().advance(self.partition, offset + 1);
        true
    }
}

impl<T: Element> SplittableDoFn for ReadSome<T> {
    type In = Vec<Partition>;
    type Out = T;
    type Restriction = Budget;

    fn initial_restriction(&self, partitions: &Vec<Partition>) -> Result<Budget, BoxError> {
        let next = partitions.iter().map(|partition| partition.start).collect();
        Ok(Budget::new(self.records, next))
    }

    fn truncate(&self, _: &Vec<Partition>, _: &Budget) -> Option<Budget> {
        None
    }

    fn process(
        &mut self,
        partitions: &Vec<Partition>,
        tracker: &mut Tracker<Budget>,
        cx: &mut Context<T>,
    ) -> Result<Continuation, BoxError> {
        let number = tracker.restriction().number();
        let next = tracker.restriction().next();
        let mut numbers = Numbers { tracker, number, partition: 0 };
        let mut are_over = true;
        for (partition, next) in partitions.iter().zip(next) {
            are_over &= self.turn(partition, next, &mut numbers, cx)?;
            numbers.partition += 1;
        }
        let Numbers { tracker, number: reached, .. } = numbers;
        let until = partitions.first().and_then(|partition| partition.until);
        let is_late = until.is_some_and(|until| Timestamp::now() >= until);
        if are_over || is_late || reached >= self.records {
            tracker.finish();
            return Ok(Continuation::Stop);
        }
        let delay = if reached > number { Duration::ZERO } else { PAUSE };
        Ok(Continuation::Resume(delay))
    }
}

impl<T: Element> ReadSome<T> {
    /// Reads some records of a partition from `next`; whether its end was reached for good.
    fn turn(
        &self,
        partition: &Partition,
        next: u64,
        numbers: &mut Numbers<'_>,
        cx: &mut Context<T>,
    ) -> Result<bool, BoxError> {
        let end = partition.end;
        if next >= end {
            return Ok(true);
        }
        let Source { control, pool, .. } = &self.source;
        let mut reader = pool.take(&control.settings, partition, next)?;
        let limits = Limits { records: RECORDS, until: Instant::now() + TIME, patience: PATIENCE };
        self.source.turn(&mut reader, limits, end, numbers, cx)?;
        let reached = numbers.tracker.restriction().next()[numbers.partition];
        if reached > next {
            self.source.commit_later(partition, reached, cx);
        }
        let is_over = reader.next.is_some_and(|next| next >= end)
            || (control.settings.stop_at_end && reader.at_end);
        pool.put(partition, reader);
        Ok(is_over)
    }
}
