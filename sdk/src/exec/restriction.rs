//! Restrictions: the part of an element's work that a splittable DoFn does, and how it is split.

use std::fmt;

use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};
use crate::element::Element;

/// A part of the work of an element, in which positions are claimed in order.
///
/// All methods are functions of values: what was claimed is kept by the [`Tracker`](crate::Tracker).
pub trait Restriction: Element {
    /// A place in it; later work has greater positions.
    type Position: Copy + PartialOrd + Send + fmt::Debug + 'static;

    /// Whether `position` lies inside.
    fn contains(&self, position: Self::Position) -> bool;

    /// Splits off what is left after `claimed`, the last claimed position: `(primary, residual)`.
    /// The primary keeps `fraction` of the rest, 0 for a checkpoint. `None` where nothing is left
    /// to give away.
    fn split(&self, claimed: Option<Self::Position>, fraction: f64) -> Option<(Self, Self)>;

    /// Whether all is done once `claimed` is done.
    fn is_complete(&self, claimed: Option<Self::Position>) -> bool;

    /// The work that is left after `claimed`, in any unit that is proportional to time.
    fn size(&self, claimed: Option<Self::Position>) -> f64;

    /// Whether the work ends by itself.
    fn is_bounded(&self) -> bool {
        true
    }
}

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

impl Restriction for OffsetRange {
    type Position = u64;

    fn contains(&self, position: u64) -> bool {
        (self.start..self.end).contains(&position)
    }

    fn split(&self, claimed: Option<u64>, fraction: f64) -> Option<(Self, Self)> {
        let rest = self.rest(claimed);
        let left = self.end.checked_sub(rest).filter(|left| *left > 0)?;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a split point need not be exact, and is clamped"
        )]
        let kept = (left as f64 * fraction.clamp(0.0, 1.0)).ceil() as u64;
        let at = rest + kept.min(left);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_gives_away_all_that_was_not_claimed() {
        let range = OffsetRange::new(10, 20);
        let split = range.split(Some(12), 0.0);
        assert_eq!(split, Some((OffsetRange::new(10, 13), OffsetRange::new(13, 20))));
        assert_eq!(range.split(Some(19), 0.0), None);
        assert_eq!(range.split(None, 0.0), Some((OffsetRange::new(10, 10), range)));
    }
}
