//! Ranges of offsets, with and without a known end.

use std::fmt;

use super::Restriction;
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};
use crate::element::Element;

/// The half-open range of offsets `[start, end)`; with an `end` of [`OffsetRange::UNBOUNDED`] it
/// does not end by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OffsetRange {
    /// The first offset inside.
    pub start: u64,
    /// The first offset after.
    pub end: u64,
}

impl OffsetRange {
    /// The end of a range that goes on for ever.
    pub const UNBOUNDED: u64 = i64::MAX as u64;

    /// The range `[start, end)`.
    #[must_use]
    pub fn new(start: u64, end: u64) -> Self {
        Self { start, end }
    }

    fn rest(&self, claimed: Option<u64>) -> u64 {
        claimed.map_or(self.start, |offset| offset.saturating_add(1)).max(self.start)
    }
}

/// How many of `left` offsets a primary keeps.
fn kept(left: u64, fraction: f64) -> u64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a split point need not be exact, and is clamped"
    )]
    let kept = (left as f64 * fraction.clamp(0.0, 1.0)).ceil() as u64;
    kept.min(left)
}

impl Restriction for OffsetRange {
    type Position = u64;

    fn contains(&self, position: u64) -> bool {
        (self.start..self.end).contains(&position)
    }

    fn split(&self, claimed: Option<u64>, fraction: f64) -> Option<(Self, Self)> {
        let rest = self.rest(claimed);
        let left = self.end.checked_sub(rest).filter(|left| *left > 0)?;
        if fraction > 0.0 && !self.is_bounded() {
            // A share of what has no end is no share.
            return None;
        }
        let at = rest + kept(left, fraction);
        (at < self.end).then(|| (Self::new(self.start, at), Self::new(at, self.end)))
    }

    fn is_complete(&self, claimed: Option<u64>) -> bool {
        self.rest(claimed) >= self.end
    }

    fn size(&self, claimed: Option<u64>) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a size need not be exact")]
        let size = self.end.saturating_sub(self.rest(claimed)) as f64;
        if self.is_bounded() { size } else { 1.0 }
    }

    fn is_bounded(&self) -> bool {
        self.end < Self::UNBOUNDED
    }
}

impl Element for OffsetRange {
    fn coder_spec() -> CoderSpec {
        CoderSpec::kv(u64::coder_spec(), u64::coder_spec())
    }
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        (self.start, self.end).encode(out, nesting)
    }
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        <(u64, u64)>::decode(input, nesting).map(|(start, end)| Self { start, end })
    }
    fn field_type() -> FieldType {
        <(u64, u64)>::field_type()
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.start, self.end)
    }
}

/// The range of offsets from `start` whose end grows, such as that of a log that is written to.
///
/// Until a split gives it an end, it does not end by itself. How far it reaches now is an estimate:
/// it says how much work there is, and where a split in the middle cuts. The estimate need not be
/// right, for the parts of a split are the whole range whatever it is. A function keeps it up to
/// date by [`Tracker::estimate_end`](crate::Tracker::estimate_end).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GrowableOffsetRange {
    /// The offsets, up to [`OffsetRange::UNBOUNDED`] while there is no end.
    pub range: OffsetRange,
    /// The first offset after what is there now, as far as is known.
    pub estimated_end: u64,
}

impl GrowableOffsetRange {
    /// The offsets from `start`, of which those before `estimated_end` are there.
    #[must_use]
    pub fn new(start: u64, estimated_end: u64) -> Self {
        Self { range: OffsetRange::new(start, OffsetRange::UNBOUNDED), estimated_end }
    }

    /// What is known to be there.
    fn known(&self) -> OffsetRange {
        OffsetRange::new(self.range.start, self.range.end.min(self.estimated_end))
    }
}

impl Restriction for GrowableOffsetRange {
    type Position = u64;

    fn contains(&self, position: u64) -> bool {
        self.range.contains(position)
    }

    fn split(&self, claimed: Option<u64>, fraction: f64) -> Option<(Self, Self)> {
        let rest = self.range.rest(claimed);
        let left = self.known().end.saturating_sub(rest);
        let at = rest + kept(left, fraction);
        // A checkpoint gives away what is not there yet; a share of nothing is no share.
        let is_worth_it = rest < self.range.end && at < self.range.end;
        let is_possible = fraction <= 0.0 || at < self.known().end;
        (is_worth_it && is_possible).then(|| {
            let part = |start, end| Self { range: OffsetRange::new(start, end), ..*self };
            (part(self.range.start, at), part(at, self.range.end))
        })
    }

    fn is_complete(&self, claimed: Option<u64>) -> bool {
        self.range.is_complete(claimed)
    }

    fn size(&self, claimed: Option<u64>) -> f64 {
        self.known().size(claimed)
    }

    fn is_bounded(&self) -> bool {
        self.range.is_bounded()
    }
}

impl Element for GrowableOffsetRange {
    fn coder_spec() -> CoderSpec {
        CoderSpec::kv(OffsetRange::coder_spec(), u64::coder_spec())
    }
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        (self.range, self.estimated_end).encode(out, nesting)
    }
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        let pair = <(OffsetRange, u64)>::decode(input, nesting);
        pair.map(|(range, estimated_end)| Self { range, estimated_end })
    }
    fn field_type() -> FieldType {
        <(OffsetRange, u64)>::field_type()
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.range.show(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_checkpoint_gives_away_all_that_was_not_claimed() {
        let range = OffsetRange::new(10, 20);
        let split = range.split(Some(12), 0.0);
        assert_eq!(split, Some((OffsetRange::new(10, 13), OffsetRange::new(13, 20))));
        assert_eq!(range.split(Some(19), 0.0), None);
        assert_eq!(range.split(None, 0.0), Some((OffsetRange::new(10, 10), range)));
    }

    #[test]
    fn a_growable_range_is_cut_where_its_known_part_is() {
        let range = GrowableOffsetRange::new(0, 100);
        let (primary, residual) = range.split(Some(19), 0.5).unwrap();
        assert_eq!(primary.range, OffsetRange::new(0, 60));
        assert_eq!(residual.range, OffsetRange::new(60, OffsetRange::UNBOUNDED));
        assert!(primary.is_bounded() && !residual.is_bounded());
        assert_eq!(
            (range.size(Some(19)), primary.size(None), residual.size(None)),
            (80.0, 60.0, 40.0)
        );
    }

    #[test]
    fn a_growable_range_of_which_nothing_is_left_is_checkpointed_and_not_shared() {
        let range = GrowableOffsetRange::new(0, 20);
        assert_eq!(range.split(Some(19), 0.5), None);
        let (primary, residual) = range.split(Some(19), 0.0).unwrap();
        assert_eq!((primary.range.end, residual.range.start), (20, 20));
        assert!(primary.is_complete(Some(19)));
    }

    /// What a function or a runner does with a restriction.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        /// Claims the position so far behind the last.
        Claim(u64),
        /// Splits at so many quarters of the rest.
        Split(u8),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let claim = (1u64..4).prop_map(Step::Claim);
        prop::collection::vec(prop_oneof![3 => claim, 1 => (0u8..=4).prop_map(Step::Split)], 0..40)
    }

    /// Works on a restriction, then on all that was split off: the primaries, each as far as it
    /// was claimed, and what contains each offset below `end`.
    fn work<R: Restriction<Position = u64>>(whole: R, start: u64, steps: &[Step]) -> Vec<R> {
        let mut waiting = vec![whole];
        let mut done = Vec::new();
        let mut steps = steps.iter();
        while let Some(mut restriction) = waiting.pop() {
            let mut claimed: Option<u64> = None;
            let first = (start..start + 100).find(|it| restriction.contains(*it)).unwrap_or(start);
            for step in steps.by_ref().take(7) {
                match step {
                    Step::Claim(by) => {
                        let next = claimed.map_or(first, |last| last + by);
                        if !restriction.contains(next) {
                            continue;
                        }
                        claimed = Some(next);
                    }
                    Step::Split(quarters) => {
                        let fraction = f64::from(*quarters) / 4.0;
                        if let Some((primary, residual)) = restriction.split(claimed, fraction) {
                            assert!(claimed.is_none_or(|last| primary.contains(last)));
                            assert!(fraction > 0.0 || primary.is_complete(claimed));
                            assert!(!residual.is_complete(None), "something is given away");
                            restriction = primary;
                            waiting.push(residual);
                        }
                    }
                }
            }
            done.push(restriction);
        }
        done
    }

    fn assert_partition(parts: &[OffsetRange], start: u64, end: u64) {
        for offset in start.saturating_sub(2)..end + 2 {
            let owners = parts.iter().filter(|part| part.contains(offset)).count();
            let expected = usize::from((start..end).contains(&offset));
            assert_eq!(owners, expected, "offset {offset} in {parts:?}");
        }
    }

    proptest! {
        #[test]
        fn claims_and_splits_partition_a_range(start in 0u64..20, size in 0u64..40, steps in steps()) {
            let range = OffsetRange::new(start, start + size);
            assert_partition(&work(range, start, &steps), start, start + size);
        }

        #[test]
        fn claims_and_splits_partition_a_growable_range(
            start in 0u64..20,
            estimate in 0u64..60,
            steps in steps(),
        ) {
            let parts = work(GrowableOffsetRange::new(start, estimate), start, &steps);
            let far = OffsetRange::UNBOUNDED - 1;
            prop_assert_eq!(parts.iter().filter(|part| part.contains(far)).count(), 1);
            for offset in start..200 {
                prop_assert_eq!(parts.iter().filter(|part| part.contains(offset)).count(), 1);
            }
        }
    }
}
