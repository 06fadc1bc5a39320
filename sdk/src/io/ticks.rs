//! A clock as a source: one element at each of some times.

use std::time::Duration;

use crate::error::BoxError;
use crate::exec::{Context, Continuation, OffsetRange, SplittableDoFn, Tracker};
use crate::time::Timestamp;

/// Gives each time from its element's first, which is inside, to its second, which is not, so far
/// apart: when the wall clock has come to it, and at this event time. Nothing of it is left to do
/// in a drain.
#[derive(Clone)]
pub(super) struct Ticks {
    pub(super) interval: Duration,
}

impl Ticks {
    fn millis(&self) -> u64 {
        u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX).max(1)
    }
}

impl SplittableDoFn for Ticks {
    type In = (Timestamp, Timestamp);
    type Out = Timestamp;
    type Restriction = OffsetRange;

    fn initial_restriction(
        &self,
        (start, end): &(Timestamp, Timestamp),
    ) -> Result<OffsetRange, BoxError> {
        let span = u64::try_from(i128::from(end.0) - i128::from(start.0)).unwrap_or(0);
        let has_end = *end < Timestamp::MAX;
        let count = if has_end { span.div_ceil(self.millis()) } else { OffsetRange::UNBOUNDED };
        Ok(OffsetRange::new(0, count))
    }

    fn process(
        &mut self,
        (start, _): &(Timestamp, Timestamp),
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<Timestamp>,
    ) -> Result<Continuation, BoxError> {
        let range = *tracker.restriction();
        let interval = i64::try_from(self.millis()).unwrap_or(i64::MAX);
        for tick in range.start..range.end {
            let passed = i64::try_from(tick).unwrap_or(i64::MAX).saturating_mul(interval);
            let at = Timestamp(start.0.saturating_add(passed)).clamped();
            cx.set_watermark(at);
            if let Some(wait) = until(at) {
                return Ok(Continuation::Resume(wait));
            }
            if !tracker.try_claim(tick) {
                return Ok(Continuation::Stop);
            }
            cx.output_with_timestamp(at, at);
        }
        Ok(Continuation::Stop)
    }

    fn truncate(&self, _: &(Timestamp, Timestamp), _: &OffsetRange) -> Option<OffsetRange> {
        None
    }
}

/// How long it is until then; `None` if the time has come.
pub(super) fn until(at: Timestamp) -> Option<Duration> {
    let millis = at.0.saturating_sub(Timestamp::now().0);
    u64::try_from(millis).ok().filter(|millis| *millis > 0).map(Duration::from_millis)
}
