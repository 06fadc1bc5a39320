//! What the planner must know about a transform of an SDK.

use std::collections::BTreeMap;

use prost::Message;
use purlin_proto::pipeline::{FunctionSpec, PTransform, ParDoPayload, SideInput};
use purlin_proto::urns::{side_inputs, transforms as urn};

use super::error::{PlanError, Result};
use super::graph::{place, urn as urn_of};
use super::payload::is_combine_part;

/// What a transform's payload says about how it may be executed.
#[derive(Clone, Default, Debug)]
pub(super) struct Traits {
    /// By the local names of inputs.
    pub(super) side_inputs: BTreeMap<String, SideTraits>,
    /// Whether it must be the first transform of its stage.
    pub(super) is_root: bool,
    /// Whether nothing is known about it, so that it must be alone in its stage.
    pub(super) is_alone: bool,
    /// Whether it has state or timers, so that all elements of a key must go one way.
    pub(super) is_keyed: bool,
    /// Whether its input holds restrictions, and residuals return to it.
    pub(super) is_splittable: bool,
    /// Whether it may ask to be called once a bundle is durable.
    pub(super) finalizes: bool,
    /// The coder of restrictions of a splittable DoFn that is not expanded yet.
    pub(super) restriction_coder_id: Option<String>,
}

/// What a payload says of a side input.
#[derive(Clone, Default, Debug)]
pub(super) struct SideTraits {
    /// Whether its elements are looked up by key.
    pub(super) is_by_key: bool,
    /// How the SDK calls what finds the window that elements see.
    pub(super) mapping: FunctionSpec,
}

/// Whether the transform's payload is a `ParDoPayload`.
pub(super) fn is_par_do(transform_urn: &str) -> bool {
    matches!(
        transform_urn,
        urn::PAR_DO
            | urn::PAIR_WITH_RESTRICTION
            | urn::SPLIT_AND_SIZE_RESTRICTIONS
            | urn::TRUNCATE_SIZED_RESTRICTION
            | urn::PROCESS_SIZED_ELEMENTS_AND_RESTRICTIONS
    )
}

/// Whether every SDK executes transforms of this URN, one element after the other, so that they
/// can be fused.
pub(super) fn is_sdk_primitive(transform_urn: &str) -> bool {
    is_par_do(transform_urn)
        || is_combine_part(transform_urn)
        || matches!(
            transform_urn,
            urn::ASSIGN_WINDOWS | urn::MAP_WINDOWS | urn::MERGE_WINDOWS | urn::TO_STRING
        )
}

/// Decodes the payload of a ParDo or of a part of one.
pub(crate) fn par_do_payload(id: &str, transform: &PTransform) -> Result<ParDoPayload> {
    let payload = transform.spec.clone().unwrap_or_default().payload;
    ParDoPayload::decode(payload).map_err(|error| {
        let place = place(id, transform);
        PlanError::malformed(format!("the payload of {place} is no `ParDoPayload`: {error}"))
    })
}

impl SideTraits {
    fn of(side: SideInput) -> Self {
        let pattern = side.access_pattern;
        Self {
            is_by_key: pattern.is_some_and(|pattern| pattern.urn == side_inputs::MULTIMAP),
            mapping: side.window_mapping_fn.unwrap_or_default(),
        }
    }
}

impl Traits {
    /// Reads them from the transform's URN and payload.
    pub(super) fn of(id: &str, transform: &PTransform) -> Result<Self> {
        let transform_urn = urn_of(transform);
        if is_par_do(transform_urn) {
            return Ok(Self::of_par_do(transform_urn, par_do_payload(id, transform)?));
        }
        // A Flatten only comes here when a pass made it: it runs inside a stage.
        let is_known = is_sdk_primitive(transform_urn) || transform_urn == urn::FLATTEN;
        Ok(Self { is_root: !is_known, is_alone: !is_known, ..Self::default() })
    }

    fn of_par_do(transform_urn: &str, payload: ParDoPayload) -> Self {
        let is_whole = transform_urn == urn::PAR_DO;
        let is_splittable = transform_urn == urn::PROCESS_SIZED_ELEMENTS_AND_RESTRICTIONS;
        let is_keyed =
            is_whole && !(payload.state_specs.is_empty() && payload.timer_family_specs.is_empty());
        let wants_special_input =
            is_whole && (payload.requires_time_sorted_input || payload.requires_stable_input);
        let side_inputs = payload.side_inputs.into_iter();
        let is_sdf = is_whole && !payload.restriction_coder_id.is_empty();
        Self {
            side_inputs: side_inputs.map(|(name, side)| (name, SideTraits::of(side))).collect(),
            is_root: is_splittable || is_keyed || wants_special_input,
            is_alone: false,
            is_keyed,
            is_splittable,
            finalizes: payload.requests_finalization && (is_whole || is_splittable),
            restriction_coder_id: is_sdf.then_some(payload.restriction_coder_id),
        }
    }
}
