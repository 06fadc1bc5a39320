//! What a pipeline's description says of stateful transforms.

use bytes::Bytes;
use purlin_proto::pipeline as proto;
use purlin_proto::pipeline::state_spec::Spec as StateKind;
use purlin_proto::urns::{requirements as urn, user_states};

use super::build::{Graph, NodeId, ParDoSpec, StatefulSpec};
use super::seal::{Sealing, unusable_key};
use crate::coders::timer::timer_coder;
use crate::error::Mistake;
use crate::exec::COMBINE_FN_URN;
use crate::state::{CellKind, CellSpec, EXPIRATION, TimeDomain};

impl Graph {
    /// Mistakes in a stateful transform that only the whole graph shows.
    pub(super) fn check_stateful(&self, id: NodeId, stateful: &StatefulSpec) -> Vec<Mistake> {
        let node = &self.nodes[id.0];
        let mut mistakes = stateful.specs.mistakes.clone();
        for input in self.main_inputs(id) {
            mistakes.extend(unusable_key(node, &self.collections[input.0]));
        }
        let is_streaming = self.collections.iter().any(|collection| !collection.is_bounded);
        if is_streaming && node.name.is_none() {
            mistakes.push(Mistake {
                message: "a stateful step of a streaming pipeline must be named explicitly: \
                          the numbers of unnamed steps move when the program is edited, and state \
                          would follow the wrong step"
                    .to_owned(),
                place: node.place.clone(),
                help: Some("call `.named(…)` on it".to_owned()),
            });
        }
        mistakes
    }
}

impl Sealing<'_> {
    /// Describes the state cells and timers of a transform.
    pub(super) fn stateful(
        &mut self,
        id: NodeId,
        stateful: &StatefulSpec,
        payload: &mut proto::ParDoPayload,
    ) {
        for cell in &stateful.specs.cells {
            let spec = self.state_spec(id, cell);
            payload.state_specs.insert(cell.name.to_owned(), spec);
        }
        for timer in &stateful.specs.timers {
            let family = self.timer_family(id, stateful, timer.domain);
            payload.timer_family_specs.insert(timer.name.to_owned(), family);
        }
        if stateful.has_on_window_expiration {
            let family = self.timer_family(id, stateful, TimeDomain::Event);
            payload.timer_family_specs.insert(EXPIRATION.to_owned(), family);
            EXPIRATION.clone_into(&mut payload.on_window_expiration_timer_family_spec);
        }
        payload.requires_time_sorted_input = stateful.requires_time_sorted_input;
        payload.requires_stable_input = stateful.requires_stable_input;
    }

    fn state_spec(&mut self, id: NodeId, cell: &CellSpec) -> proto::StateSpec {
        let (spec, protocol) = match &cell.kind {
            CellKind::Value(value) => {
                let spec = proto::ReadModifyWriteStateSpec { coder_id: self.coder(value) };
                (StateKind::ReadModifyWriteSpec(spec), user_states::BAG)
            }
            CellKind::Bag(element) => {
                let spec = proto::BagStateSpec { element_coder_id: self.coder(element) };
                (StateKind::BagSpec(spec), user_states::BAG)
            }
            CellKind::Combining(acc) => {
                let spec = proto::CombiningStateSpec {
                    accumulator_coder_id: self.coder(acc),
                    combine_fn: Some(self.function_spec(id, COMBINE_FN_URN)),
                };
                (StateKind::CombiningSpec(spec), user_states::BAG)
            }
            CellKind::Set(element) => {
                let spec = proto::SetStateSpec { element_coder_id: self.coder(element) };
                (StateKind::SetSpec(spec), user_states::MULTIMAP)
            }
            CellKind::Map(key, value) => {
                let (key_coder_id, value_coder_id) = (self.coder(key), self.coder(value));
                let spec = proto::MapStateSpec { key_coder_id, value_coder_id };
                (StateKind::MapSpec(spec), user_states::MULTIMAP)
            }
            CellKind::Multimap(key, value) => {
                let (key_coder_id, value_coder_id) = (self.coder(key), self.coder(value));
                let spec = proto::MultimapStateSpec { key_coder_id, value_coder_id };
                (StateKind::MultimapSpec(spec), user_states::MULTIMAP)
            }
            CellKind::OrderedList(element) => {
                let spec = proto::OrderedListStateSpec { element_coder_id: self.coder(element) };
                (StateKind::OrderedListSpec(spec), user_states::ORDERED_LIST)
            }
        };
        let protocol = proto::FunctionSpec { urn: protocol.to_owned(), payload: Bytes::new() };
        proto::StateSpec { spec: Some(spec), protocol: Some(protocol) }
    }

    fn timer_family(
        &mut self,
        id: NodeId,
        stateful: &StatefulSpec,
        domain: TimeDomain,
    ) -> proto::TimerFamilySpec {
        let mut inputs = self.graph.main_inputs(id);
        let windowing = inputs.next().map(|input| &self.graph.collections[input.0].windowing);
        let window = windowing.map(crate::window::WindowInto::window_coder);
        let time_domain = match domain {
            TimeDomain::Event => proto::time_domain::Enum::EventTime,
            TimeDomain::Processing => proto::time_domain::Enum::ProcessingTime,
        };
        let coder = timer_coder(stateful.key.clone(), window.unwrap_or_else(global_window));
        proto::TimerFamilySpec {
            time_domain: time_domain.into(),
            timer_family_coder_id: self.coder(&coder),
        }
    }
}

fn global_window() -> crate::coders::CoderSpec {
    crate::coders::CoderSpec::new(purlin_proto::urns::coders::GLOBAL_WINDOW, vec![])
}

/// What stateful transforms need from a runner.
pub(super) fn stateful_requirements<'a>(
    par_dos: impl Iterator<Item = &'a ParDoSpec>,
) -> Vec<String> {
    let all: Vec<_> = par_dos.filter_map(|par_do| par_do.stateful.as_ref()).collect();
    let any = |needs: fn(&StatefulSpec) -> bool| all.iter().any(|stateful| needs(stateful));
    let needs = [
        (!all.is_empty(), urn::REQUIRES_STATEFUL_PROCESSING),
        (any(|spec| spec.has_on_window_expiration), urn::REQUIRES_ON_WINDOW_EXPIRATION),
        (any(|spec| spec.requires_time_sorted_input), urn::REQUIRES_TIME_SORTED_INPUT),
        (any(|spec| spec.requires_stable_input), urn::REQUIRES_STABLE_INPUT),
    ];
    needs.into_iter().filter(|(needed, _)| *needed).map(|(_, urn)| urn.to_owned()).collect()
}
