//! User functions whose work on one element can be split, suspended and resumed: sources.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::codec::codec_of;
use super::context::Context;
use super::guard::{Trouble, guarded};
use super::roots::{Roots, Underway, delayed};
use super::table::{Edge, Operator, Role};
use super::unit::{Cx, Unit, UnitResult, UnitSpec, typed};
use super::{
    AnyBatch, Batch, Failure, PortCodec, Restriction, SideOpeners, Sides, Tracker,
    WatermarkEstimator, in_each_window,
};
use crate::element::Element;
use crate::error::BoxError;
use crate::time::Timestamp;
use crate::window::Stamp;

/// A function whose work on an element is described by a restriction.
///
/// A runner splits restrictions to work in parallel, and suspends them to bound a bundle; so this
/// is how sources are written, bounded and unbounded.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a `SplittableDoFn`")]
pub trait SplittableDoFn: Clone + Send + Sync + 'static {
    /// What it takes, such as a file or a topic's partition.
    type In: Element;
    /// What it gives.
    type Out: Element;
    /// The part of an element's work.
    type Restriction: Restriction;

    /// Called once before the first bundle.
    ///
    /// # Errors
    /// An error fails the bundle.
    fn setup(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    /// The whole work of an element.
    ///
    /// # Errors
    /// An error fails the bundle.
    fn initial_restriction(&self, element: &Self::In) -> Result<Self::Restriction, BoxError>;

    /// Parts of a restriction that can be worked on in parallel.
    ///
    /// # Errors
    /// An error fails the bundle.
    fn split(
        &self,
        _element: &Self::In,
        restriction: Self::Restriction,
    ) -> Result<Vec<Self::Restriction>, BoxError> {
        Ok(vec![restriction])
    }

    /// Does the work: claims a position, does its work, claims the next, until a claim fails.
    ///
    /// # Errors
    /// An error fails the bundle.
    fn process(
        &mut self,
        element: &Self::In,
        tracker: &mut Tracker<Self::Restriction>,
        cx: &mut Context<Self::Out>,
    ) -> Result<Continuation, BoxError>;

    /// How the watermark follows the work. [`Context::set_watermark`] unless this says otherwise.
    fn watermark_estimator(&self) -> WatermarkEstimator {
        WatermarkEstimator::Manual
    }

    /// What must still be done of a restriction when the job drains: all of one that ends by
    /// itself, nothing of another. What is left must end by itself: a drain continues nothing else.
    fn truncate(
        &self,
        _element: &Self::In,
        restriction: &Self::Restriction,
    ) -> Option<Self::Restriction> {
        restriction.is_bounded().then(|| restriction.clone())
    }

    /// Called after the last element of each bundle.
    ///
    /// # Errors
    /// An error fails the bundle.
    fn finish_bundle(&mut self, _cx: &mut Context<Self::Out>) -> Result<(), BoxError> {
        Ok(())
    }

    /// Called when this clone will not be used again, also after a failure.
    fn teardown(&mut self) {}
}

/// How a call of [`SplittableDoFn::process`] ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Continuation {
    /// All claimed work is done, and a claim failed or nothing is left.
    Stop,
    /// There may be more to do after this delay.
    Resume(Duration),
}

/// A restriction with the watermark that its work has reached.
pub(super) type Restricted<R> = (R, Timestamp);
pub(super) type Paired<D> =
    (<D as SplittableDoFn>::In, Restricted<<D as SplittableDoFn>::Restriction>);
pub(super) type Sized<D> = (Paired<D>, f64);

/// The coder of restrictions of `D` in a pipeline graph.
pub(crate) fn restriction_spec<D: SplittableDoFn>() -> crate::coders::CoderSpec {
    Restricted::<D::Restriction>::coder_spec()
}

/// The operator of a splittable DoFn with its side inputs.
pub(crate) struct SplittableOperator<D>(pub(crate) D, pub(crate) SideOpeners);

impl<D: SplittableDoFn> Operator for SplittableOperator<D> {
    fn unit(&self, role: Role, spec: &UnitSpec<'_>) -> UnitResult<Box<dyn Unit>> {
        let do_fn = self.0.clone();
        let diagnose = spec.config.diagnose;
        Ok(match role {
            Role::PairWithRestriction => {
                // Each window may see other side inputs, so its work is done apart.
                let apart = Sides::open(&self.1, spec)?.observe_windows();
                let call = pair::<D>;
                Box::new(Stateless { do_fn, diagnose, apart, call, types: PhantomData })
            }
            Role::SplitAndSize => {
                let call = split::<D>;
                Box::new(Stateless { do_fn, diagnose, apart: false, call, types: PhantomData })
            }
            Role::Truncate => {
                let call = truncate::<D>;
                Box::new(Stateless { do_fn, diagnose, apart: false, call, types: PhantomData })
            }
            Role::ProcessSized => Box::new(Process::new(do_fn, &self.1, spec)?),
            other => {
                let message = format!("a splittable DoFn cannot play {other:?}");
                return Err(Failure::new(message));
            }
        })
    }

    fn codec(&self, role: Role, edge: Edge<'_>) -> Option<Arc<dyn PortCodec>> {
        Some(match (role, edge) {
            (Role::PairWithRestriction, Edge::Output(_)) | (Role::SplitAndSize, Edge::Input) => {
                codec_of::<Paired<D>>()
            }
            (Role::SplitAndSize | Role::Truncate, Edge::Output(_))
            | (Role::Truncate | Role::ProcessSized, Edge::Input) => codec_of::<Sized<D>>(),
            _ => return None,
        })
    }
}

/// A part that maps each element to some, by a function of the DoFn.
struct Stateless<D, T, O> {
    do_fn: D,
    diagnose: bool,
    /// Whether each window of an element is worked on apart.
    apart: bool,
    call: fn(&D, T, &Stamp) -> Result<Vec<O>, BoxError>,
    types: PhantomData<fn(T) -> O>,
}

fn pair<D: SplittableDoFn>(
    do_fn: &D,
    element: D::In,
    stamp: &Stamp,
) -> Result<Vec<Paired<D>>, BoxError> {
    let restriction = do_fn.initial_restriction(&element)?;
    Ok(vec![(element, (restriction, stamp.timestamp))])
}

fn split<D: SplittableDoFn>(
    do_fn: &D,
    (element, (restriction, watermark)): Paired<D>,
    _stamp: &Stamp,
) -> Result<Vec<Sized<D>>, BoxError> {
    let parts = do_fn.split(&element, restriction)?;
    let sized = parts.into_iter().map(|part| {
        let size = part.size(None);
        ((element.clone(), (part, watermark)), size)
    });
    Ok(sized.collect())
}

fn truncate<D: SplittableDoFn>(
    do_fn: &D,
    ((element, (restriction, watermark)), _): Sized<D>,
    _stamp: &Stamp,
) -> Result<Vec<Sized<D>>, BoxError> {
    let truncated = do_fn.truncate(&element, &restriction);
    let sized = truncated.map(|part| {
        let size = part.size(None);
        ((element, (part, watermark)), size)
    });
    Ok(sized.into_iter().collect())
}

impl<D: SplittableDoFn, T: Element, O: Element> Unit for Stateless<D, T, O> {
    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let mut batch = typed::<T>(batch)?;
        if self.apart {
            batch = in_each_window(batch);
        }
        let Batch { values, stamps } = batch;
        let mut out = super::elementwise::Expansion::new(stamps.clone(), values.len());
        guarded(self.diagnose, values.into_iter(), |row, value| {
            let outputs = (self.call)(&self.do_fn, value, &stamps.get(row));
            for output in outputs.map_err(Trouble::User)? {
                out.push(row, output);
            }
            Ok(())
        })
        .map_err(|interrupted| interrupted.in_batch(out.stamps()))?;
        out.finish(0, cx)
    }
}

/// The part that does the work.
struct Process<D: SplittableDoFn> {
    do_fn: D,
    context: Context<D::Out>,
    diagnose: bool,
    roots: Arc<Roots<D>>,
    /// Whether the bundle has worked on an element.
    has_begun: bool,
}

impl<D: SplittableDoFn> Process<D> {
    fn new(mut do_fn: D, sides: &SideOpeners, spec: &UnitSpec<'_>) -> UnitResult<Self> {
        let mut context = Context::new(spec, sides)?;
        do_fn.setup().map_err(|error| Failure::from_error(error.as_ref()))?;
        context.set_estimator(do_fn.watermark_estimator());
        let roots = Arc::new(Roots::new(spec)?);
        Ok(Self { do_fn, context, diagnose: spec.config.diagnose, roots, has_begun: false })
    }

    fn process_one(
        &mut self,
        element: D::In,
        (restriction, watermark): Restricted<D::Restriction>,
        stamp: &Stamp,
        cx: &Cx<'_>,
    ) -> Result<(), Trouble> {
        let underway = Underway {
            roots: Arc::clone(&self.roots),
            element: element.clone(),
            watermark,
            stamp: stamp.clone(),
        };
        let mut tracker = Tracker::new(restriction, cx.router, Box::new(underway));
        self.context.set_current(stamp.clone());
        let continuation =
            self.do_fn.process(&element, &mut tracker, &mut self.context).map_err(Trouble::User)?;
        self.context.check()?;
        let delay = match continuation {
            Continuation::Resume(delay) => {
                tracker.give_rest_away();
                delay
            }
            Continuation::Stop => Duration::ZERO,
        };
        if !tracker.is_done() {
            return Err(Trouble::User(
                "the work of the restriction was neither claimed to its end nor declared done by \
                 `tracker.finish()`"
                    .into(),
            ));
        }
        let watermark = self.context.take_watermark().map_or(watermark, |new| new.max(watermark));
        if let Some(rest) = tracker.take_residual() {
            self.leave(element, (rest, watermark), stamp, delay, cx)?;
        }
        Ok(())
    }

    /// Leaves a restriction, or the rest of one, to a later bundle.
    fn leave(
        &self,
        element: D::In,
        rest: Restricted<D::Restriction>,
        stamp: &Stamp,
        delay: Duration,
        cx: &Cx<'_>,
    ) -> Result<(), Trouble> {
        let root = self.roots.root(element, rest, stamp);
        let root = root.map_err(|error| Trouble::Below(Failure::from_error(&error)))?;
        cx.router.effects(|effects| effects.residuals.push(delayed(root, delay)));
        Ok(())
    }
}

impl<D: SplittableDoFn> Unit for Process<D> {
    fn start_bundle(&mut self, cx: &Cx<'_>) -> UnitResult {
        self.context.bind(cx);
        self.has_begun = false;
        Ok(())
    }

    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let Batch { values, stamps } = typed::<Sized<D>>(batch)?;
        let pairs = values.into_iter().map(|(pair, _size)| pair);
        let (elements, restrictions): (Vec<_>, Vec<_>) = pairs.unzip();
        let mut restrictions = restrictions.into_iter();
        // Guarded by element alone: the rest of the pair would mean nothing to its author.
        guarded(self.diagnose, elements.into_iter(), |row, element| {
            let Some(restriction) = restrictions.next() else { return Ok(()) };
            let stamp = stamps.get(row);
            if self.has_begun && cx.router.requests().is_stop_asked() {
                return self.leave(element, restriction, &stamp, Duration::ZERO, cx);
            }
            self.has_begun = true;
            self.process_one(element, restriction, &stamp, cx)
        })
        .map_err(|interrupted| interrupted.in_batch(&stamps))?;
        self.context.flush()
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
