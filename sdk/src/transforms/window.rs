//! Windows and timestamps.

use crate::element::Element;
use crate::error::{BoxError, Place};
use crate::exec::{Context, DoFn};
use crate::graph::Spec;
use crate::pcollection::PCollection;
use crate::time::Timestamp;
use crate::window::{AnyWindowFn, WindowInto};

impl<T: Element> PCollection<T> {
    /// Assigns windows by event time, for the groupings that follow.
    #[track_caller]
    pub fn window_into(&self, windowing: impl Into<WindowInto>) -> Self {
        let place = Place::caller();
        let windowing = windowing.into();
        if let Some((mistake, help)) = windowing.mistake() {
            self.pipeline.graph.borrow_mut().mistake(mistake, place.clone(), help);
        }
        let spec = Spec::WindowInto(windowing.clone());
        let (node, output) = self.pipeline.step("WindowInto", place, spec, self.id);
        let mut graph = self.pipeline.graph.borrow_mut();
        if let AnyWindowFn::Custom(custom) = windowing.window_fn() {
            graph.nodes[node.0].constants = custom.constants();
        }
        let collection = &mut graph.collections[output.id.0];
        collection.windowing = windowing;
        collection.windowed_by = Some(node);
        drop(graph);
        output
    }

    /// Gives each element the event time that `f` finds in it. A time before the element's present
    /// one can make it late.
    #[track_caller]
    pub fn with_timestamps(&self, f: impl Fn(&T) -> Timestamp + Send + Sync + 'static) -> Self {
        let stamp = WithTimestamps { f: std::sync::Arc::new(f), element: std::marker::PhantomData };
        self.par_do_named("WithTimestamps", Place::caller(), stamp).main()
    }
}

struct WithTimestamps<F, T> {
    f: std::sync::Arc<F>,
    element: std::marker::PhantomData<fn(T)>,
}

impl<F, T> Clone for WithTimestamps<F, T> {
    fn clone(&self) -> Self {
        Self { f: self.f.clone(), element: self.element }
    }
}

impl<F: Fn(&T) -> Timestamp + Send + Sync + 'static, T: Element> DoFn for WithTimestamps<F, T> {
    type In = T;
    type Out = T;
    fn process(&mut self, element: T, cx: &mut Context<T>) -> Result<(), BoxError> {
        let timestamp = (self.f)(&element);
        cx.output_with_timestamp(element, timestamp);
        Ok(())
    }
}
