//! Values that the program itself holds.

use bytes::Bytes;

use crate::coders::Nesting;
use crate::element::Element;
use crate::error::Place;
use crate::exec::try_flat_map_operator;
use crate::graph::{ParDoSpec, Spec};
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;

impl Pipeline {
    /// A bounded collection of these values, at the earliest timestamp in the global window. The
    /// values are part of the graph: meant for tests, file names and other small inputs.
    ///
    /// ```ignore
    /// let numbers = p.create([1i64, 2, 3]);
    /// ```
    #[track_caller]
    pub fn create<T: Element>(&self, values: impl IntoIterator<Item = T>) -> PCollection<T> {
        let place = Place::caller();
        let values: Vec<T> = values.into_iter().collect();
        let mut constants = Vec::new();
        for value in &values {
            if let Err(error) = value.encode(&mut constants, Nesting::Nested) {
                let message = format!("a value of `create` has no encoding: {error}");
                self.graph.borrow_mut().mistake(message, place.clone(), "");
            }
        }
        self.composite("Create", place.clone(), || {
            let impulse = self.impulse();
            let operator = try_flat_map_operator(move |_: Bytes| Ok(values.clone()));
            let spec = Spec::ParDo(ParDoSpec::new(operator));
            let (node, output) = self.step("Values", place, spec, impulse.id);
            self.graph.borrow_mut().nodes[node.0].constants = constants.into();
            output
        })
    }
}
