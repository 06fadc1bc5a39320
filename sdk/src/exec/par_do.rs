//! User functions with a lifecycle, a context and several outputs.

use std::sync::Arc;

use super::context::Context;
use super::elementwise::UnitFactory;
use super::guard::{Trouble, guarded};
use super::table::Operator;
use super::unit::{Cx, Unit, UnitResult, UnitSpec, typed};
use super::{AnyBatch, Batch, Failure, SideOpeners, in_each_window};
use crate::element::Element;
use crate::error::BoxError;

/// A function from one element to any number, with a lifecycle.
///
/// Each worker thread has a clone of its own, which lives for many bundles.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `DoFn`",
    note = "implement `DoFn` for it, or pass a closure to `map`, `filter` or `flat_map`"
)]
pub trait DoFn: Clone + Send + Sync + 'static {
    /// What it takes.
    type In: Element;
    /// What its main output gives.
    type Out: Element;

    /// Called once before the first bundle.
    ///
    /// # Errors
    /// An error fails the bundle.
    fn setup(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Called before the first element of each bundle.
    ///
    /// # Errors
    /// An error fails the bundle.
    fn start_bundle(&mut self, _cx: &mut Context<Self::Out>) -> Result<(), BoxError> {
        Ok(())
    }

    /// Called for each element.
    ///
    /// # Errors
    /// An error fails the bundle, which is retried as the runner's policy says.
    fn process(&mut self, element: Self::In, cx: &mut Context<Self::Out>) -> Result<(), BoxError>;

    /// Called after the last element of each bundle. Everything that the bundle's elements brought
    /// about must be acknowledged when this returns: only then is the bundle committed.
    ///
    /// # Errors
    /// An error fails the bundle.
    fn finish_bundle(&mut self, _cx: &mut Context<Self::Out>) -> Result<(), BoxError> {
        Ok(())
    }

    /// Called when this clone will not be used again, also after a failure.
    fn teardown(&mut self) {}
}

/// The operator of a DoFn with these side inputs.
pub(crate) fn par_do_operator<D: DoFn>(do_fn: D, sides: SideOpeners) -> Arc<dyn Operator> {
    Arc::new(UnitFactory(move |spec: &UnitSpec<'_>| {
        let unit: Box<dyn Unit> = Box::new(ParDo::new(do_fn.clone(), &sides, spec)?);
        Ok(unit)
    }))
}

struct ParDo<D: DoFn> {
    do_fn: D,
    context: Context<D::Out>,
    diagnose: bool,
}

impl<D: DoFn> ParDo<D> {
    fn new(mut do_fn: D, sides: &SideOpeners, spec: &UnitSpec<'_>) -> UnitResult<Self> {
        let context = Context::new(spec, sides)?;
        do_fn.setup().map_err(|error| Failure::from_error(error.as_ref()))?;
        Ok(Self { do_fn, context, diagnose: spec.config.diagnose })
    }
}

impl<D: DoFn> Unit for ParDo<D> {
    fn start_bundle(&mut self, cx: &Cx<'_>) -> UnitResult {
        self.context.bind(cx);
        self.do_fn
            .start_bundle(&mut self.context)
            .map_err(|error| Failure::from_error(error.as_ref()))
    }

    fn process(&mut self, batch: Box<dyn AnyBatch>, _cx: &Cx<'_>) -> UnitResult {
        let mut batch = typed::<D::In>(batch)?;
        if self.context.observes_windows() {
            batch = in_each_window(batch);
        }
        let Batch { values, stamps } = batch;
        if values.is_empty() {
            return Ok(());
        }
        let Self { do_fn, context, diagnose } = self;
        context.set_current(stamps.get(0));
        let (is_constant, varies) = (stamps.is_constant(), !stamps.is_constant_but_time());
        guarded(*diagnose, values.into_iter(), |row, value| {
            if varies {
                context.set_current(stamps.get(row));
            } else if !is_constant {
                context.set_timestamp(*stamps.timestamps.get(row));
            }
            do_fn.process(value, context).map_err(Trouble::User)?;
            context.check().map_err(Trouble::Below)
        })
        .map_err(|interrupted| interrupted.in_batch(&stamps))?;
        context.flush()
    }

    fn finish_bundle(&mut self, _cx: &Cx<'_>) -> UnitResult {
        let result = self.do_fn.finish_bundle(&mut self.context);
        result.map_err(|error| Failure::from_error(error.as_ref()))?;
        self.context.release()
    }

    fn teardown(&mut self) {
        self.do_fn.teardown();
    }
}
