//! The union of collections.

use crate::element::Element;
use crate::error::Place;
use crate::exec::codec_of;
use crate::graph::Spec;
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;

impl<T: Element> PCollection<T> {
    /// All elements of this collection and of `others`; windows must be alike.
    #[track_caller]
    pub fn flatten_with(&self, others: impl IntoIterator<Item = Self>) -> Self {
        self.flatten_at(others, &Place::caller())
    }

    pub(crate) fn flatten_at(&self, others: impl IntoIterator<Item = Self>, place: &Place) -> Self {
        self.pipeline.union(std::iter::once(self.clone()).chain(others), place)
    }
}

impl Pipeline {
    /// All elements of a list of collections, which may be empty; windows must be alike.
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{Pipeline, testing::assert_that};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// let p = Pipeline::new();
    /// let parts = (0i64..3).map(|n| p.create([n, n * 10]));
    /// assert_that(&p.flatten(parts)).contains_in_any_order([0, 0, 1, 10, 2, 20]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn flatten<T: Element>(
        &self,
        collections: impl IntoIterator<Item = PCollection<T>>,
    ) -> PCollection<T> {
        self.union(collections, &Place::caller())
    }

    fn union<T: Element>(
        &self,
        collections: impl IntoIterator<Item = PCollection<T>>,
        place: &Place,
    ) -> PCollection<T> {
        // The list may be lazy and add steps itself.
        let collections: Vec<_> = collections.into_iter().collect();
        let mut graph = self.graph.borrow_mut();
        let node = graph.add("Flatten", place.clone(), Spec::Flatten);
        let mut first = None;
        for (index, collection) in collections.into_iter().enumerate() {
            if !collection.pipeline.is(self) {
                let message = "a flattened collection belongs to another pipeline";
                graph.mistake(message, place.clone(), "build both in one pipeline");
                continue;
            }
            let windows = graph.collections[collection.id.0].windowing.window_fn().clone();
            if *first.get_or_insert_with(|| windows.clone()) != windows {
                let help = "window both in the same way first";
                graph.mistake("flattened collections have different windows", place.clone(), help);
            }
            graph.connect(node, &index.to_string(), collection.id);
        }
        let output = graph.output(node, crate::exec::MAIN_OUTPUT, codec_of::<T>());
        drop(graph);
        self.collection(output)
    }
}
