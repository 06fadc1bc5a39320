//! An element at regular times.

use std::time::Duration;

use super::ticks::Ticks;
use crate::error::Place;
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::time::Timestamp;
use crate::transforms::PTransform;
use crate::window::FixedWindows;

/// `Pipeline → PCollection<Timestamp>`: an unbounded collection of the times from `start` on that
/// are before `end`, so far apart, each at this event time and as soon as the wall clock has come
/// to it.
///
/// Times that have passed already come at once. With an `end` of [`Timestamp::MAX`] it goes on
/// until the job is stopped. A drain gives none of the times that are still to come.
///
/// ```
/// # use std::time::Duration;
/// # use purlin_sdk::{Pipeline, Timestamp, io};
/// let p = Pipeline::new();
/// let minutes = io::periodic_impulse(Timestamp::now(), Timestamp::MAX, Duration::from_secs(60));
/// let polls = p.apply(minutes.apply_windowing());
/// ```
pub fn periodic_impulse(start: Timestamp, end: Timestamp, interval: Duration) -> PeriodicImpulse {
    PeriodicImpulse { start, end, interval, is_windowed: false }
}

/// A source of impulses, as [`periodic_impulse`] makes it.
#[must_use = "a source has no effect until it is applied"]
#[derive(Clone, Debug)]
pub struct PeriodicImpulse {
    start: Timestamp,
    end: Timestamp,
    interval: Duration,
    is_windowed: bool,
}

impl PeriodicImpulse {
    /// Puts each impulse into a window of its own, a fixed one as long as the interval.
    pub fn apply_windowing(mut self) -> Self {
        self.is_windowed = true;
        self
    }
}

impl PTransform<Pipeline> for PeriodicImpulse {
    type Output = PCollection<Timestamp>;
    const IS_WHOLE: bool = true;

    fn expand(self, pipeline: Pipeline) -> PCollection<Timestamp> {
        let place = pipeline.graph.borrow().scope_place().unwrap_or_else(Place::caller);
        if self.interval.as_millis() == 0 {
            let message = "the interval of an impulse is shorter than a millisecond";
            let mut graph = pipeline.graph.borrow_mut();
            graph.mistake(message, place.clone(), "give it at least one millisecond");
        }
        let span = pipeline.create([(self.start, self.end)]);
        let ticks = Ticks { interval: self.interval };
        let impulses = span.par_do_splittable_named("Ticks", place, ticks, false).main();
        if self.is_windowed {
            impulses.window_into(FixedWindows::of(self.interval))
        } else {
            impulses
        }
    }
}
