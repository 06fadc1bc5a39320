//! Side inputs: closures that also see the whole of other, smaller collections.

use std::sync::Arc;

use crate::element::Element;
use crate::error::{BoxError, Place};
use crate::exec::{
    AccessPattern, OpenSide, SideOpeners, SideReader, SideSource, SideView, SideViews, ViewFn,
    side_input_operator,
};
use crate::graph::{CollectionId, NodeId, ParDoSpec, SideInputSpec, Spec};
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;

/// A collection as a closure sees it: a `&V`, made once for each window and kept from bundle to
/// bundle while the window's contents stay the same.
///
/// An element sees the window of the side input that holds the end of its own window, or what a
/// function of your own [says](crate::WindowFn::side_input_window). It waits until that window is complete, or has a pane where the side input's trigger fires before that.
/// The elements of a bundle all see what had come when the bundle began: of panes that accumulate,
/// the latest of each key, or of all where the side input has no keys; of others, all.
#[must_use = "a view that no `with_side_input` takes has no effect"]
pub struct View<V> {
    pub(super) pipeline: Pipeline,
    pub(super) collection: CollectionId,
    pub(super) view: Arc<dyn ViewFn<V>>,
}

impl<V> Clone for View<V> {
    fn clone(&self) -> Self {
        Self {
            pipeline: self.pipeline.clone(),
            collection: self.collection,
            view: Arc::clone(&self.view),
        }
    }
}

/// What [`with_side_input`](PCollection::with_side_input) takes: a [`View`], or a tuple of up to
/// four.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no side input",
    note = "call `as_iter`, `as_singleton` or `as_map` on the collection, and pass at most four views as a tuple"
)]
pub trait Views: private::Sealed {
    /// How they are read.
    #[doc(hidden)]
    type Readers: SideViews;
    /// What a DoFn keeps: the handle of a view, or a tuple of handles.
    type Handles;
    #[doc(hidden)]
    fn handles(&self) -> Self::Handles;
    #[doc(hidden)]
    fn openers(&self) -> private::Openers;
    #[doc(hidden)]
    fn sources(&self) -> <Self::Readers as SideViews>::Sources;
    #[doc(hidden)]
    fn inputs(&self) -> Vec<private::Input>;
}

/// What closures get beside an element: `&A` of a [`View<A>`], `(&A, &B)` of two views.
pub type ViewRefs<'a, W> = <<W as Views>::Readers as SideViews>::Refs<'a>;

mod private {
    /// Only Purlin's own types are views.
    pub trait Sealed {}

    /// How the views of functions with a context are read.
    pub struct Openers(pub(in crate::transforms) super::SideOpeners);

    /// A collection that a view is of.
    pub struct Input {
        pub(super) pipeline: super::Pipeline,
        pub(super) collection: super::CollectionId,
        pub(super) pattern: super::AccessPattern,
    }
}

impl<V: Send + Sync + 'static> View<V> {
    fn opener(&self, index: usize) -> Arc<dyn OpenSide> {
        Arc::new(self.source(index))
    }
}

impl<V> View<V> {
    fn source(&self, index: usize) -> SideSource<V> {
        SideSource { local_name: local_name(index), view: Arc::clone(&self.view) }
    }

    fn input(&self) -> private::Input {
        private::Input {
            pipeline: self.pipeline.clone(),
            collection: self.collection,
            pattern: self.view.pattern(),
        }
    }
}

fn local_name(index: usize) -> String {
    format!("side{index}")
}

impl<V> private::Sealed for View<V> {}

impl<V: Send + Sync + 'static> Views for View<V> {
    type Readers = SideReader<V>;
    type Handles = SideView<V>;
    fn handles(&self) -> SideView<V> {
        SideView::new(Arc::clone(&self.view))
    }
    fn openers(&self) -> private::Openers {
        private::Openers(vec![self.opener(0)])
    }
    fn sources(&self) -> SideSource<V> {
        self.source(0)
    }
    fn inputs(&self) -> Vec<private::Input> {
        vec![self.input()]
    }
}

macro_rules! tuples {
    ($($view:ident $index:tt),*) => {
        impl<$($view),*> private::Sealed for ($(View<$view>,)*) {}

        impl<$($view: Send + Sync + 'static),*> Views for ($(View<$view>,)*) {
            type Readers = ($(SideReader<$view>,)*);
            type Handles = ($(SideView<$view>,)*);
            fn handles(&self) -> Self::Handles {
                ($(self.$index.handles(),)*)
            }
            fn openers(&self) -> private::Openers {
                private::Openers(vec![$(self.$index.opener($index)),*])
            }
            fn sources(&self) -> <Self::Readers as SideViews>::Sources {
                ($(self.$index.source($index),)*)
            }
            fn inputs(&self) -> Vec<private::Input> {
                vec![$(self.$index.input()),*]
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);

impl<T: Element> PCollection<T> {
    /// The collection, whose next transform's closure also gets these views.
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{Pipeline, testing::assert_that};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// # let orders = p.create([("EUR".to_owned(), 2.0), ("EUR".to_owned(), 0.1)]);
    /// let rates = p.create([("EUR".to_owned(), 1.5)]).as_map();
    /// let floor = p.create([0.5]).as_singleton();
    /// let large = orders
    ///     .with_side_input((rates, floor))
    ///     .flat_map(|(cur, x), (rates, floor)| Some(x * rates[&cur]).filter(|v| v > floor));
    /// # assert_that(&large).contains_in_any_order([3.0]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn with_side_input<W: Views>(&self, views: W) -> WithSideInputs<T, W> {
        WithSideInputs { input: self.clone(), views, place: Place::caller() }
    }
}

/// A collection with the side inputs of its next transform.
#[must_use = "it has no effect until one of its transforms is applied"]
pub struct WithSideInputs<T, W> {
    pub(super) input: PCollection<T>,
    pub(super) views: W,
    place: Place,
}

impl<T: Element, W: Views> WithSideInputs<T, W> {
    /// [`PCollection::map`] with side inputs.
    #[track_caller]
    pub fn map<O: Element>(
        &self,
        f: impl Fn(T, ViewRefs<'_, W>) -> O + Send + Sync + 'static,
    ) -> PCollection<O> {
        self.step("Map", Place::caller(), move |value, views| Ok(Some(f(value, views))))
    }

    /// [`PCollection::filter`] with side inputs.
    #[track_caller]
    pub fn filter(
        &self,
        f: impl Fn(&T, ViewRefs<'_, W>) -> bool + Send + Sync + 'static,
    ) -> PCollection<T> {
        self.step("Filter", Place::caller(), move |value, views| {
            Ok(f(&value, views).then_some(value))
        })
    }

    /// [`PCollection::flat_map`] with side inputs.
    #[track_caller]
    pub fn flat_map<I>(
        &self,
        f: impl Fn(T, ViewRefs<'_, W>) -> I + Send + Sync + 'static,
    ) -> PCollection<I::Item>
    where
        I: IntoIterator + 'static,
        I::Item: Element,
    {
        self.step("FlatMap", Place::caller(), move |value, views| Ok(f(value, views)))
    }

    /// [`PCollection::try_map`] with side inputs; an error fails the job.
    #[track_caller]
    pub fn try_map<O, E>(
        &self,
        f: impl Fn(T, ViewRefs<'_, W>) -> Result<O, E> + Send + Sync + 'static,
    ) -> PCollection<O>
    where
        O: Element,
        E: Into<BoxError> + 'static,
    {
        self.step("TryMap", Place::caller(), move |value, views| {
            f(value, views).map(Some).map_err(Into::into)
        })
    }

    /// [`PCollection::try_flat_map`] with side inputs; an error fails the job.
    #[track_caller]
    pub fn try_flat_map<I, E>(
        &self,
        f: impl Fn(T, ViewRefs<'_, W>) -> Result<I, E> + Send + Sync + 'static,
    ) -> PCollection<I::Item>
    where
        I: IntoIterator + 'static,
        I::Item: Element,
        E: Into<BoxError> + 'static,
    {
        self.step("TryFlatMap", Place::caller(), move |value, views| {
            f(value, views).map_err(Into::into)
        })
    }

    pub(crate) fn step<I>(
        &self,
        name: &str,
        place: Place,
        f: impl Fn(T, ViewRefs<'_, W>) -> Result<I, BoxError> + Send + Sync + 'static,
    ) -> PCollection<I::Item>
    where
        I: IntoIterator + 'static,
        I::Item: Element,
    {
        let operator = side_input_operator::<T, W::Readers, I, _>(self.views.sources(), f);
        self.add(name, place, ParDoSpec::new(operator), self.input.id).1
    }

    /// Adds a ParDo that reads `main` and the side inputs.
    pub(super) fn add<O: Element>(
        &self,
        name: &str,
        place: Place,
        mut spec: ParDoSpec,
        main: CollectionId,
    ) -> (NodeId, PCollection<O>) {
        let inputs = self.views.inputs();
        let pipeline = &self.input.pipeline;
        if inputs.iter().any(|input| !input.pipeline.is(pipeline)) {
            let message = "a side input belongs to another pipeline";
            let help = "make the view from a collection of this pipeline";
            pipeline.graph.borrow_mut().mistake(message, self.place.clone(), help);
            return pipeline.step(name, place, Spec::ParDo(spec), main);
        }
        let names = (0..inputs.len()).map(local_name);
        let sides: Vec<_> = names.zip(&inputs).collect();
        spec.side_inputs = sides
            .iter()
            .map(|(name, side)| SideInputSpec { local_name: name.clone(), pattern: side.pattern })
            .collect();
        let (node, output) = pipeline.step(name, place, Spec::ParDo(spec), main);
        let mut graph = pipeline.graph.borrow_mut();
        sides.iter().for_each(|(name, side)| graph.connect(node, name, side.collection));
        drop(graph);
        (node, output)
    }
}
