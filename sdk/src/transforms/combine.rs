//! Combining the values of each key, or all values, into one.

use std::sync::Arc;

use crate::element::Element;
use crate::error::Place;
use crate::exec::{CombineFn, codec_of, combine_operator, map_operator};
use crate::graph::{CollectionId, ParDoSpec, Spec};
use crate::pcollection::PCollection;

impl<K: Element, V: Element> PCollection<(K, V)> {
    /// `PCollection<(K, V)> → PCollection<(K, F::Out)>`: the values of each key and window,
    /// combined.
    ///
    /// Runners combine before they shuffle, so only one accumulator for each key and worker
    /// travels. The result has the timestamp that the windowing gives to groups, by default the
    /// end of the window. Keys are compared by their encoded bytes.
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{Pipeline, testing::assert_that, transforms::Sum};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// let sales = p.create([("tea".to_owned(), 3i64), ("tea".to_owned(), 4)]);
    /// let totals = sales.combine_per_key(Sum);
    /// # assert_that(&totals).contains_in_any_order([("tea".to_owned(), 7)]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn combine_per_key<F: CombineFn<V>>(&self, f: F) -> PCollection<(K, F::Out)> {
        self.combine_per_key_at(f, &Place::caller())
    }

    pub(crate) fn combine_per_key_at<F: CombineFn<V>>(
        &self,
        f: F,
        place: &Place,
    ) -> PCollection<(K, F::Out)> {
        let operator = combine_operator::<K, V, F>(f);
        let spec = Spec::CombinePerKey { operator, accumulator: F::Acc::coder_spec() };
        let grouped = codec_of::<(K, crate::exec::Grouped<V>)>();
        let combined = codec_of::<(K, F::Out)>();
        let input = self.in_own_coder(place);
        self.pipeline.collection(combine(&input, spec, place, [grouped, combined]))
    }
}

/// Adds the composite that runners know: a grouping, and the combination of the groups.
fn combine<T>(
    input: &PCollection<T>,
    spec: Spec,
    place: &Place,
    [grouped, combined]: [Arc<dyn crate::exec::PortCodec>; 2],
) -> CollectionId {
    let mut graph = input.pipeline.graph.borrow_mut();
    let composite = graph.enter("CombinePerKey", place.clone(), spec, true);
    graph.connect(composite, "in", input.id);
    let group = graph.add("GroupByKey", place.clone(), Spec::GroupByKey);
    graph.connect(group, "in", input.id);
    let groups = graph.output(group, crate::exec::MAIN_OUTPUT, grouped);
    let combine = graph.add("CombineGroupedValues", place.clone(), Spec::CombineGroupedValues);
    graph.connect(combine, "in", groups);
    let output = graph.output(combine, crate::exec::MAIN_OUTPUT, combined);
    graph.leave();
    graph.nodes[composite.0].outputs.push((crate::exec::MAIN_OUTPUT.to_owned(), output));
    output
}

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
        let place = Place::caller();
        self.pipeline.composite("CombineGlobally", place.clone(), || {
            let keyed = self.under_one_key(&place);
            let combined = second(&keyed.combine_per_key_at(f.clone(), &place), &place);
            if self.may_be_empty() { or_empty(&combined, f, &place) } else { combined }
        })
    }

    /// Whether it has one window, which is complete at some time even without an element.
    fn may_be_empty(&self) -> bool {
        let graph = self.pipeline.graph.borrow();
        let collection = &graph.collections[self.id.0];
        collection.is_bounded && collection.windowing.window_fn().is_global()
    }

    /// `PCollection<T> → PCollection<(T, u64)>`: how often each element occurs in each window.
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{PCollection, Pipeline, Text, testing::assert_that};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// let words = p.create(["to", "be", "to"].map(Text::from));
    /// let counts: PCollection<(Text, u64)> = words.count_per_element();
    /// # assert_that(&counts).contains_in_any_order([("to".into(), 2), ("be".into(), 1)]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn count_per_element(&self) -> PCollection<(T, u64)> {
        let place = Place::caller();
        self.pipeline.composite("CountPerElement", place.clone(), || {
            self.as_keys(&place).combine_per_key_at(super::Count, &place)
        })
    }

    /// `PCollection<T> → PCollection<u64>`: how many elements each window has; 0 for an empty
    /// collection in the global window.
    #[track_caller]
    pub fn count_globally(&self) -> PCollection<u64> {
        self.combine_globally(super::Count)
    }

    /// `PCollection<T> → PCollection<T>`: each element once for each window.
    #[track_caller]
    pub fn distinct(&self) -> Self {
        let place = Place::caller();
        self.pipeline.composite("Distinct", place.clone(), || {
            let keys = self.as_keys(&place).combine_per_key_at(super::combiners::Presence, &place);
            let spec = Spec::ParDo(ParDoSpec::new(map_operator(|(key, ()): (T, ())| key)));
            self.pipeline.step("Keys", place, spec, keys.id).1
        })
    }

    fn as_keys(&self, place: &Place) -> PCollection<(T, ())> {
        let spec = Spec::ParDo(ParDoSpec::new(map_operator(|key: T| (key, ()))));
        self.pipeline.step("AsKeys", place.clone(), spec, self.id).1
    }

    fn under_one_key(&self, place: &Place) -> PCollection<((), T)> {
        let spec = Spec::ParDo(ParDoSpec::new(map_operator(|value: T| ((), value))));
        self.pipeline.step("UnderOneKey", place.clone(), spec, self.id).1
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

impl<K: Element, V: Element> PCollection<(K, V)> {
    /// `PCollection<(K, V)> → PCollection<(K, u64)>`: how many values each key and window has.
    #[track_caller]
    pub fn count_per_key(&self) -> PCollection<(K, u64)> {
        self.combine_per_key_at(super::Count, &Place::caller())
    }

    /// `PCollection<(K, V)> → PCollection<(K, Vec<V>)>`: the `n` greatest values of each key and
    /// window, greatest first.
    #[track_caller]
    pub fn top_per_key(&self, n: usize) -> PCollection<(K, Vec<V>)>
    where
        V: PartialOrd,
    {
        self.combine_per_key_at(super::Top::largest(n), &Place::caller())
    }
}
