//! Assertions about collections, which are steps of the pipeline.

use std::sync::Arc;

use bytes::Bytes;

use super::difference::{describe, difference, repeated_keys};
use super::scope::{Panes, Scope};
use crate::element::Element;
use crate::error::{BoxError, Place};
use crate::exec::{Context, DoFn, Grouped, map_operator, per_window_operator};
use crate::graph::{ParDoSpec, Spec};
use crate::pcollection::PCollection;
use crate::runner::EVALUATED;
use crate::window::{GlobalWindows, Stamp, Window};

/// An assertion about all elements of a collection, of all its windows or, after
/// [`AssertThat::in_window`] and its kin, of one.
///
/// It is a step of the pipeline: when the collection does not hold what was asserted, the run fails
/// and the message names this place. The elements of an unbounded collection are looked at when it
/// has ended. A window that never had a pane has no elements. A run that is done without having
/// looked at all its assertions fails.
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
    AssertThat { collection: collection.clone(), scope: None, place: Place::caller() }
}

/// What is asserted about a collection.
#[must_use = "nothing is asserted until one of its methods is called"]
pub struct AssertThat<T> {
    collection: PCollection<T>,
    /// Which of its elements it is about; `None` for all.
    scope: Option<Scope>,
    place: Place,
}

impl<T: Element> AssertThat<T> {
    /// What follows is about the elements in this window.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # use purlin_runner_direct::DirectRunner;
    /// use purlin_sdk::testing::assert_that;
    /// use purlin_sdk::{FixedWindows, IntervalWindow, Pipeline, Timestamp};
    ///
    /// # fn main() -> purlin_sdk::Result<()> {
    /// let p = Pipeline::new();
    /// let timed = p.create([1i64, 2, 12]).with_timestamps(|second| Timestamp(second * 1000));
    /// let counts =
    ///     timed.window_into(FixedWindows::of(Duration::from_secs(10))).count_globally();
    /// let first = IntervalWindow::new(Timestamp(0), Timestamp(10_000));
    /// assert_that(&counts).in_on_time_pane(first).is_singleton(2);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn in_window(self, window: impl Into<Window>) -> Self {
        self.within(window, Panes::All)
    }

    /// What follows is about the pane of this window that fired when the watermark passed its end.
    pub fn in_on_time_pane(self, window: impl Into<Window>) -> Self {
        self.within(window, Panes::OnTime)
    }

    /// What follows is about the panes of this window that fired before the watermark passed its
    /// end.
    pub fn in_early_panes(self, window: impl Into<Window>) -> Self {
        self.within(window, Panes::Early)
    }

    /// What follows is about the panes of this window that fired after the on-time one.
    pub fn in_late_panes(self, window: impl Into<Window>) -> Self {
        self.within(window, Panes::Late)
    }

    /// What follows is about the last pane of this window.
    pub fn in_final_pane(self, window: impl Into<Window>) -> Self {
        self.within(window, Panes::Final)
    }

    /// What follows is about the only pane of this window: one that is both the first and the last.
    pub fn in_only_pane(self, window: impl Into<Window>) -> Self {
        self.within(window, Panes::Only)
    }

    /// What follows is about the panes of this window that are not late, and about its elements
    /// that no grouping has seen.
    pub fn in_combined_non_late_panes(self, window: impl Into<Window>) -> Self {
        self.within(window, Panes::NotLate)
    }

    fn within(self, window: impl Into<Window>, panes: Panes) -> Self {
        Self { scope: Some(Scope { window: window.into(), panes }), ..self }
    }
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

    /// There is one element, this one.
    pub fn is_singleton(self, expected: T)
    where
        T: PartialEq,
    {
        self.contains_in_any_order([expected]);
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
        let Self { collection, scope, place } = self;
        let pipeline = &collection.pipeline;
        let check = scope.as_ref().map_or_else(|| "Check".to_owned(), |s| format!("Check {s}"));
        pipeline.graph.borrow_mut().enter("AssertThat", place.clone(), Spec::Assertion, true);
        let spec = |operator| Spec::ParDo(ParDoSpec::new(operator));
        let elements = spec(map_operator(|value: T| ((), Some(value))));
        let selected = match scope {
            Some(scope) => selected(&collection, scope, &place),
            None => collection.clone(),
        };
        let unwindowed = selected.window_into(GlobalWindows);
        let (_, elements) = pipeline.step("Elements", place.clone(), elements, unwindowed.id);
        let always = spec(map_operator(|_: Bytes| ((), None::<T>)));
        let (_, always) = pipeline.step("Always", place.clone(), always, pipeline.impulse().id);
        let together: PCollection<((), Option<T>)> = elements.flatten_with([always]);
        let (_, group) = pipeline.step("Group", place.clone(), Spec::GroupByKey, together.id);
        let _ = group.par_do_named(
            &check,
            place,
            Check { f: Arc::new(f), element: std::marker::PhantomData },
        );
        pipeline.graph.borrow_mut().leave();
    }
}

impl<K: Element + PartialEq, V: Element + PartialEq> AssertThat<(K, V)> {
    /// The elements are these pairs, and no key occurs twice.
    pub fn is_map(self, expected: impl IntoIterator<Item = (K, V)>) {
        let expected: Vec<(K, V)> = expected.into_iter().collect();
        self.check(move |actual| {
            repeated_keys(&actual)?;
            difference(expected.clone(), actual)
        });
    }
}

/// The elements that an assertion is about.
fn selected<T: Element>(
    collection: &PCollection<T>,
    scope: Scope,
    place: &Place,
) -> PCollection<T> {
    let select = move |value: T, stamp: &Stamp| scope.holds(stamp).then_some(value);
    let spec = Spec::ParDo(ParDoSpec::new(per_window_operator(select)));
    collection.pipeline.step("Select", place.clone(), spec, collection.id).1
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
