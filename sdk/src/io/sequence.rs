//! Numbers one after the other.

use std::fmt;
use std::ops::{Range, RangeFrom};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::ticks::until;
use crate::error::{BoxError, Place};
use crate::exec::{
    BATCH, Context, Continuation, DoFn, OffsetRange, SplittableDoFn, Tracker, WatermarkEstimator,
};
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::time::Timestamp;
use crate::transforms::PTransform;

/// The least size of the parts that a bounded sequence is begun with.
const PART: u64 = 1 << 20;

/// `Pipeline → PCollection<i64>`: the numbers of a range such as `0..100`, bounded, or of one
/// without an end such as `0..`, unbounded. Their order is not kept.
///
/// The numbers of a bounded sequence have the earliest timestamp; those of an unbounded one the
/// wall-clock time at which they are given, and those with a [rate](GenerateSequence::rate) the
/// time at which they are due. An unbounded sequence ends when the job is drained.
///
/// ```
/// # use purlin_runner_direct::DirectRunner;
/// # use purlin_sdk::{Pipeline, io, testing::assert_that};
/// # fn main() -> purlin_sdk::Result<()> {
/// let p = Pipeline::new();
/// let numbers = p.apply(io::generate_sequence(0..4));
/// # assert_that(&numbers).contains_in_any_order([0, 1, 2, 3]);
/// # p.run_with(&DirectRunner::default())?;
/// # Ok(())
/// # }
/// ```
pub fn generate_sequence(numbers: impl Into<Numbers>) -> GenerateSequence {
    let numbers = numbers.into();
    GenerateSequence { numbers, rate: None, max_read_time: None, timestamps: None }
}

/// Which numbers [`generate_sequence`] gives: made of `from..to` or `from..`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Numbers {
    from: i64,
    to: Option<i64>,
}

impl From<Range<i64>> for Numbers {
    fn from(range: Range<i64>) -> Self {
        Self { from: range.start, to: Some(range.end) }
    }
}

impl From<RangeFrom<i64>> for Numbers {
    fn from(range: RangeFrom<i64>) -> Self {
        Self { from: range.start, to: None }
    }
}

type Timestamps = Arc<dyn Fn(i64) -> Timestamp + Send + Sync>;

/// A source of numbers, as [`generate_sequence`] makes it.
#[must_use = "a source has no effect until it is applied"]
#[derive(Clone)]
pub struct GenerateSequence {
    numbers: Numbers,
    rate: Option<(u64, Duration)>,
    max_read_time: Option<Duration>,
    timestamps: Option<Timestamps>,
}

impl fmt::Debug for GenerateSequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { numbers, rate, max_read_time, timestamps: _ } = self;
        let mut shown = f.debug_struct("GenerateSequence");
        shown.field("numbers", numbers).field("rate", rate).field("max_read_time", max_read_time);
        shown.finish_non_exhaustive()
    }
}

impl GenerateSequence {
    /// Gives at most so many numbers, at least 1, in each `per`, evenly from the beginning of the
    /// job.
    pub fn rate(mut self, numbers: u64, per: Duration) -> Self {
        self.rate = Some((numbers.max(1), per));
        self
    }

    /// Ends the sequence when so much time has passed since the job began.
    pub fn max_read_time(mut self, time: Duration) -> Self {
        self.max_read_time = Some(time);
        self
    }

    /// Gives each number the event time that this function says, which must not be less for a
    /// greater number; of an unbounded sequence the watermark follows it.
    pub fn timestamps(
        mut self,
        timestamps: impl Fn(i64) -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        self.timestamps = Some(Arc::new(timestamps));
        self
    }

    /// When the number at a place in the sequence is due.
    fn due(&self, started: Timestamp, place: u64) -> Option<Timestamp> {
        let (numbers, per) = self.rate?;
        let millis = u128::from(place) * per.as_millis() / u128::from(numbers);
        let millis = i64::try_from(millis).unwrap_or(i64::MAX);
        Some(Timestamp(started.0.saturating_add(millis)).clamped())
    }

    fn timestamp(&self, number: i64, due: Option<Timestamp>) -> Option<Timestamp> {
        match (&self.timestamps, due, self.numbers.to) {
            (Some(timestamps), ..) => Some(timestamps(number)),
            (None, Some(due), _) => Some(due),
            (None, None, None) => Some(Timestamp::now()),
            (None, None, Some(_)) => None,
        }
    }
}

impl PTransform<Pipeline> for GenerateSequence {
    type Output = PCollection<i64>;
    const IS_WHOLE: bool = true;

    fn expand(self, pipeline: Pipeline) -> PCollection<i64> {
        let place = pipeline.graph.borrow().scope_place().unwrap_or_else(Place::caller);
        let begin = pipeline.impulse().par_do_named("Begin", place.clone(), Begin);
        // A shuffle makes the beginning durable: it must not change when work is done again.
        let begin = begin.main().reshuffle();
        let is_bounded = self.numbers.to.is_some();
        begin.par_do_splittable_named("Numbers", place, Sequence(self), is_bounded).main()
    }
}

/// The time at which the sequence begins.
#[derive(Clone)]
struct Begin;

impl DoFn for Begin {
    type In = Bytes;
    type Out = Timestamp;

    fn process(&mut self, _: Bytes, cx: &mut Context<Timestamp>) -> Result<(), BoxError> {
        cx.output(Timestamp::now());
        Ok(())
    }
}

/// Positions are places in the sequence, from 0.
#[derive(Clone)]
struct Sequence(GenerateSequence);

impl Sequence {
    /// Whether nothing about a number depends on time.
    fn is_plain(&self) -> bool {
        let GenerateSequence { numbers, rate, max_read_time, timestamps } = &self.0;
        let has_times = rate.is_some() || max_read_time.is_some() || timestamps.is_some();
        numbers.to.is_some() && !has_times
    }

    /// Gives numbers by the batch.
    fn all_at_once(
        &self,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<i64>,
    ) -> Continuation {
        let from = i128::from(self.0.numbers.from);
        let mut places = tracker.restriction().start..0;
        loop {
            places = tracker.try_claim_many(places.start, BATCH as u64);
            if places.is_empty() {
                return Continuation::Stop;
            }
            // Its length was looked at when the restriction was made: all of them are numbers.
            let numbers = places.clone().map(|place| i64::try_from(from + i128::from(place)));
            cx.output_all(numbers.filter_map(Result::ok).collect());
            places.start = places.end;
        }
    }
}

impl SplittableDoFn for Sequence {
    type In = Timestamp;
    type Out = i64;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, _: &Timestamp) -> Result<OffsetRange, BoxError> {
        let Numbers { from, to } = self.0.numbers;
        let Some(to) = to else { return Ok(OffsetRange::new(0, OffsetRange::UNBOUNDED)) };
        let count = u64::try_from(i128::from(to) - i128::from(from)).unwrap_or(0);
        if count >= OffsetRange::UNBOUNDED {
            return Err(format!("the sequence {from}..{to} is too long").into());
        }
        Ok(OffsetRange::new(0, count))
    }

    fn split(&self, _: &Timestamp, range: OffsetRange) -> Result<Vec<OffsetRange>, BoxError> {
        let has_end = self.0.numbers.to.is_some();
        if !has_end || self.0.rate.is_some() || range.start >= range.end {
            return Ok(vec![range]);
        }
        let part = (range.end / 64).max(PART);
        let starts = (0..range.end.div_ceil(part)).map(|number| number * part);
        Ok(starts.map(|at| OffsetRange::new(at, range.end.min(at + part))).collect())
    }

    fn process(
        &mut self,
        started: &Timestamp,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<i64>,
    ) -> Result<Continuation, BoxError> {
        let OffsetRange { start, end } = *tracker.restriction();
        if self.is_plain() {
            return Ok(self.all_at_once(tracker, cx));
        }
        let last = self.0.max_read_time.map(|time| *started + time);
        for place in start..end {
            let due = self.0.due(*started, place);
            let number = i64::try_from(i128::from(self.0.numbers.from) + i128::from(place));
            let is_late = last.is_some_and(|last| Timestamp::now() >= last || due >= Some(last));
            let (false, Ok(number)) = (is_late, number) else {
                tracker.finish();
                break;
            };
            let timestamp = self.0.timestamp(number, due);
            if let Some(wait) = due.and_then(until) {
                timestamp.into_iter().for_each(|next| cx.set_watermark(next));
                return Ok(Continuation::Resume(wait));
            }
            if !tracker.try_claim(place) {
                break;
            }
            match timestamp {
                Some(timestamp) => cx.output_with_timestamp(number, timestamp),
                None => cx.output(number),
            }
        }
        Ok(Continuation::Stop)
    }

    fn watermark_estimator(&self) -> WatermarkEstimator {
        WatermarkEstimator::Increasing
    }
}
