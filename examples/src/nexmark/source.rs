//! Reads events that were made beforehand, as a stream.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use purlin::Continuation;
use purlin::prelude::*;

use super::generator::Events;
use super::model::Event;

/// `Pipeline → PCollection<Event>`: a stream of these events, each at its own time.
///
/// The watermark follows the latest event by [`Events::out_of_orderness`], so no event is late. The
/// collection counts as unbounded, although it ends: then the watermark moves to the end of time.
pub fn source(events: &Events) -> Source {
    Source { events: events.clone(), events_per_bundle: 10_000, readers: 1 }
}

/// A stream of events, as [`source`] makes it.
#[derive(Clone, Debug)]
#[must_use = "a source has no effect until it is applied"]
pub struct Source {
    events: Events,
    events_per_bundle: u64,
    readers: u64,
}

impl Source {
    /// The watermark moves after so many events, at least 1.
    pub fn events_per_bundle(self, events: u64) -> Self {
        Self { events_per_bundle: events.max(1), ..self }
    }

    /// So many readers share the events out in turn, at least 1.
    pub fn readers(self, readers: u64) -> Self {
        Self { readers: readers.max(1), ..self }
    }
}

/// So many events are claimed and given at once.
const BLOCK: u64 = 256;

impl PTransform<Pipeline> for Source {
    type Output = PCollection<Event>;

    fn expand(self, pipeline: Pipeline) -> PCollection<Event> {
        let readers = pipeline.create(0..self.readers);
        readers.par_do_splittable(Read(Arc::new(self)), false).named("Read").main()
    }
}

/// Reads every so-manyth event, from that of the reader's number on.
#[derive(Clone)]
struct Read(Arc<Source>);

impl Read {
    /// The events at these positions of a reader.
    fn events(&self, reader: u64, positions: Range<u64>) -> Result<Vec<Event>, BoxError> {
        let readers = usize::try_from(self.0.readers)?;
        let first = usize::try_from(positions.start * self.0.readers + reader)?;
        let count = usize::try_from(positions.end - positions.start)?;
        let list = &self.0.events.list[first..];
        // By number, of which it is known how many there are: each is cloned to where it stays.
        Ok((0..count).map(|n| list[n * readers].clone()).collect())
    }
}

impl SplittableDoFn for Read {
    type In = u64;
    type Out = Event;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, reader: &u64) -> Result<OffsetRange, BoxError> {
        let events = self.0.events.list.len() as u64;
        Ok(OffsetRange::new(0, events.saturating_sub(*reader).div_ceil(self.0.readers)))
    }

    fn process(
        &mut self,
        reader: &u64,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<Event>,
    ) -> Result<Continuation, BoxError> {
        let start = tracker.restriction().start;
        let end = start + self.0.events_per_bundle;
        let mut latest = Timestamp::MIN;
        let mut position = start;
        while position < end {
            let claimed = tracker.try_claim_many(position, BLOCK.min(end - position));
            if claimed.is_empty() {
                break;
            }
            position = claimed.end;
            let events = self.events(*reader, claimed)?;
            latest = events.iter().map(Event::timestamp).fold(latest, Timestamp::max);
            cx.output_all_with_timestamps(events, Event::timestamp);
        }
        let continuation = match position < end {
            true => Continuation::Stop,
            false => Continuation::Resume(Duration::ZERO),
        };
        cx.set_watermark(latest - self.0.events.out_of_orderness);
        Ok(continuation)
    }
}
