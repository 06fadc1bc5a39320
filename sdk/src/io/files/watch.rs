//! Finding files as they appear.

use std::time::Duration;

use bytes::Bytes;

use super::matching;
use crate::error::{BoxError, Place};
use crate::exec::{Context, DoFn, StatefulDoFn};
use crate::io::ticks::Ticks;
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::state::{StateSpecs, Value};
use crate::time::Timestamp;
use crate::transforms::PTransform;

/// `Pipeline → PCollection<String>`: an unbounded collection of the names of the files that match a
/// pattern, those that are there and those that appear later, each once.
///
/// The directory is looked at when the job begins and so often after, until `until` says so or the
/// job is drained; a pattern is as for [`text::read`](crate::io::text::read), and need not match
/// anything. The event time of a file is that of the look that found it, and the watermark follows
/// the looks. A file that is changed or replaced under its name does not come again, so a file
/// should be written under another name and renamed when it is complete. Costs a shuffle at each
/// look, and a little state for each file.
///
/// ```
/// # use std::time::Duration;
/// # use purlin_sdk::{Pipeline, io};
/// # use purlin_sdk::io::files::Until;
/// let p = Pipeline::new();
/// let files = p.apply(io::files::watch("in/*.txt", Duration::from_secs(5), Until::Drained));
/// let lines = files.apply(io::text::read_all());
/// ```
pub fn watch(pattern: impl Into<String>, poll_interval: Duration, until: Until) -> Watch {
    Watch { pattern: pattern.into(), poll_interval, until }
}

/// When a [`watch`] ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// When the job is drained, and not by itself.
    Drained,
    /// When so much time has passed since it began.
    After(Duration),
}

/// A source of file names, as [`watch`] makes it.
#[must_use = "a source has no effect until it is applied"]
#[derive(Clone, Debug)]
pub struct Watch {
    pattern: String,
    poll_interval: Duration,
    until: Until,
}

impl PTransform<Pipeline> for Watch {
    type Output = PCollection<String>;
    const IS_WHOLE: bool = true;

    fn expand(self, pipeline: Pipeline) -> PCollection<String> {
        let place = pipeline.graph.borrow().scope_place().unwrap_or_else(Place::caller);
        let begin = pipeline.impulse().par_do_named("Begin", place.clone(), Begin(self.until));
        let ticks = Ticks { interval: self.poll_interval };
        // A shuffle makes the beginning durable: it must not change when work is done again.
        let begin = begin.main().reshuffle();
        let looks = begin.par_do_splittable_named("Looks", place.clone(), ticks, false).main();
        let found = looks.par_do_named("Match", place, Match(self.pattern));
        found.key_by(String::clone).par_do_stateful(New::declare).named("New").main()
    }
}

/// The span of time in which looks are taken.
#[derive(Clone)]
struct Begin(Until);

impl DoFn for Begin {
    type In = Bytes;
    type Out = (Timestamp, Timestamp);

    fn process(&mut self, _: Bytes, cx: &mut Context<Self::Out>) -> Result<(), BoxError> {
        let now = Timestamp::now();
        let end = match self.0 {
            Until::Drained => Timestamp::MAX,
            Until::After(time) => now + time,
        };
        cx.output((now, end));
        Ok(())
    }
}

#[derive(Clone)]
struct Match(String);

impl DoFn for Match {
    type In = Timestamp;
    type Out = String;

    fn process(&mut self, _: Timestamp, cx: &mut Context<String>) -> Result<(), BoxError> {
        cx.output_all(matching(&self.0, true)?);
        Ok(())
    }
}

/// Lets each name pass once.
#[derive(Clone)]
struct New {
    is_known: Value<bool>,
}

impl New {
    fn declare(specs: &mut StateSpecs) -> Self {
        Self { is_known: specs.value("is_known") }
    }
}

impl StatefulDoFn for New {
    type Key = String;
    type In = String;
    type Out = String;

    fn process(
        &mut self,
        _: &String,
        file: String,
        cx: &mut Context<String>,
    ) -> Result<(), BoxError> {
        if self.is_known.read(cx)?.is_none() {
            self.is_known.write(cx, true)?;
            cx.output(file);
        }
        Ok(())
    }
}
