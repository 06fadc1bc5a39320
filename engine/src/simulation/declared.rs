//! What the function with state declares.

use std::collections::BTreeMap;

use purlin_proto::pipeline::{FunctionSpec, ParDoPayload, StateSpec, TimerFamilySpec, time_domain};
use purlin_proto::urns::user_states;

use super::program::Family;

/// The families in the order of their names; those of the engine come after.
pub(super) const FAMILIES: [Family; 2] = [Family::Event, Family::Processing];
/// That by which it is told that a window expires.
pub(super) const ON_EXPIRY: &str = "expiring";

/// What the function asks for.
#[derive(Clone, Copy)]
pub(super) struct Needs {
    /// To be told of windows that expire.
    pub(super) is_told: bool,
    /// To get its elements in the order of their timestamps.
    pub(super) is_sorted: bool,
}

/// The declarations of the function.
pub(super) fn payload(Needs { is_told, is_sorted }: Needs) -> ParDoPayload {
    let state = |urn: &str| StateSpec {
        protocol: Some(FunctionSpec { urn: urn.to_owned(), ..FunctionSpec::default() }),
        ..StateSpec::default()
    };
    let family = |domain: time_domain::Enum| TimerFamilySpec {
        time_domain: domain.into(),
        ..TimerFamilySpec::default()
    };
    let (bag, map) = (user_states::BAG, user_states::MULTIMAP);
    let cells = [("count", bag), ("bag", bag), ("map", map), ("list", user_states::ORDERED_LIST)];
    let mut families = BTreeMap::from([
        ("event".to_owned(), family(time_domain::Enum::EventTime)),
        ("processing".to_owned(), family(time_domain::Enum::ProcessingTime)),
    ]);
    if is_told {
        families.insert(ON_EXPIRY.to_owned(), family(time_domain::Enum::EventTime));
    }
    ParDoPayload {
        state_specs: cells.map(|(name, urn)| (name.to_owned(), state(urn))).into(),
        timer_family_specs: families,
        on_window_expiration_timer_family_spec: if is_told { ON_EXPIRY } else { "" }.to_owned(),
        requires_time_sorted_input: is_sorted,
        ..ParDoPayload::default()
    }
}
