//! `map`, `filter`, `flat_map`, `partition_map`: ordinary closures over each element.

use crate::element::Element;
use crate::error::BoxError;
use crate::error::Place;
use crate::exec::{Context, DoFn, Tag, filter_operator, map_operator, try_flat_map_operator};
use crate::graph::{ParDoSpec, Spec};
use crate::pcollection::PCollection;

impl<T: Element> PCollection<T> {
    /// `PCollection<T> → PCollection<O>`: one element for each.
    #[track_caller]
    pub fn map<O: Element>(&self, f: impl Fn(T) -> O + Send + Sync + 'static) -> PCollection<O> {
        let spec = Spec::ParDo(ParDoSpec::new(map_operator(f)));
        self.pipeline.step("Map", Place::caller(), spec, self.id).1
    }

    /// `PCollection<T> → PCollection<T>`: the elements for which `f` is true.
    #[track_caller]
    pub fn filter(&self, f: impl Fn(&T) -> bool + Send + Sync + 'static) -> Self {
        let spec = Spec::ParDo(ParDoSpec::new(filter_operator(f)));
        self.pipeline.step("Filter", Place::caller(), spec, self.id).1
    }

    /// `PCollection<T> → PCollection<O>`: any number of elements for each.
    #[track_caller]
    pub fn flat_map<I>(&self, f: impl Fn(T) -> I + Send + Sync + 'static) -> PCollection<I::Item>
    where
        I: IntoIterator + 'static,
        I::Item: Element,
    {
        let operator = try_flat_map_operator(move |value| Ok(f(value)));
        let spec = Spec::ParDo(ParDoSpec::new(operator));
        self.pipeline.step("FlatMap", Place::caller(), spec, self.id).1
    }

    /// Two typed outputs: where `f` gives [`Either::Left`], and where [`Either::Right`].
    #[track_caller]
    pub fn partition_map<L: Element, R: Element>(
        &self,
        f: impl Fn(T) -> Either<L, R> + Send + Sync + 'static,
    ) -> (PCollection<L>, PCollection<R>) {
        let right = Tag::new("right");
        let outputs = self.par_do_named(
            "PartitionMap",
            Place::caller(),
            PartitionMap { f: std::sync::Arc::new(f), right, types: std::marker::PhantomData },
        );
        (outputs.main(), outputs.tagged(&right))
    }
}

/// One of two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Either<L, R> {
    /// The first kind.
    Left(L),
    /// The second kind.
    Right(R),
}

struct PartitionMap<F, T, L, R> {
    f: std::sync::Arc<F>,
    right: Tag<R>,
    types: std::marker::PhantomData<fn(T) -> (L, R)>,
}

impl<F, T, L, R> Clone for PartitionMap<F, T, L, R> {
    fn clone(&self) -> Self {
        Self { f: self.f.clone(), right: self.right, types: self.types }
    }
}

impl<F, T, L, R> DoFn for PartitionMap<F, T, L, R>
where
    F: Fn(T) -> Either<L, R> + Send + Sync + 'static,
    T: Element,
    L: Element,
    R: Element,
{
    type In = T;
    type Out = L;
    fn process(&mut self, element: T, cx: &mut Context<L>) -> Result<(), BoxError> {
        match (self.f)(element) {
            Either::Left(left) => cx.output(left),
            Either::Right(right) => cx.output_to(&self.right, right),
        }
        Ok(())
    }
}
