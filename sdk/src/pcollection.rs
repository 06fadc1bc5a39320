//! The handle of a collection under construction.

use std::marker::PhantomData;

use crate::coders::Coder;
use crate::element::Element;
use crate::error::Place;
use crate::exec::{TypedCodec, map_operator};
use crate::graph::{CollectionId, ParDoSpec, Spec};
use crate::pipeline::Pipeline;
use crate::transforms::PTransform;

/// A collection of elements of type `T`, bounded or not: what transforms take and give.
///
/// A cheap handle on a pipeline under construction; it holds no elements. A closure cannot use
/// one: pass the collection as a side input instead.
#[must_use = "a collection that nothing reads has no effect"]
pub struct PCollection<T> {
    pub(crate) pipeline: Pipeline,
    pub(crate) id: CollectionId,
    element: PhantomData<fn() -> T>,
}

impl<T> Clone for PCollection<T> {
    fn clone(&self) -> Self {
        Self::new(self.pipeline.clone(), self.id)
    }
}

impl<T> PCollection<T> {
    pub(crate) fn new(pipeline: Pipeline, id: CollectionId) -> Self {
        Self { pipeline, id, element: PhantomData }
    }

    /// The pipeline that it belongs to.
    #[must_use]
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// Names the step that made this collection. Names must be unique within their composite;
    /// steps that keep state or read a stream should have one, because the numbers of unnamed
    /// steps move when the program is edited.
    pub fn named(self, name: &str) -> Self {
        let mut graph = self.pipeline.graph.borrow_mut();
        let producer = graph.collections[self.id.0].producer.0;
        let step = graph.outermost(producer);
        graph.rename(step, name);
        drop(graph);
        self
    }

    /// Whether the collection ends by itself.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        self.pipeline.graph.borrow().collections[self.id.0].is_bounded
    }

    /// Applies a transform: a function from collections to collections, or a struct.
    #[track_caller]
    pub fn apply<X: PTransform<Self>>(&self, transform: X) -> X::Output {
        let name = crate::transforms::name_of::<X>();
        let input = self.clone();
        let place = Place::caller();
        self.pipeline.composite_of(&name, place, X::IS_WHOLE, || transform.expand(input))
    }
}

impl<T: Element> PCollection<T> {
    /// Encodes the elements of this one collection by another coder than their type's.
    ///
    /// The outputs of redistributions have the coder of what went in, so theirs cannot be chosen.
    /// Groupings need the coder of the type: what they group is encoded anew.
    #[track_caller]
    pub fn with_coder<C: Coder<T>>(self, coder: C) -> Self {
        let codec = std::sync::Arc::new(TypedCodec::<T, C>::new(coder));
        let mut graph = self.pipeline.graph.borrow_mut();
        let producer = graph.collections[self.id.0].producer.0;
        if matches!(graph.nodes[producer.0].spec, Spec::ParDo(_) | Spec::WindowInto(_)) {
            graph.collections[self.id.0].codec = codec;
        } else {
            let help = "choose the coder of the collection before it, or `map` this one first";
            let message = "the coder of this collection follows from its input";
            graph.mistake(message, Place::caller(), help);
        }
        drop(graph);
        self
    }

    /// These elements by the coder of their type: what comes of groups is made of its parts.
    pub(crate) fn in_own_coder(&self, place: &Place) -> Self {
        let spec = self.pipeline.graph.borrow().collections[self.id.0].codec.spec();
        if spec == T::coder_spec() {
            return self.clone();
        }
        let recode = Spec::ParDo(ParDoSpec::new(map_operator(|value: T| value)));
        self.pipeline.step("Recode", place.clone(), recode, self.id).1
    }
}
