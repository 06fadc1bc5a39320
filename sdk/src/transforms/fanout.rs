//! Combinations of hot keys in two steps: many workers combine one key, and one the results.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::element::Element;
use crate::error::{BoxError, Place};
use crate::exec::{CombineFn, Context, DoFn, Tag, map_operator};
use crate::graph::{ParDoSpec, Spec};
use crate::pcollection::PCollection;

/// How many parts the values of a key are combined in.
pub(super) type Parts<K> = Arc<dyn Fn(&K) -> u32 + Send + Sync>;

impl<K: Element, V: Element> PCollection<(K, V)> {
    /// The collection, the values of each key of which are combined in up to `parts` parts, in
    /// parallel, before the parts are combined.
    ///
    /// For keys with so many values that one worker cannot combine them, though runners combine
    /// before they shuffle. It costs a second shuffle. Each pane of the parts goes on to the second
    /// step, where a window fires when their watermark or trigger says so; so with triggers that
    /// count elements, the second step counts parts.
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{Pipeline, testing::assert_that, transforms::Sum};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// let visits = p.create((0i64..1000).map(|n| ("home".to_owned(), n)));
    /// let totals = visits.with_hot_key_fanout(16).combine_per_key(Sum);
    /// # assert_that(&totals).contains_in_any_order([("home".to_owned(), 499_500)]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn with_hot_key_fanout(&self, parts: u32) -> HotKeys<K, V> {
        if parts == 0 {
            let mut graph = self.pipeline.graph.borrow_mut();
            let help = "pass 1 for no fan-out, or more";
            graph.mistake("a fan-out needs at least one part", Place::caller(), help);
        }
        self.with_hot_key_fanout_by(move |_| parts)
    }

    /// [`PCollection::with_hot_key_fanout`] with the number of parts of each key; a key of one part,
    /// or none, goes to the second step at once.
    pub fn with_hot_key_fanout_by(
        &self,
        parts: impl Fn(&K) -> u32 + Send + Sync + 'static,
    ) -> HotKeys<K, V> {
        HotKeys { input: self.clone(), parts: Arc::new(parts) }
    }
}

/// A collection, hot keys of which are combined in two steps.
#[must_use = "it has no effect until it is combined"]
pub struct HotKeys<K, V> {
    input: PCollection<(K, V)>,
    parts: Parts<K>,
}

impl<K: Element, V: Element> HotKeys<K, V> {
    /// [`PCollection::combine_per_key`] in two steps.
    #[track_caller]
    pub fn combine_per_key<F: CombineFn<V>>(&self, f: F) -> PCollection<(K, F::Out)> {
        let parts = Arc::clone(&self.parts);
        self.input.combine_in_parts_at(f, parts, &Place::caller())
    }
}

impl<K: Element, V: Element> PCollection<(K, V)> {
    pub(super) fn combine_in_parts_at<F: CombineFn<V>>(
        &self,
        f: F,
        parts: Parts<K>,
        place: &Place,
    ) -> PCollection<(K, F::Out)> {
        self.pipeline.composite("CombinePerKeyWithHotKeyFanout", place.clone(), || {
            let cold = Tag::new("cold");
            let f_of = Partial(f);
            let split = Split { f: f_of.clone(), parts, next: 0, cold, types: PhantomData };
            let split = self.par_do_named("AddNonce", place.clone(), split);
            let hot = split.main().combine_per_key_at(f_of.clone(), place);
            let without = map_operator(|((key, _), acc): ((K, u32), F::Acc)| (key, acc));
            let spec = Spec::ParDo(ParDoSpec::new(without));
            let (_, hot) = self.pipeline.step("RemoveNonce", place.clone(), spec, hot.id);
            let all: PCollection<(K, F::Acc)> = hot.flatten_at([split.tagged(&cold)], place);
            all.combine_per_key_at(Rest { f: f_of.0, value: PhantomData }, place)
        })
    }
}

/// The first step: values to accumulators.
#[derive(Clone)]
struct Partial<F>(F);

impl<V: Element, F: CombineFn<V>> CombineFn<V> for Partial<F> {
    type Acc = F::Acc;
    type Out = F::Acc;

    fn create(&self) -> F::Acc {
        self.0.create()
    }

    fn add(&self, acc: &mut F::Acc, value: V) {
        self.0.add(acc, value);
    }

    fn merge(&self, acc: &mut F::Acc, other: F::Acc) {
        self.0.merge(acc, other);
    }

    fn extract(&self, acc: F::Acc) -> F::Acc {
        acc
    }
}

/// The second step: accumulators to the result.
struct Rest<F, V> {
    f: F,
    value: PhantomData<fn(V)>,
}

impl<F: Clone, V> Clone for Rest<F, V> {
    fn clone(&self) -> Self {
        Self { f: self.f.clone(), value: PhantomData }
    }
}

impl<V: Element, F: CombineFn<V>> CombineFn<F::Acc> for Rest<F, V> {
    type Acc = F::Acc;
    type Out = F::Out;

    fn create(&self) -> F::Acc {
        self.f.create()
    }

    fn add(&self, acc: &mut F::Acc, part: F::Acc) {
        self.f.merge(acc, part);
    }

    fn merge(&self, acc: &mut F::Acc, other: F::Acc) {
        self.f.merge(acc, other);
    }

    fn extract(&self, acc: F::Acc) -> F::Out {
        self.f.extract(acc)
    }
}

/// Deals the values of each hot key out to its parts; those of other keys become accumulators.
struct Split<K, V, F: CombineFn<V>> {
    f: Partial<F>,
    parts: Parts<K>,
    /// Counts on, so that neighbours go to different parts. Any number is right: a bundle that is
    /// run again may deal in another way.
    next: u32,
    cold: Tag<(K, F::Acc)>,
    types: PhantomData<fn(K, V)>,
}

impl<K, V, F: CombineFn<V>> Clone for Split<K, V, F> {
    fn clone(&self) -> Self {
        let Self { f, parts, next, cold, types } = self;
        Self { f: f.clone(), parts: Arc::clone(parts), next: *next, cold: *cold, types: *types }
    }
}

impl<K: Element, V: Element, F: CombineFn<V>> DoFn for Split<K, V, F> {
    type In = (K, V);
    type Out = ((K, u32), V);

    fn process(
        &mut self,
        (key, value): (K, V),
        cx: &mut Context<Self::Out>,
    ) -> Result<(), BoxError> {
        let parts = (self.parts)(&key);
        if parts > 1 {
            self.next = self.next.wrapping_add(1);
            cx.output(((key, self.next % parts), value));
        } else {
            let mut acc = self.f.create();
            self.f.add(&mut acc, value);
            cx.output_to(&self.cold, (key, acc));
        }
        Ok(())
    }
}
