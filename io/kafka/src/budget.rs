//! The restriction of a read that ends after a number of records.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use purlin_sdk::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};
use purlin_sdk::{Element, OffsetRange, Restriction};

/// How many records may still be read, and the offset that comes next in each partition.
///
/// What is claimed is the number of a record, so that the count is exact however records are spread
/// over partitions. The offsets follow the claims: a split hands them to the residual.
pub(crate) struct Budget {
    numbers: OffsetRange,
    next: Mutex<Vec<u64>>,
}

impl Budget {
    pub(crate) fn new(records: u64, next: Vec<u64>) -> Self {
        Self { numbers: OffsetRange::new(0, records), next: Mutex::new(next) }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u64>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the next record.
    pub(crate) fn number(&self) -> u64 {
        self.numbers.start
    }

    /// The offset that comes next in each partition.
    pub(crate) fn next(&self) -> Vec<u64> {
        self.lock().clone()
    }

    /// The record before `next` was claimed and read.
    pub(crate) fn advance(&self, partition: usize, next: u64) {
        if let Some(slot) = self.lock().get_mut(partition) {
            *slot = next;
        }
    }

    fn with(&self, numbers: OffsetRange) -> Self {
        Self { numbers, next: Mutex::new(self.next()) }
    }
}

impl Clone for Budget {
    fn clone(&self) -> Self {
        self.with(self.numbers)
    }
}

impl Restriction for Budget {
    type Position = u64;

    fn contains(&self, position: u64) -> bool {
        self.numbers.contains(position)
    }

    /// Only all that is left can be given away: the offsets are those of now.
    fn split(&self, claimed: Option<u64>, _fraction: f64) -> Option<(Self, Self)> {
        let (primary, residual) = self.numbers.split(claimed, 0.0)?;
        Some((self.with(primary), self.with(residual)))
    }

    fn is_complete(&self, claimed: Option<u64>) -> bool {
        self.numbers.is_complete(claimed)
    }

    fn size(&self, claimed: Option<u64>) -> f64 {
        self.numbers.size(claimed)
    }
}

impl Element for Budget {
    fn coder_spec() -> CoderSpec {
        <(OffsetRange, Vec<u64>)>::coder_spec()
    }
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        (self.numbers, self.next()).encode(out, nesting)
    }
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        let (numbers, next) = <(OffsetRange, Vec<u64>)>::decode(input, nesting)?;
        Ok(Self { numbers, next: Mutex::new(next) })
    }
    fn field_type() -> FieldType {
        <(OffsetRange, Vec<u64>)>::field_type()
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.numbers.show(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_residual_goes_on_at_the_offsets_of_the_claims() {
        let budget = Budget::new(10, vec![100, 200]);
        budget.advance(1, 201);
        let (_, residual) = budget.split(Some(0), 0.0).unwrap();
        assert_eq!((residual.number(), residual.next()), (1, vec![100, 201]));
        budget.advance(0, 101);
        assert_eq!(residual.next(), [100, 201]);
    }
}
