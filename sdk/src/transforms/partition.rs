//! Dividing a collection into several of the same type.

use crate::element::Element;
use crate::error::Place;
use crate::exec::{codec_of, partition_operator};
use crate::graph::{ParDoSpec, Spec};
use crate::pcollection::PCollection;

impl<T: Element> PCollection<T> {
    /// `n` collections, to one of which `f` sends each element: it gets the element and `n`, and
    /// gives the number of a collection, from 0. A number that is not less than `n` fails the job.
    ///
    /// For two outputs of different types there is [`PCollection::partition_map`].
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{Pipeline, testing::assert_that};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// let words = p.create(["to", "be", "or", "not"].map(String::from));
    /// let by_length = words.partition(4, |word, n| word.len().min(n - 1));
    /// assert_that(&by_length[3]).contains_in_any_order(["not".to_owned()]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn partition(
        &self,
        n: usize,
        f: impl Fn(&T, usize) -> usize + Send + Sync + 'static,
    ) -> Vec<Self> {
        let place = Place::caller();
        let mut graph = self.pipeline.graph.borrow_mut();
        let spec = Spec::ParDo(ParDoSpec::new(partition_operator(n, f)));
        let node = graph.add("Partition", place, spec);
        graph.connect(node, "in", self.id);
        let parts: Vec<_> =
            (0..n).map(|part| graph.output(node, &part.to_string(), codec_of::<T>())).collect();
        drop(graph);
        parts.into_iter().map(|part| self.pipeline.collection(part)).collect()
    }
}
