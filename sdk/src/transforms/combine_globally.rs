//! Combining all values into one.

use std::sync::Arc;

use crate::element::Element;
use crate::error::Place;
use crate::exec::{CombineFn, map_operator};
use crate::graph::{ParDoSpec, Spec};
use crate::pcollection::PCollection;

impl<T: Element> PCollection<T> {
    /// `PCollection<T> → PCollection<F::Out>`: all values of each window, combined into one.
    ///
    /// In the global window the result of an empty collection is that of no values
    /// ([`CombineFn::empty`]): the sum of nothing is 0. In other windows an empty window has no
    /// result.
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{Pipeline, testing::assert_that, transforms::Mean};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// let mean = p.create([1i64, 2, 6]).combine_globally(Mean);
    /// # assert_that(&mean).contains_in_any_order([3.0]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn combine_globally<F: CombineFn<T>>(&self, f: F) -> PCollection<F::Out> {
        self.global().combine(f, &Place::caller())
    }

    /// The collection, which is combined globally in up to `parts` parts, in parallel, before the
    /// parts are combined: [`PCollection::with_hot_key_fanout`] of one hot key.
    #[track_caller]
    pub fn with_fanout(&self, parts: u32) -> CombineGlobally<T> {
        self.global().with_fanout_at(parts, Place::caller())
    }

    /// The collection, which if it is empty is combined to nothing, not to the result of no values.
    pub fn without_defaults(&self) -> CombineGlobally<T> {
        self.global().without_defaults()
    }

    fn global(&self) -> CombineGlobally<T> {
        CombineGlobally { input: self.clone(), parts: 1, has_defaults: true }
    }

    /// Whether it has one window, which is complete at some time even without an element.
    fn may_be_empty(&self) -> bool {
        let graph = self.pipeline.graph.borrow();
        let collection = &graph.collections[self.id.0];
        collection.is_bounded && collection.windowing.window_fn().is_global()
    }

    fn under_one_key(&self, place: &Place) -> PCollection<((), T)> {
        let spec = Spec::ParDo(ParDoSpec::new(map_operator(|value: T| ((), value))));
        self.pipeline.step("UnderOneKey", place.clone(), spec, self.id).1
    }
}

/// A collection, and how it is combined globally.
///
/// ```
/// # use purlin_runner_direct::DirectRunner;
/// # use purlin_sdk::{Pipeline, testing::assert_that, transforms::Sum};
/// # fn main() -> purlin_sdk::Result<()> {
/// # let p = Pipeline::new();
/// let numbers = p.create(Vec::<i64>::new());
/// let sum = numbers.with_fanout(8).without_defaults().combine_globally(Sum);
/// assert_that(&sum).is_empty();
/// # p.run_with(&DirectRunner::default())?;
/// # Ok(())
/// # }
/// ```
#[must_use = "it has no effect until it is combined"]
pub struct CombineGlobally<T> {
    input: PCollection<T>,
    parts: u32,
    has_defaults: bool,
}

impl<T: Element> CombineGlobally<T> {
    /// As [`PCollection::with_fanout`].
    #[track_caller]
    pub fn with_fanout(self, parts: u32) -> Self {
        self.with_fanout_at(parts, Place::caller())
    }

    fn with_fanout_at(self, parts: u32, place: Place) -> Self {
        if parts == 0 {
            let mut graph = self.input.pipeline.graph.borrow_mut();
            let help = "pass 1 for no fan-out, or more";
            graph.mistake("a fan-out needs at least one part", place, help);
        }
        Self { parts, ..self }
    }

    /// As [`PCollection::without_defaults`].
    pub fn without_defaults(self) -> Self {
        Self { has_defaults: false, ..self }
    }

    /// As [`PCollection::combine_globally`].
    #[track_caller]
    pub fn combine_globally<F: CombineFn<T>>(&self, f: F) -> PCollection<F::Out> {
        self.combine(f, &Place::caller())
    }

    fn combine<F: CombineFn<T>>(&self, f: F, place: &Place) -> PCollection<F::Out> {
        let Self { input, parts, has_defaults } = self;
        input.pipeline.composite("CombineGlobally", place.clone(), || {
            let keyed = input.under_one_key(place);
            let combined = match *parts {
                ..=1 => keyed.combine_per_key_at(f.clone(), place),
                parts => keyed.combine_in_parts_at(f.clone(), Arc::new(move |()| parts), place),
            };
            let combined = second(&combined, place);
            let has_default = *has_defaults && input.may_be_empty();
            if has_default { or_empty(&combined, f, place) } else { combined }
        })
    }
}

/// The combined value, or the combiner's value of nothing if there is none.
fn or_empty<T: Element, F: CombineFn<T>>(
    combined: &PCollection<F::Out>,
    f: F,
    place: &Place,
) -> PCollection<F::Out> {
    let impulse = combined.pipeline.impulse().with_side_input(combined.as_iter());
    let empty = impulse.step("IfEmpty", place.clone(), move |_, combined| {
        Ok(if combined.is_empty() { f.empty() } else { None })
    });
    combined.flatten_at([empty], place)
}

fn second<O: Element>(pairs: &PCollection<((), O)>, place: &Place) -> PCollection<O> {
    let spec = Spec::ParDo(ParDoSpec::new(map_operator(|((), value): ((), O)| value)));
    pairs.pipeline.step("Values", place.clone(), spec, pairs.id).1
}
