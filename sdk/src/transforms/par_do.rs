//! `par_do`: a [`DoFn`] over each element, with any number of outputs.

use std::ops::Deref;
use std::sync::Arc;

use crate::element::Element;
use crate::error::Place;
use crate::exec::{
    DoFn, SideOpeners, SplittableDoFn, SplittableOperator, Tag, codec_of, par_do_operator,
    restriction_spec,
};
use crate::graph::{NodeId, ParDoSpec, Spec};
use crate::pcollection::PCollection;

impl<T: Element> PCollection<T> {
    /// Applies a [`DoFn`]. The result dereferences to its main output; further ones are read with
    /// [`ParDoOutput::tagged`].
    #[track_caller]
    pub fn par_do<D: DoFn<In = T>>(&self, do_fn: D) -> ParDoOutput<D::Out> {
        self.par_do_named(&super::name_of::<D>(), Place::caller(), do_fn)
    }

    /// Applies a [`SplittableDoFn`]: a function whose work on each element can be split, suspended
    /// and resumed. `is_bounded` says whether its restrictions end by themselves.
    #[track_caller]
    pub fn par_do_splittable<D: SplittableDoFn<In = T>>(
        &self,
        do_fn: D,
        is_bounded: bool,
    ) -> ParDoOutput<D::Out> {
        self.par_do_splittable_named(&super::name_of::<D>(), Place::caller(), do_fn, is_bounded)
    }

    pub(crate) fn par_do_splittable_named<D: SplittableDoFn<In = T>>(
        &self,
        name: &str,
        place: Place,
        do_fn: D,
        is_bounded: bool,
    ) -> ParDoOutput<D::Out> {
        let spec = splittable_spec(do_fn, Vec::new());
        let (node, main) = self.pipeline.step(name, place, Spec::ParDo(spec), self.id);
        ParDoOutput { main, node }.bounded(is_bounded)
    }

    pub(crate) fn par_do_named<D: DoFn<In = T>>(
        &self,
        name: &str,
        place: Place,
        do_fn: D,
    ) -> ParDoOutput<D::Out> {
        let spec = do_fn_spec(do_fn, Vec::new());
        let (node, main) = self.pipeline.step(name, place, Spec::ParDo(spec), self.id);
        ParDoOutput { main, node }
    }
}

pub(super) fn do_fn_spec<D: DoFn>(do_fn: D, sides: SideOpeners) -> ParDoSpec {
    let mut spec = ParDoSpec::new(par_do_operator(do_fn, sides));
    // Whether a DoFn registers calls for the commit shows only when it runs.
    spec.finalizes = true;
    spec
}

pub(super) fn splittable_spec<D: SplittableDoFn>(do_fn: D, sides: SideOpeners) -> ParDoSpec {
    let mut spec = ParDoSpec::new(Arc::new(SplittableOperator(do_fn, sides)));
    spec.restriction = Some(restriction_spec::<D>());
    spec.finalizes = true;
    spec
}

/// The outputs of a ParDo.
#[must_use = "a collection that nothing reads has no effect"]
pub struct ParDoOutput<T> {
    main: PCollection<T>,
    node: NodeId,
}

impl<T> Deref for ParDoOutput<T> {
    type Target = PCollection<T>;
    fn deref(&self) -> &PCollection<T> {
        &self.main
    }
}

impl<T> ParDoOutput<T> {
    pub(super) fn new(node: NodeId, main: PCollection<T>) -> Self {
        Self { main, node }
    }

    pub(super) fn bounded(self, is_bounded: bool) -> Self {
        if !is_bounded {
            let mut graph = self.main.pipeline.graph.borrow_mut();
            graph.collections[self.main.id.0].is_bounded = false;
        }
        self
    }

    /// The main output.
    pub fn main(&self) -> PCollection<T> {
        self.main.clone()
    }

    /// Names the step.
    pub fn named(self, name: &str) -> Self {
        Self { main: self.main.named(name), node: self.node }
    }

    /// Says that the transform heeds [`Context::value_kind`](crate::Context::value_kind). One that
    /// keeps state must: without this, it refuses elements that take back what earlier ones said.
    pub fn accepts_retractions(self) -> Self {
        let mut graph = self.main.pipeline.graph.borrow_mut();
        if let Spec::ParDo(par_do) = &mut graph.nodes[self.node.0].spec {
            par_do.accepts_retractions = true;
        }
        drop(graph);
        self
    }

    /// The output of a tag. Asking again gives the same collection.
    #[track_caller]
    pub fn tagged<U: Element>(&self, tag: &Tag<U>) -> PCollection<U> {
        let place = Place::caller();
        let mut graph = self.main.pipeline.graph.borrow_mut();
        let outputs = &graph.nodes[self.node.0].outputs;
        let known = outputs.iter().find(|(local, _)| local == tag.name()).map(|(_, id)| *id);
        let codec = codec_of::<U>();
        if let Some(known) = known {
            if graph.collections[known.0].codec.spec() != codec.spec() {
                let message = format!("two tags named `{}` have different types", tag.name());
                graph.mistake(message, place, "give each tag of a transform a name of its own");
            }
            drop(graph);
            return self.main.pipeline.collection(known);
        }
        let id = graph.output(self.node, tag.name(), codec);
        graph.collections[id.0].is_bounded = graph.collections[self.main.id.0].is_bounded;
        drop(graph);
        self.main.pipeline.collection(id)
    }
}
