//! The entry point: a pipeline under construction.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crate::element::Element;
use crate::error::{Place, Result};
use crate::exec::{PortCodec, codec_of};
use crate::graph::{CollectionId, Graph, NodeId, Sealed, Spec};
use crate::options::PipelineOptions;
use crate::pcollection::PCollection;
use crate::runner::{Finished, Runner, RunningPipeline, start};
use crate::transforms::PTransform;

/// A pipeline under construction.
///
/// Building it is deterministic and does nothing else: worker processes build it again and must
/// arrive at the same graph. It is a cheap handle; composites receive a clone of it.
#[derive(Clone)]
pub struct Pipeline {
    pub(crate) graph: Rc<RefCell<Graph>>,
    options: Rc<PipelineOptions>,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self::new()
    }
}

impl Pipeline {
    /// An empty pipeline without options.
    #[must_use]
    pub fn new() -> Self {
        Self::with_options(PipelineOptions::default())
    }

    /// An empty pipeline with options.
    #[must_use]
    pub fn with_options(options: PipelineOptions) -> Self {
        Self { graph: Rc::default(), options: Rc::new(options) }
    }

    /// The options it was made with.
    #[must_use]
    pub fn options(&self) -> &PipelineOptions {
        &self.options
    }

    /// Applies a source or another transform that needs no input.
    #[track_caller]
    pub fn apply<X: PTransform<Self>>(&self, transform: X) -> X::Output {
        let name = crate::transforms::name_of::<X>();
        let place = Place::caller();
        self.composite_of(&name, place, X::IS_WHOLE, || transform.expand(self.clone()))
    }

    /// One element, an empty byte string, from which sources start.
    #[track_caller]
    pub fn impulse(&self) -> PCollection<bytes::Bytes> {
        let place = Place::caller();
        let mut graph = self.graph.borrow_mut();
        let node = graph.add("Impulse", place, Spec::Impulse);
        let output = graph.output(node, "out", codec_of::<bytes::Bytes>());
        drop(graph);
        self.collection(output)
    }

    /// Notes a mistake in the parameters of the transform that is being applied. All mistakes are
    /// reported together when the pipeline is run; `help` says what cures it, or is empty.
    pub fn mistake(&self, message: impl Into<String>, help: &str) {
        let mut graph = self.graph.borrow_mut();
        let place = graph.scope_place().unwrap_or_else(Place::caller);
        graph.mistake(message, place, help);
    }

    /// Checks the pipeline and describes it for a runner.
    ///
    /// # Errors
    /// With all mistakes that were made while building it, each with its place.
    pub fn seal(&self) -> Result<Sealed> {
        self.graph.borrow().seal()
    }

    /// Starts the pipeline on this runner and returns at once.
    ///
    /// # Errors
    /// When the pipeline has mistakes, needs what the runner lacks, or cannot be started.
    pub fn start_with(self, runner: &dyn Runner) -> Result<RunningPipeline> {
        start(runner, self.seal()?, &self.options)
    }

    /// Runs the pipeline on this runner until it ends.
    ///
    /// # Errors
    /// As [`Pipeline::start_with`]; and when the pipeline fails.
    pub fn run_with(self, runner: &dyn Runner) -> Result<Finished> {
        self.start_with(runner)?.wait()
    }

    /// Whether this and `other` are handles of the same pipeline.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.graph, &other.graph)
    }

    pub(crate) fn collection<T>(&self, id: CollectionId) -> PCollection<T> {
        PCollection::new(self.clone(), id)
    }

    /// Runs `expand` inside a named scope, whose steps are shown at its own place.
    pub(crate) fn composite<R>(&self, name: &str, place: Place, expand: impl FnOnce() -> R) -> R {
        self.composite_of(name, place, true, expand)
    }

    /// Runs `expand` inside a named scope.
    pub(crate) fn composite_of<R>(
        &self,
        name: &str,
        place: Place,
        is_whole: bool,
        expand: impl FnOnce() -> R,
    ) -> R {
        self.graph.borrow_mut().enter(name, place, Spec::Composite, is_whole);
        let result = expand();
        self.graph.borrow_mut().leave();
        result
    }

    /// Adds a transform with one main input and one main output.
    pub(crate) fn step<O: Element>(
        &self,
        name: &str,
        place: Place,
        spec: Spec,
        input: CollectionId,
    ) -> (NodeId, PCollection<O>) {
        self.step_in(name, place, spec, input, codec_of::<O>())
    }

    /// [`step`](Self::step) with a codec of the output's that is not the one of every `O`.
    pub(crate) fn step_in<O: Element>(
        &self,
        name: &str,
        place: Place,
        spec: Spec,
        input: CollectionId,
        codec: Arc<dyn PortCodec>,
    ) -> (NodeId, PCollection<O>) {
        let mut graph = self.graph.borrow_mut();
        let node = graph.add(name, place, spec);
        graph.connect(node, "in", input);
        let output = graph.output(node, crate::exec::MAIN_OUTPUT, codec);
        drop(graph);
        (node, self.collection(output))
    }
}
