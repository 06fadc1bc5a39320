//! Assertions about collections, which are steps of the pipeline.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;

use crate::coders::Nesting;
use crate::element::{Element, shown};
use crate::error::{BoxError, Place};
use crate::exec::{Context, DoFn, Grouped, map_operator};
use crate::graph::{ParDoSpec, Spec};
use crate::pcollection::PCollection;
use crate::runner::EVALUATED;
use crate::window::GlobalWindows;

/// How many elements of each kind a message shows.
const SHOWN: usize = 10;

/// An assertion about all elements of a collection, of all its windows.
///
/// It is a step of the pipeline: when the collection does not hold what was asserted, the run fails
/// and the message names this place. The elements of an unbounded collection are looked at when it
/// has ended.
///
/// ```
/// use purlin_runner_direct::DirectRunner;
/// use purlin_sdk::Pipeline;
/// use purlin_sdk::testing::assert_that;
///
/// # fn main() -> purlin_sdk::Result<()> {
/// let p = Pipeline::new();
/// let doubled = p.create([1i64, 2, 3]).map(|n| n * 2);
/// assert_that(&doubled).contains_in_any_order([6, 2, 4]);
/// p.run_with(&DirectRunner::default())?;
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn assert_that<T: Element>(collection: &PCollection<T>) -> AssertThat<T> {
    AssertThat { collection: collection.clone(), place: Place::caller() }
}

/// What is asserted about a collection.
#[must_use = "nothing is asserted until one of its methods is called"]
pub struct AssertThat<T> {
    collection: PCollection<T>,
    place: Place,
}

impl<T: Element> AssertThat<T> {
    /// The elements are these, each as often as it is given. Two are the same if they are equal or
    /// have equal bytes, as a float that is no number and its copy have.
    pub fn contains_in_any_order(self, expected: impl IntoIterator<Item = T>)
    where
        T: PartialEq,
    {
        let expected: Vec<T> = expected.into_iter().collect();
        self.check(move |actual| difference(expected.clone(), actual));
    }

    /// There are no elements.
    pub fn is_empty(self) {
        self.check(|actual| {
            let mut text = String::new();
            describe(&mut text, "not expected", &actual);
            text.is_empty().then_some(()).ok_or(text)
        });
    }

    /// `f`, which gets all elements in any order, does not panic: it calls `assert!` and its kin.
    pub fn satisfies(self, f: impl Fn(Vec<T>) + Send + Sync + 'static) {
        self.check(move |actual| {
            f(actual);
            Ok(())
        });
    }

    /// Adds the steps: all elements and an impulse, so that an empty collection is looked at as
    /// well, become one group, which is checked.
    fn check(self, f: impl Fn(Vec<T>) -> Result<(), String> + Send + Sync + 'static) {
        let Self { collection, place } = self;
        let pipeline = &collection.pipeline;
        pipeline.graph.borrow_mut().enter("AssertThat", place.clone(), Spec::Assertion, true);
        let spec = |operator| Spec::ParDo(ParDoSpec::new(operator));
        let elements = spec(map_operator(|value: T| ((), Some(value))));
        let unwindowed = collection.window_into(GlobalWindows);
        let (_, elements) = pipeline.step("Elements", place.clone(), elements, unwindowed.id);
        let always = spec(map_operator(|_: Bytes| ((), None::<T>)));
        let (_, always) = pipeline.step("Always", place.clone(), always, pipeline.impulse().id);
        let together: PCollection<((), Option<T>)> = elements.flatten_with([always]);
        let (_, group) = pipeline.step("Group", place.clone(), Spec::GroupByKey, together.id);
        let _ = group.par_do_named(
            "Check",
            place,
            Check { f: Arc::new(f), element: std::marker::PhantomData },
        );
        pipeline.graph.borrow_mut().leave();
    }
}

/// What is missing and what was not expected.
fn difference<T: Element + PartialEq>(expected: Vec<T>, actual: Vec<T>) -> Result<(), String> {
    let (mut missing, left) = unlike_by_bytes(expected, actual);
    let mut unexpected = Vec::new();
    for value in left {
        match missing.iter().position(|other| *other == value) {
            Some(found) => drop(missing.swap_remove(found)),
            None => unexpected.push(value),
        }
    }
    let mut text = String::new();
    describe(&mut text, "missing", &missing);
    describe(&mut text, "not expected", &unexpected);
    if text.is_empty() { Ok(()) } else { Err(text) }
}

/// What is left of both when elements of equal bytes are taken out in pairs: in a collection of
/// many elements, each of them cannot be compared with each other.
fn unlike_by_bytes<T: Element>(expected: Vec<T>, mut actual: Vec<T>) -> (Vec<T>, Vec<T>) {
    let mut by_bytes: BTreeMap<Vec<u8>, Vec<T>> = BTreeMap::new();
    let mut odd = Vec::new();
    for value in expected {
        match bytes(&value) {
            Some(bytes) => by_bytes.entry(bytes).or_default().push(value),
            None => odd.push(value),
        }
    }
    let mut has_pair = |value: &T| {
        let equal = bytes(value).and_then(|bytes| by_bytes.get_mut(&bytes));
        equal.and_then(Vec::pop).is_some()
    };
    actual.retain(|value| !has_pair(value));
    odd.extend(by_bytes.into_values().flatten());
    (odd, actual)
}

fn bytes<T: Element>(value: &T) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes, Nesting::Nested).ok().map(|()| bytes)
}

fn describe<T: Element>(text: &mut String, what: &str, values: &[T]) {
    if values.is_empty() {
        return;
    }
    let separator = if text.is_empty() { "" } else { "; " };
    let (count, plural) = (values.len(), if values.len() == 1 { "" } else { "s" });
    let list = values.iter().take(SHOWN).map(shown).collect::<Vec<_>>().join(", ");
    let more = if count > SHOWN { ", …" } else { "" };
    // Writing to a string cannot fail.
    let _ = write!(text, "{separator}{count} element{plural} {what}: {list}{more}");
}

struct Check<F, T> {
    f: Arc<F>,
    element: std::marker::PhantomData<fn(T)>,
}

impl<F, T> Clone for Check<F, T> {
    fn clone(&self) -> Self {
        Self { f: Arc::clone(&self.f), element: self.element }
    }
}

impl<F, T> DoFn for Check<F, T>
where
    F: Fn(Vec<T>) -> Result<(), String> + Send + Sync + 'static,
    T: Element,
{
    type In = ((), Grouped<Option<T>>);
    type Out = ();

    fn process(&mut self, ((), group): Self::In, cx: &mut Context<()>) -> Result<(), BoxError> {
        cx.count(EVALUATED, 1);
        (self.f)(group.into_iter().flatten().collect()).map_err(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_counts_each_occurrence() {
        assert_eq!(difference(vec![1i64, 2, 2], vec![2, 1, 2]), Ok(()));
        let text = difference(vec![1i64, 2], vec![2, 2]).expect_err("they differ");
        assert_eq!(text, "1 element missing: 1; 1 element not expected: 2");
        let text = difference((0i64..20).collect(), vec![]).expect_err("they differ");
        assert_eq!(text, "20 elements missing: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …");
    }
}
