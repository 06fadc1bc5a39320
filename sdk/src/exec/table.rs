//! Where a stage's descriptor finds the user functions that it names.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use purlin_proto::pipeline::{CombinePayload, PTransform, ParDoPayload};
use purlin_proto::urns::transforms as urn;

use super::unit::{Unit, UnitResult, UnitSpec};
use super::{Failure, PortCodec, WindowFns, WindowFunction};
use crate::error::Place;

/// The URN of a DoFn that is looked up by its transform's name in the worker's own graph.
pub const DO_FN_URN: &str = "purlin:dofn:v1";
/// The URN of a CombineFn that is looked up by its transform's name.
pub const COMBINE_FN_URN: &str = "purlin:combinefn:v1";

/// The URN of a window function that is looked up by the name of the transform that windows by it.
pub const WINDOW_FN_URN: &str = "purlin:window_fn:v1";

/// The part that a transform plays in a stage: runners expand splittable DoFns and lifted
/// combines into several, all of which keep the payload of the original.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// An ordinary ParDo.
    ParDo,
    /// `E → (E, R)`: makes the initial restriction.
    PairWithRestriction,
    /// `(E, R) → ((E, R), size)`: splits it.
    SplitAndSize,
    /// `((E, R), size) → ((E, R), size)`: bounds it, on a drain.
    Truncate,
    /// `((E, R), size) → outputs`: processes it.
    ProcessSized,
    /// `(K, V) → (K, Acc)` before a shuffle.
    Precombine,
    /// `(K, iterable Acc) → (K, Acc)` after it.
    MergeAccumulators,
    /// `(K, Acc) → (K, Out)`.
    ExtractOutputs,
    /// `(K, V) → (K, Acc)`, an accumulator for each value.
    ConvertToAccumulators,
    /// `(K, iterable V) → (K, Out)`: a combine that was not lifted.
    CombineGroupedValues,
}

impl Role {
    /// The role that a transform's URN gives it.
    #[must_use]
    pub fn of_urn(transform_urn: &str) -> Option<Self> {
        Some(match transform_urn {
            urn::PAR_DO => Self::ParDo,
            urn::PAIR_WITH_RESTRICTION => Self::PairWithRestriction,
            urn::SPLIT_AND_SIZE_RESTRICTIONS => Self::SplitAndSize,
            urn::TRUNCATE_SIZED_RESTRICTION => Self::Truncate,
            urn::PROCESS_SIZED_ELEMENTS_AND_RESTRICTIONS => Self::ProcessSized,
            urn::COMBINE_PER_KEY_PRECOMBINE => Self::Precombine,
            urn::COMBINE_PER_KEY_MERGE_ACCUMULATORS => Self::MergeAccumulators,
            urn::COMBINE_PER_KEY_EXTRACT_OUTPUTS => Self::ExtractOutputs,
            urn::COMBINE_PER_KEY_CONVERT_TO_ACCUMULATORS => Self::ConvertToAccumulators,
            urn::COMBINE_GROUPED_VALUES => Self::CombineGroupedValues,
            _ => return None,
        })
    }

    fn is_combine(self) -> bool {
        self >= Self::Precombine
    }
}

/// A side of a transform.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edge<'a> {
    /// Its main input.
    Input,
    /// The output of this local name.
    Output(&'a str),
}

/// A user's transform, made where its types were known.
pub trait Operator: Send + Sync {
    /// A unit that plays `role`.
    ///
    /// # Errors
    /// When the transform cannot play it.
    fn unit(&self, role: Role, spec: &UnitSpec<'_>) -> UnitResult<Box<dyn Unit>>;

    /// The codec of a collection that a runner put between the parts of this transform; `None` for
    /// a collection of the pipeline itself, whose codec the table knows.
    fn codec(&self, _role: Role, _edge: Edge<'_>) -> Option<Arc<dyn PortCodec>> {
        None
    }
}

/// A user's transform in the table.
#[derive(Clone)]
pub struct Function {
    /// Makes its units.
    pub operator: Arc<dyn Operator>,
    /// Where it was applied.
    pub applied_at: Place,
}

/// The user functions and element types of a pipeline, by the names that its proto uses.
#[derive(Clone, Default)]
pub struct FnTable {
    /// By the payload of the function's spec: the transform's unique name.
    pub functions: BTreeMap<String, Function>,
    /// By PCollection id.
    pub codecs: BTreeMap<String, Arc<dyn PortCodec>>,
    /// The window functions that no proto describes.
    pub window_fns: WindowFns,
}

impl FnTable {
    /// The window function of a windowing strategy, for runners that merge windows.
    ///
    /// # Errors
    /// When this program has none such, or its proto is malformed.
    pub fn window_fn(
        &self,
        spec: &purlin_proto::pipeline::FunctionSpec,
    ) -> UnitResult<WindowFunction> {
        self.window_fns.get(spec)
    }

    /// The function and role of a transform; `None` where its URN names no user function.
    ///
    /// # Errors
    /// When the payload is malformed, of another SDK, or names an unknown function.
    pub fn function(&self, transform: &PTransform) -> UnitResult<Option<(Role, &Function)>> {
        let Some(spec) = &transform.spec else { return Ok(None) };
        let Some(role) = Role::of_urn(&spec.urn) else { return Ok(None) };
        let payload = spec.payload.clone();
        let function = if role.is_combine() { combine_fn(payload) } else { do_fn(payload) }?;
        match self.functions.get(&function) {
            Some(found) => Ok(Some((role, found))),
            None => Err(Failure::new(format!(
                "this program has no transform named `{function}`: \
                 it must build the same graph each time it starts"
            ))),
        }
    }
}

fn do_fn(payload: Bytes) -> UnitResult<String> {
    let payload = ParDoPayload::decode(payload).map_err(|error| Failure::from_error(&error))?;
    name(payload.do_fn, DO_FN_URN)
}

fn combine_fn(payload: Bytes) -> UnitResult<String> {
    let payload = CombinePayload::decode(payload).map_err(|error| Failure::from_error(&error))?;
    name(payload.combine_fn, COMBINE_FN_URN)
}

fn name(spec: Option<purlin_proto::pipeline::FunctionSpec>, urn: &str) -> UnitResult<String> {
    let spec = spec.unwrap_or_default();
    if spec.urn != urn {
        return Err(Failure::new(format!("a function of URN `{}` is not ours to run", spec.urn)));
    }
    String::from_utf8(spec.payload.to_vec())
        .map_err(|_| Failure::new("the name of a function is not UTF-8"))
}
