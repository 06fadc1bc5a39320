//! A source that does what a script says, and what became of its elements.

use std::sync::Arc;
use std::time::Duration;

use crate::element::Element;
use crate::error::BoxError;
use crate::exec::{Context, Continuation, DoFn, OffsetRange, SplittableDoFn, Tracker};
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::runner::Metrics;

use super::Ending;
use super::shared::Shared;
use super::stamps::at;

/// What a source does next.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Gives an element: its value and its second.
    Give(i64, i64),
    /// Moves the watermark to this second, and commits what it has done.
    Watermark(i64),
    /// Waits until a gate was passed so often.
    Await(Gate, i64),
    /// Fails.
    Fail(&'static str),
}

/// Counts what passes.
#[derive(Clone, Debug)]
pub(super) struct Gate(Shared);

impl Gate {
    /// The gate of a case.
    pub(super) fn of(pipeline: &Pipeline) -> Self {
        Self(Shared::of(pipeline, "passed"))
    }

    /// The same collection, whose elements are counted.
    pub(super) fn pass<T: Element>(&self, collection: &PCollection<T>) -> PCollection<T> {
        let passed = self.0.clone();
        collection.try_map(move |value| passed.add().map(|_| value)).main()
    }

    pub(super) fn has_passed(&self, count: i64) -> bool {
        self.0.get() >= count
    }
}

/// An unbounded collection from a source that ends with its script.
pub(super) fn script(pipeline: &Pipeline, acts: impl IntoIterator<Item = Act>) -> PCollection<i64> {
    let acts: Arc<[Act]> = acts.into_iter().collect();
    pipeline.create([0u64]).par_do_splittable(Script { acts }, false).main()
}

/// The same collection, but one that is known to end.
pub(super) fn bounded_script(
    pipeline: &Pipeline,
    acts: impl IntoIterator<Item = Act>,
) -> PCollection<i64> {
    let acts: Arc<[Act]> = acts.into_iter().collect();
    pipeline.create([0u64]).par_do_splittable(Script { acts }, true).main()
}

#[derive(Clone)]
struct Script {
    acts: Arc<[Act]>,
}

impl SplittableDoFn for Script {
    type In = u64;
    type Out = i64;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, start: &u64) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(*start, OffsetRange::UNBOUNDED))
    }

    fn process(
        &mut self,
        _: &u64,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<i64>,
    ) -> Result<Continuation, BoxError> {
        let start = tracker.restriction().start;
        let acts = Arc::clone(&self.acts);
        for (position, act) in (start..).zip(acts.iter().skip(usize::try_from(start)?)) {
            if matches!(act, Act::Await(gate, count) if !gate.has_passed(*count)) {
                return Ok(Continuation::Resume(Duration::from_millis(1)));
            }
            if !tracker.try_claim(position) {
                return Ok(Continuation::Stop);
            }
            match act {
                Act::Give(value, second) => cx.output_with_timestamp(*value, at(*second)),
                Act::Watermark(second) => {
                    cx.set_watermark(at(*second));
                    return Ok(Continuation::Resume(Duration::ZERO));
                }
                Act::Await(..) => {}
                Act::Fail(text) => return Err((*text).into()),
            }
        }
        tracker.finish();
        Ok(Continuation::Stop)
    }
}

/// An unbounded collection from a source that does not end: 0, 1, 2, … a hundred at a time, each at
/// its own second. It counts `given`.
pub(super) fn endless(pipeline: &Pipeline) -> PCollection<i64> {
    pipeline.create([0u64]).par_do_splittable(Endless, false).main()
}

/// The counter of [`endless`].
pub(super) const GIVEN: &str = "given";

#[derive(Clone)]
struct Endless;

impl SplittableDoFn for Endless {
    type In = u64;
    type Out = i64;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, start: &u64) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(*start, OffsetRange::UNBOUNDED))
    }

    fn process(
        &mut self,
        _: &u64,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<i64>,
    ) -> Result<Continuation, BoxError> {
        let start = tracker.restriction().start;
        for position in start..start + 100 {
            if !tracker.try_claim(position) {
                return Ok(Continuation::Stop);
            }
            let second = i64::try_from(position)?;
            cx.output_with_timestamp(second, at(second));
            cx.set_watermark(at(second));
            cx.count(GIVEN, 1);
        }
        Ok(Continuation::Resume(Duration::from_millis(1)))
    }
}

/// Counts how often each text arrives, for [`Ending::saw`]: an assertion needs all of a bounded
/// collection, and a stream has no such thing.
pub(super) fn see(texts: &PCollection<String>) {
    let _ = texts.par_do(See);
}

const SEEN: &str = "seen ";

#[derive(Clone)]
struct See;

impl DoFn for See {
    type In = String;
    type Out = ();

    fn process(&mut self, text: String, cx: &mut Context<()>) -> Result<(), BoxError> {
        cx.count(&format!("{SEEN}{text}"), 1);
        Ok(())
    }
}

impl Ending {
    /// Afterwards these texts, and no others, must have been [seen](see), each so often.
    pub(super) fn saw(self, expected: &'static [(&'static str, i64)]) -> Self {
        self.and(move |metrics| {
            let mut seen = seen(metrics);
            let mut wrong = Vec::new();
            for (text, count) in expected {
                let actual = seen.iter().position(|(other, _)| other == text);
                let actual = actual.map_or(0, |position| seen.swap_remove(position).1);
                if actual != *count {
                    wrong.push(format!("`{text}` was seen {actual} times, not {count}"));
                }
            }
            wrong.extend(seen.iter().map(|(text, _)| format!("`{text}` was seen")));
            if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
        })
    }
}

fn seen(metrics: &Metrics) -> Vec<(String, i64)> {
    let seen = metrics.iter().filter_map(|((_, name), value)| {
        Some((name.strip_prefix(SEEN)?.to_owned(), value.as_counter()?))
    });
    seen.collect()
}
