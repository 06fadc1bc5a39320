//! Elements with their restrictions, as a runner queues them.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use purlin_proto::fn_execution::{BundleApplication, DelayedBundleApplication};
use purlin_proto::pipeline::is_bounded;

use super::port::main_input_windows;
use super::splittable::{Restricted, Sized};
use super::unit::{UnitResult, UnitSpec};
use super::{BundleSplit, Failure, Restriction, SplittableDoFn};
use crate::coders::windowed::{WindowCoder, put_stamp};
use crate::coders::{CoderError, Nesting};
use crate::element::Element;
use crate::time::Timestamp;
use crate::window::Stamp;

/// How the work of a splittable DoFn is put back into its queue.
pub(super) struct Roots<D> {
    transform_id: String,
    input: String,
    outputs: Vec<String>,
    windows: WindowCoder,
    do_fn: PhantomData<fn() -> D>,
}

impl<D: SplittableDoFn> Roots<D> {
    pub(super) fn new(spec: &UnitSpec<'_>) -> UnitResult<Self> {
        let (input, windows) = main_input_windows(spec)?;
        Ok(Self {
            transform_id: spec.transform_id.to_owned(),
            input,
            outputs: spec.ports.keys().cloned().collect(),
            windows,
            do_fn: PhantomData,
        })
    }

    /// An element with a part of its work.
    pub(super) fn root(
        &self,
        element: D::In,
        (restriction, watermark): Restricted<D::Restriction>,
        stamp: &Stamp,
    ) -> Result<BundleApplication, CoderError> {
        let is_bounded = restriction.is_bounded();
        let size = restriction.size(None);
        let value: Sized<D> = ((element, (restriction, watermark)), size);
        let mut bytes = Vec::new();
        put_stamp(&mut bytes, stamp, &self.windows);
        value.encode(&mut bytes, Nesting::Nested)?;
        let hold = to_proto(watermark);
        let bounded =
            if is_bounded { is_bounded::Enum::Bounded } else { is_bounded::Enum::Unbounded };
        Ok(BundleApplication {
            transform_id: self.transform_id.clone(),
            input_id: self.input.clone(),
            element: bytes.into(),
            output_watermarks: self.outputs.iter().map(|name| (name.clone(), hold)).collect(),
            is_bounded: bounded.into(),
        })
    }
}

/// An element in the middle of its work: what a split of it needs.
pub(super) struct Underway<D: SplittableDoFn> {
    pub(super) roots: Arc<Roots<D>>,
    pub(super) element: D::In,
    /// The watermark when the work began: neither part gives anything before it.
    pub(super) watermark: Timestamp,
    pub(super) stamp: Stamp,
}

/// Encodes the parts of a split.
pub(super) trait Seam<R>: Send {
    fn parts(&self, primary: R, residual: R) -> Result<BundleSplit, Box<Failure>>;
}

impl<D: SplittableDoFn> Seam<D::Restriction> for Underway<D> {
    fn parts(
        &self,
        primary: D::Restriction,
        residual: D::Restriction,
    ) -> Result<BundleSplit, Box<Failure>> {
        let root = |part| {
            let element = self.element.clone();
            let root = self.roots.root(element, (part, self.watermark), &self.stamp);
            root.map_err(|error| Failure::from_error(&error))
        };
        let residual = delayed(root(residual)?, Duration::ZERO);
        Ok(BundleSplit { primary: root(primary)?, residual })
    }
}

pub(super) fn delayed(application: BundleApplication, delay: Duration) -> DelayedBundleApplication {
    let requested_time_delay = (!delay.is_zero()).then(|| prost_types::Duration {
        seconds: i64::try_from(delay.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(delay.subsec_nanos()).unwrap_or(0),
    });
    DelayedBundleApplication { application: Some(application), requested_time_delay }
}

fn to_proto(timestamp: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: timestamp.0.div_euclid(1000),
        nanos: i32::try_from(timestamp.0.rem_euclid(1000) * 1_000_000).unwrap_or(0),
    }
}
