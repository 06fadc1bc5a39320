//! A source whose elements, watermark and processing time a test scripts.

use std::time::Duration;

use purlin_proto::pipeline::test_stream_payload::event::{
    AddElements, AdvanceProcessingTime, AdvanceWatermark, Event as Kind,
};
use purlin_proto::pipeline::test_stream_payload::{Event, TimestampedElement};

use crate::coders::Nesting;
use crate::element::Element;
use crate::error::Place;
use crate::exec::{MAIN_OUTPUT, codec_of};
use crate::graph::Spec;
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::time::{Timestamp, millis};
use crate::transforms::PTransform;

/// An unbounded source that plays a script: elements, advances of its watermark, and advances of
/// processing time.
///
/// Each event happens once the pipeline has nothing left to do, so what the elements before it lead
/// to has happened. Processing time is that of the script for the whole pipeline: it is the epoch at
/// first and stands still between the events, for timers, triggers and sources that wait alike.
/// Several such sources of one pipeline take turns, an event each.
///
/// ```
/// use std::time::Duration;
///
/// use purlin_runner_direct::DirectRunner;
/// use purlin_sdk::testing::{TestStream, assert_that};
/// use purlin_sdk::{FixedWindows, Pipeline, Timestamp};
///
/// # fn main() -> purlin_sdk::Result<()> {
/// let p = Pipeline::new();
/// let clicks = p.apply(
///     TestStream::of::<i64>()
///         .add_timestamped(1, Timestamp(500))
///         .advance_watermark_to(Timestamp(1000))
///         .add_timestamped(2, Timestamp(900))
///         .add_timestamped(3, Timestamp(1500))
///         .close(),
/// );
/// let per_second = clicks
///     .window_into(FixedWindows::of(Duration::from_secs(1)))
///     .count_globally();
/// // The second click was late.
/// assert_that(&per_second).contains_in_any_order([1, 1]);
/// p.run_with(&DirectRunner::default())?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is played until it is applied to a pipeline"]
pub struct TestStream<T = ()> {
    events: Vec<Event>,
    watermark: Timestamp,
    mistake: Option<String>,
    element: std::marker::PhantomData<fn() -> T>,
}

impl TestStream {
    /// A stream of such elements, with an empty script.
    pub fn of<T: Element>() -> TestStream<T> {
        TestStream {
            events: Vec::new(),
            watermark: Timestamp::MIN,
            mistake: None,
            element: std::marker::PhantomData,
        }
    }
}

impl<T: Element> TestStream<T> {
    /// An element, whose timestamp is the watermark.
    #[expect(clippy::should_implement_trait, reason = "it adds an event, not a number")]
    pub fn add(self, value: T) -> Self {
        let at = self.watermark;
        self.add_timestamped(value, at)
    }

    /// An element with a timestamp, which may be late.
    pub fn add_timestamped(self, value: T, timestamp: Timestamp) -> Self {
        self.add_all_timestamped([(value, timestamp)])
    }

    /// Elements that come together, whose timestamp is the watermark.
    pub fn add_all(self, values: impl IntoIterator<Item = T>) -> Self {
        let at = self.watermark;
        self.add_all_timestamped(values.into_iter().map(|value| (value, at)))
    }

    /// Elements that come together, each with a timestamp.
    pub fn add_all_timestamped(mut self, values: impl IntoIterator<Item = (T, Timestamp)>) -> Self {
        let mut elements = Vec::new();
        for (value, timestamp) in values {
            // Beam's payload has each element in the outer context of its coder.
            let mut encoded = Vec::new();
            if let Err(error) = value.encode(&mut encoded, Nesting::Outer) {
                self.wrong(format!("an element of a `TestStream` has no encoding: {error}"));
            }
            let timestamp = timestamp.clamped().0;
            elements.push(TimestampedElement { encoded_element: encoded.into(), timestamp });
        }
        self.then(Kind::ElementEvent(AddElements { elements, tag: String::new() }))
    }

    /// The watermark moves on to this time: elements before it are late from now on.
    pub fn advance_watermark_to(mut self, watermark: Timestamp) -> Self {
        let to = watermark.clamped();
        if to < self.watermark {
            let from = self.watermark;
            self.wrong(format!("the watermark of a `TestStream` goes back from {from} to {to}"));
        }
        self.watermark = to;
        self.then(Kind::WatermarkEvent(AdvanceWatermark {
            new_watermark: to.0,
            tag: String::new(),
        }))
    }

    /// The watermark moves on to the end of time: no more elements come in time.
    pub fn advance_watermark_to_infinity(self) -> Self {
        self.advance_watermark_to(Timestamp::MAX)
    }

    /// So much processing time passes, for the whole pipeline.
    pub fn advance_processing_time(self, by: Duration) -> Self {
        let advance_duration = millis(by);
        self.then(Kind::ProcessingTimeEvent(AdvanceProcessingTime { advance_duration }))
    }

    /// The end of the script: the watermark moves on to the end of time. A script that is not closed
    /// ends so as well.
    pub fn close(self) -> Self {
        self.advance_watermark_to_infinity()
    }

    fn then(mut self, kind: Kind) -> Self {
        self.events.push(Event { event: Some(kind) });
        self
    }

    /// The first mistake is reported when the pipeline is run.
    fn wrong(&mut self, message: String) {
        self.mistake.get_or_insert(message);
    }
}

impl<T: Element> PTransform<Pipeline> for TestStream<T> {
    type Output = PCollection<T>;
    const IS_WHOLE: bool = true;

    fn expand(self, pipeline: Pipeline) -> PCollection<T> {
        if let Some(message) = &self.mistake {
            pipeline.mistake(message, "");
        }
        let mut graph = pipeline.graph.borrow_mut();
        let node = graph.add("Script", Place::caller(), Spec::TestStream(self.events));
        let output = graph.output(node, MAIN_OUTPUT, codec_of::<T>());
        graph.collections[output.0].is_bounded = false;
        drop(graph);
        pipeline.collection(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watermark_that_goes_back_is_a_mistake() {
        let p = Pipeline::new();
        let stream = TestStream::of::<i64>().advance_watermark_to(Timestamp(2));
        let _ = p.apply(stream.advance_watermark_to(Timestamp(1)));
        let error = p.seal().err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("goes back from 2 ms to 1 ms"), "{error}");
        assert!(error.contains("test_stream.rs:"), "{error}");
    }

    #[test]
    fn the_script_is_part_of_the_fingerprint() {
        let fingerprint = |value: i64| {
            let p = Pipeline::new();
            let _ = p.apply(TestStream::of::<i64>().add(value).close());
            p.seal().map(|sealed| sealed.fingerprint()).ok()
        };
        assert_eq!(fingerprint(1), fingerprint(1));
        assert_ne!(fingerprint(1), fingerprint(2));
    }
}
