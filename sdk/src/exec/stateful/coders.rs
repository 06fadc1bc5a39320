//! Checks that a runner knows state and timers by the coders that this program uses.

use std::time::Duration;

use purlin_proto::fn_execution::ProcessBundleDescriptor;
use purlin_proto::pipeline::state_spec::Spec;
use purlin_proto::pipeline::{
    BagStateSpec, CombiningStateSpec, MapStateSpec, MultimapStateSpec, OrderedListStateSpec,
    ParDoPayload, ReadModifyWriteStateSpec, SetStateSpec,
};

use crate::coders::CoderSpec;
use crate::coders::windowed::WindowCoder;
use crate::exec::Failure;
use crate::exec::port::{has_coder, main_input, window_coder};
use crate::exec::unit::{UnitResult, UnitSpec};
use crate::state::{CellKind, StateSpecs};

/// What a stateful transform's description says beside its declarations.
pub(super) struct Described {
    pub(super) windows: WindowCoder,
    pub(super) lateness: Duration,
    /// The timer family that says that a window ends.
    pub(super) expiration: Option<String>,
}

/// Reads the description of a stateful transform, which must agree with its declarations: a runner
/// that wraps coders which it does not know would otherwise misread every value.
pub(super) fn described(
    spec: &UnitSpec<'_>,
    specs: &StateSpecs,
    key: &CoderSpec,
) -> UnitResult<Described> {
    let payload = spec.transform.spec.clone().unwrap_or_default().payload;
    let payload: ParDoPayload = prost::Message::decode(payload)
        .map_err(|error: prost::DecodeError| Failure::from_error(&error))?;
    let (_, strategy) = main_input(spec)?;
    let windows = window_coder(spec.descriptor, &strategy.window_coder_id)?;
    check_cells(&payload, specs, spec.descriptor)?;
    check_timers(&payload, specs, (key, windows), spec.descriptor)?;
    let lateness = u64::try_from(strategy.allowed_lateness).unwrap_or_default();
    let expiration = Some(payload.on_window_expiration_timer_family_spec);
    Ok(Described {
        windows,
        lateness: Duration::from_millis(lateness),
        expiration: expiration.filter(|family| !family.is_empty()),
    })
}

fn check_cells(
    payload: &ParDoPayload,
    specs: &StateSpecs,
    descriptor: &ProcessBundleDescriptor,
) -> UnitResult {
    for cell in &specs.cells {
        let described = payload.state_specs.get(cell.name).and_then(|spec| spec.spec.as_ref());
        let agrees = described.is_some_and(|described| {
            let coders = coders(&cell.kind, described);
            let known = |(spec, id): &(&CoderSpec, &String)| has_coder(descriptor, id, spec);
            coders.is_some_and(|coders| coders.iter().all(known))
        });
        if !agrees {
            let name = cell.name;
            return Err(Failure::new(format!(
                "the runner knows the state cell `{name}` by other coders than this program"
            )));
        }
    }
    Ok(())
}

/// The coders of a cell beside the ids by which its description names them.
fn coders<'a>(kind: &'a CellKind, spec: &'a Spec) -> Option<Vec<(&'a CoderSpec, &'a String)>> {
    Some(match (kind, spec) {
        (
            CellKind::Value(value),
            Spec::ReadModifyWriteSpec(ReadModifyWriteStateSpec { coder_id }),
        ) => vec![(value, coder_id)],
        (CellKind::Bag(element), Spec::BagSpec(BagStateSpec { element_coder_id }))
        | (CellKind::Set(element), Spec::SetSpec(SetStateSpec { element_coder_id }))
        | (
            CellKind::OrderedList(element),
            Spec::OrderedListSpec(OrderedListStateSpec { element_coder_id }),
        ) => vec![(element, element_coder_id)],
        (
            CellKind::Combining(acc),
            Spec::CombiningSpec(CombiningStateSpec { accumulator_coder_id, .. }),
        ) => vec![(acc, accumulator_coder_id)],
        (
            CellKind::Map(key, value),
            Spec::MapSpec(MapStateSpec { key_coder_id, value_coder_id }),
        )
        | (
            CellKind::Multimap(key, value),
            Spec::MultimapSpec(MultimapStateSpec { key_coder_id, value_coder_id }),
        ) => vec![(key, key_coder_id), (value, value_coder_id)],
        _ => return None,
    })
}

fn check_timers(
    payload: &ParDoPayload,
    specs: &StateSpecs,
    (key, windows): (&CoderSpec, WindowCoder),
    descriptor: &ProcessBundleDescriptor,
) -> UnitResult {
    let declared = specs.timers.iter().map(|timer| timer.name);
    let expiration = &payload.on_window_expiration_timer_family_spec;
    let families = declared.chain((!expiration.is_empty()).then_some(expiration.as_str()));
    for family in families {
        let described = payload.timer_family_specs.get(family);
        let coder = described.and_then(|spec| descriptor.coders.get(&spec.timer_family_coder_id));
        let agrees = coder.is_some_and(|coder| match coder.component_coder_ids.as_slice() {
            [key_id, window_id] => {
                coder
                    .spec
                    .as_ref()
                    .is_some_and(|spec| spec.urn == purlin_proto::urns::coders::TIMER)
                    && has_coder(descriptor, key_id, key)
                    && window_coder(descriptor, window_id).is_ok_and(|known| known == windows)
            }
            _ => false,
        });
        if !agrees {
            return Err(Failure::new(format!(
                "the runner knows the timers `{family}` by another coder than this program"
            )));
        }
    }
    Ok(())
}
