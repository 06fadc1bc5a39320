//! The union of collections.

use crate::element::Element;
use crate::error::Place;
use crate::exec::codec_of;
use crate::graph::Spec;
use crate::pcollection::PCollection;

impl<T: Element> PCollection<T> {
    /// All elements of this collection and of `others`; windows must be alike.
    #[track_caller]
    pub fn flatten_with(&self, others: impl IntoIterator<Item = Self>) -> Self {
        let place = Place::caller();
        let mut graph = self.pipeline.graph.borrow_mut();
        let node = graph.add("Flatten", place.clone(), Spec::Flatten);
        graph.connect(node, "0", self.id);
        for (index, other) in others.into_iter().enumerate() {
            if !other.pipeline.is(&self.pipeline) {
                let message = "a flattened collection belongs to another pipeline";
                graph.mistake(message, place.clone(), "build both in one pipeline");
                continue;
            }
            let windows_differ = graph.collections[other.id.0].windowing.window_fn()
                != graph.collections[self.id.0].windowing.window_fn();
            if windows_differ {
                let help = "window both in the same way first";
                graph.mistake("flattened collections have different windows", place.clone(), help);
            }
            graph.connect(node, &(index + 1).to_string(), other.id);
        }
        let output = graph.output(node, crate::exec::MAIN_OUTPUT, codec_of::<T>());
        drop(graph);
        self.pipeline.collection(output)
    }
}
