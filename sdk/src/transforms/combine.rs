//! Combining the values of each key into one.

use std::sync::Arc;

use crate::element::Element;
use crate::error::Place;
use crate::exec::{CombineFn, codec_of, combine_operator, grouped_codec, map_operator};
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
        let grouped = grouped_codec::<K, V>();
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
