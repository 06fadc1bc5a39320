//! Closures that can fail, and dead letters.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};
use crate::element::{Element, shown};
use crate::error::{BoxError, Place};
use crate::exec::{
    Context, DoFn, Operator, Tag, codec_of, helpful, par_do_operator, try_flat_map_operator,
    try_map_operator,
};
use crate::graph::{NodeId, ParDoSpec, Spec};
use crate::pcollection::PCollection;

/// The local name of the output of failed elements.
const DEAD_LETTERS: &str = "dead_letters";
const HELP: &str = "call `.dead_letters()` on it to collect failing elements instead";

/// An element that a fallible closure refused, with its error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failed<T> {
    /// The element.
    pub element: T,
    /// The error's text and those of its causes.
    pub error: String,
}

impl<T: Element> PCollection<T> {
    /// [`PCollection::map`] with a closure that can fail: an error fails the job, unless
    /// [`Fallible::dead_letters`] collects the failing elements.
    #[track_caller]
    pub fn try_map<O, E>(
        &self,
        f: impl Fn(T) -> Result<O, E> + Send + Sync + 'static,
    ) -> Fallible<T, O>
    where
        O: Element,
        E: Into<BoxError> + 'static,
    {
        let f = Arc::new(move |value| f(value).map_err(Into::into));
        let operator = try_map_operator(helped(&f));
        let each = Arc::new(move |value| f(value).map(Some));
        self.fallible_by("TryMap", Place::caller(), operator, each)
    }

    /// [`PCollection::flat_map`] with a closure that can fail.
    #[track_caller]
    pub fn try_flat_map<I, E>(
        &self,
        f: impl Fn(T) -> Result<I, E> + Send + Sync + 'static,
    ) -> Fallible<T, I::Item>
    where
        I: IntoIterator + 'static,
        I::Item: Element,
        E: Into<BoxError> + 'static,
    {
        self.fallible("TryFlatMap", Place::caller(), move |value| f(value).map_err(Into::into))
    }

    pub(crate) fn fallible<I>(
        &self,
        name: &str,
        place: Place,
        f: impl Fn(T) -> Result<I, BoxError> + Send + Sync + 'static,
    ) -> Fallible<T, I::Item>
    where
        I: IntoIterator + 'static,
        I::Item: Element,
    {
        let f = Arc::new(f);
        self.fallible_by(name, place, try_flat_map_operator(helped(&f)), f)
    }

    /// A step that this operator does, or `f` where dead letters are collected.
    fn fallible_by<I>(
        &self,
        name: &str,
        place: Place,
        operator: Arc<dyn Operator>,
        f: Arc<impl Fn(T) -> Result<I, BoxError> + Send + Sync + 'static>,
    ) -> Fallible<T, I::Item>
    where
        I: IntoIterator + 'static,
        I::Item: Element,
    {
        let spec = Spec::ParDo(ParDoSpec::new(operator));
        let (node, main) = self.pipeline.step(name, place, spec, self.id);
        // With dead letters the same closure runs in a DoFn of two outputs, which costs a clone
        // per element: only those who ask pay.
        let collecting = Arc::new(move || {
            par_do_operator(DeadLetters { f: Arc::clone(&f), types: PhantomData }, Vec::new())
        });
        Fallible { main, node, collecting, element: PhantomData }
    }
}

/// The closure, whose errors say what can be done.
fn helped<T, R>(
    f: &Arc<impl Fn(T) -> Result<R, BoxError> + Send + Sync + 'static>,
) -> impl Fn(T) -> Result<R, BoxError> + Send + Sync + 'static {
    let f = Arc::clone(f);
    move |value| f(value).map_err(|error| helpful(error, HELP))
}

/// The output of a closure that can fail.
#[must_use = "a collection that nothing reads has no effect"]
pub struct Fallible<T, O> {
    main: PCollection<O>,
    node: NodeId,
    collecting: Arc<dyn Fn() -> Arc<dyn Operator>>,
    element: PhantomData<fn() -> T>,
}

impl<T, O> Deref for Fallible<T, O> {
    type Target = PCollection<O>;
    fn deref(&self) -> &PCollection<O> {
        &self.main
    }
}

impl<T: Element, O: Element> Fallible<T, O> {
    /// Names the step.
    pub fn named(self, name: &str) -> Self {
        Self { main: self.main.named(name), ..self }
    }

    /// The main output.
    pub fn main(&self) -> PCollection<O> {
        self.main.clone()
    }

    /// Collects the elements for which the closure fails, with their errors, instead of failing
    /// the job. Costs a clone of each element.
    pub fn dead_letters(self) -> (PCollection<O>, PCollection<Failed<T>>) {
        let mut graph = self.main.pipeline.graph.borrow_mut();
        if let Spec::ParDo(spec) = &mut graph.nodes[self.node.0].spec {
            spec.operator = (self.collecting)();
        }
        let failed = graph.output(self.node, DEAD_LETTERS, codec_of::<Failed<T>>());
        drop(graph);
        let failed = self.main.pipeline.collection(failed);
        (self.main, failed)
    }
}

struct DeadLetters<F, T, I> {
    f: Arc<F>,
    types: PhantomData<fn(T) -> I>,
}

impl<F, T, I> Clone for DeadLetters<F, T, I> {
    fn clone(&self) -> Self {
        Self { f: Arc::clone(&self.f), types: PhantomData }
    }
}

impl<F, T, I> DoFn for DeadLetters<F, T, I>
where
    F: Fn(T) -> Result<I, BoxError> + Send + Sync + 'static,
    T: Element,
    I: IntoIterator + 'static,
    I::Item: Element,
{
    type In = T;
    type Out = I::Item;

    fn process(&mut self, element: T, cx: &mut Context<I::Item>) -> Result<(), BoxError> {
        match (self.f)(element.clone()) {
            Ok(outputs) => outputs.into_iter().for_each(|output| cx.output(output)),
            Err(error) => {
                let chain = std::iter::successors(
                    Some(error.as_ref() as &(dyn std::error::Error + 'static)),
                    |error| error.source(),
                );
                let texts: Vec<_> = chain.map(ToString::to_string).collect();
                let failed = Failed { element, error: texts.join(": ") };
                cx.output_to(&Tag::new(DEAD_LETTERS), failed);
            }
        }
        Ok(())
    }
}

impl<T: Element> Element for Failed<T> {
    fn coder_spec() -> CoderSpec {
        <(T, String)>::coder_spec()
    }
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        self.element.encode(out, Nesting::Nested)?;
        self.error.encode(out, nesting)
    }
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        let (element, error) = <(T, String)>::decode(input, nesting)?;
        Ok(Self { element, error })
    }
    fn field_type() -> FieldType {
        <(T, String)>::field_type()
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", shown(&self.element), self.error)
    }
}
