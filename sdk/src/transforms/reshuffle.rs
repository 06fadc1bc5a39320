//! Redistribution.

use crate::element::Element;
use crate::error::Place;
use crate::graph::Spec;
use crate::pcollection::PCollection;

impl<T: Element> PCollection<T> {
    /// Redistributes the elements over workers, and keeps steps before and after it apart: few
    /// expensive elements are then processed in parallel. Timestamps, windows and panes stay.
    #[track_caller]
    pub fn reshuffle(&self) -> Self {
        let (_, output) =
            self.pipeline.step("Reshuffle", Place::caller(), Spec::Reshuffle, self.id);
        // Runners pass the bytes on as they are.
        let mut graph = self.pipeline.graph.borrow_mut();
        let codec = std::sync::Arc::clone(&graph.collections[self.id.0].codec);
        graph.collections[output.id.0].codec = codec;
        drop(graph);
        output
    }
}
