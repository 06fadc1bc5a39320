//! Builds pipeline protos by hand.

use std::collections::BTreeMap;

use prost::Message;
use purlin_proto::pipeline::{
    Coder, CombinePayload, Components, Environment, FunctionSpec, PCollection, PTransform,
    ParDoPayload, Pipeline, SideInput, StateSpec, TimerFamilySpec, Trigger, WindowingStrategy,
    is_bounded, trigger,
};
use purlin_proto::urns::{coders, transforms as urn, window_fns};

use super::invariants;
use crate::plan::{Plan, PlanOptions, plan};

/// A pipeline in the making. Collections have the ids of their transforms, with a `.` and the
/// local name of the output appended if that is not `out`.
pub(super) struct Builder {
    pub(super) pipeline: Pipeline,
    /// The windowing strategy of the collections that come next.
    pub(super) windowing: &'static str,
    /// The boundedness of the collections that come next.
    pub(super) is_bounded: bool,
    /// The environment of the transforms that come next.
    pub(super) environment: &'static str,
}

impl Builder {
    pub(super) fn new() -> Self {
        let mut builder = Self {
            pipeline: Pipeline { components: Some(Components::default()), ..Default::default() },
            windowing: "global",
            is_bounded: true,
            environment: "rust",
        };
        for (id, coder_urn) in [
            ("bytes", coders::BYTES),
            ("varint", coders::VARINT),
            ("pickle", "beam:coder:pickled_python:v1"),
            ("global_window", coders::GLOBAL_WINDOW),
            ("interval_window", coders::INTERVAL_WINDOW),
        ] {
            builder.coder(id, coder_urn, &[]);
        }
        builder.coder("kv", coders::KV, &["bytes", "varint"]);
        builder.coder("varints", coders::ITERABLE, &["varint"]);
        builder.coder("grouped", coders::KV, &["bytes", "varints"]);
        builder.coder("pickled_kv", coders::KV, &["pickle", "pickle"]);
        builder.strategy("global", window_fns::GLOBAL_WINDOWS, "global_window");
        builder.strategy("fixed", window_fns::FIXED_WINDOWS, "interval_window");
        builder.environment("rust", "worker");
        builder
    }

    pub(super) fn components(&mut self) -> &mut Components {
        self.pipeline.components.as_mut().unwrap()
    }

    pub(super) fn coder(&mut self, id: &str, coder_urn: &str, components: &[&str]) {
        let coder = Coder {
            spec: Some(spec(coder_urn, Vec::new())),
            component_coder_ids: components.iter().map(|id| (*id).to_owned()).collect(),
        };
        self.components().coders.insert(id.to_owned(), coder);
    }

    pub(super) fn strategy(&mut self, id: &str, window_fn: &str, window_coder: &str) {
        let strategy = WindowingStrategy {
            window_fn: Some(spec(window_fn, Vec::new())),
            window_coder_id: window_coder.to_owned(),
            ..Default::default()
        };
        self.components().windowing_strategies.insert(id.to_owned(), strategy);
    }

    pub(super) fn trigger(&mut self, id: &str, trigger: trigger::Trigger) {
        let strategy = self.components().windowing_strategies.get_mut(id).unwrap();
        strategy.trigger = Some(Trigger { trigger: Some(trigger) });
    }

    pub(super) fn environment(&mut self, id: &str, payload: &str) {
        let environment = Environment {
            urn: "beam:env:external:v1".to_owned(),
            payload: payload.to_owned().into(),
            ..Default::default()
        };
        self.components().environments.insert(id.to_owned(), environment);
    }

    pub(super) fn collection(&mut self, id: &str, coder: &str) {
        let bounded =
            if self.is_bounded { is_bounded::Enum::Bounded } else { is_bounded::Enum::Unbounded };
        let collection = PCollection {
            unique_name: id.to_owned(),
            coder_id: coder.to_owned(),
            is_bounded: bounded.into(),
            windowing_strategy_id: self.windowing.to_owned(),
            ..Default::default()
        };
        self.components().pcollections.insert(id.to_owned(), collection);
    }

    /// Adds a transform without touching its collections.
    pub(super) fn transform(
        &mut self,
        name: &str,
        spec: FunctionSpec,
        inputs: &[(&str, &str)],
        outputs: &[(&str, &str)],
    ) -> &mut PTransform {
        let is_runner = matches!(
            spec.urn.as_str(),
            urn::IMPULSE | urn::GROUP_BY_KEY | urn::FLATTEN | urn::RESHUFFLE | urn::TEST_STREAM
        );
        let transform = PTransform {
            unique_name: name.to_owned(),
            spec: Some(spec),
            inputs: pairs(inputs),
            outputs: pairs(outputs),
            environment_id: if is_runner { String::new() } else { self.environment.to_owned() },
            ..Default::default()
        };
        self.pipeline.root_transform_ids.push(name.to_owned());
        self.components().transforms.entry(name.to_owned()).insert_entry(transform).into_mut()
    }

    pub(super) fn impulse<'a>(&mut self, name: &'a str) -> &'a str {
        self.collection(name, "bytes");
        self.transform(name, spec(urn::IMPULSE, vec![]), &[], &[("out", name)]);
        name
    }

    /// A ParDo of keys and values.
    pub(super) fn par_do<'a>(&mut self, name: &'a str, input: &str) -> &'a str {
        self.par_do_with(name, input, "kv", &ParDoPayload::default())
    }

    pub(super) fn par_do_with<'a>(
        &mut self,
        name: &'a str,
        input: &str,
        coder: &str,
        payload: &ParDoPayload,
    ) -> &'a str {
        self.collection(name, coder);
        let spec = spec(urn::PAR_DO, payload.encode_to_vec());
        self.transform(name, spec, &[("in", input)], &[("out", name)]);
        name
    }

    /// A ParDo of keys and values with one side input.
    pub(super) fn with_side<'a>(&mut self, name: &'a str, input: &str, side: &str) -> &'a str {
        self.collection(name, "kv");
        let side_inputs = BTreeMap::from([("side".to_owned(), SideInput::default())]);
        let payload = ParDoPayload { side_inputs, ..Default::default() };
        let spec = spec(urn::PAR_DO, payload.encode_to_vec());
        self.transform(name, spec, &[("in", input), ("side", side)], &[("out", name)]);
        name
    }

    pub(super) fn group<'a>(&mut self, name: &'a str, input: &str) -> &'a str {
        self.collection(name, "grouped");
        self.transform(name, spec(urn::GROUP_BY_KEY, vec![]), &[("in", input)], &[("out", name)]);
        name
    }

    pub(super) fn reshuffle<'a>(&mut self, name: &'a str, input: &str) -> &'a str {
        self.collection(name, "kv");
        self.transform(name, spec(urn::RESHUFFLE, vec![]), &[("in", input)], &[("out", name)]);
        name
    }

    pub(super) fn combine<'a>(&mut self, name: &'a str, input: &str) -> &'a str {
        self.collection(name, "kv");
        let payload =
            CombinePayload { accumulator_coder_id: "bytes".to_owned(), ..Default::default() };
        let spec = spec(urn::COMBINE_PER_KEY, payload.encode_to_vec());
        self.transform(name, spec, &[("in", input)], &[("out", name)]);
        name
    }

    pub(super) fn flatten<'a>(&mut self, name: &'a str, inputs: &[&str]) -> &'a str {
        self.collection(name, "kv");
        let locals: Vec<String> = (0..inputs.len()).map(|index| index.to_string()).collect();
        let inputs: Vec<(&str, &str)> =
            locals.iter().map(String::as_str).zip(inputs.iter().copied()).collect();
        self.transform(name, spec(urn::FLATTEN, vec![]), &inputs, &[("out", name)]);
        name
    }

    /// Plans it and checks the plan's invariants.
    pub(super) fn plan(&self, options: &PlanOptions) -> Plan {
        let plan = plan(&self.pipeline, options).unwrap();
        invariants::check(&plan);
        plan
    }

    pub(super) fn explain(&self) -> String {
        self.plan(&PlanOptions::default()).explain()
    }

    /// Why it has no plan.
    pub(super) fn refusal(&self) -> String {
        plan(&self.pipeline, &PlanOptions::default()).unwrap_err().to_string()
    }
}

/// A payload with a bag of numbers and a timer of event time.
pub(super) fn stateful() -> ParDoPayload {
    use purlin_proto::pipeline::{BagStateSpec, state_spec::Spec, time_domain};
    let bag = BagStateSpec { element_coder_id: "varint".to_owned() };
    let state = StateSpec { spec: Some(Spec::BagSpec(bag)), ..Default::default() };
    let timer = TimerFamilySpec {
        time_domain: time_domain::Enum::EventTime.into(),
        timer_family_coder_id: "timer".to_owned(),
    };
    ParDoPayload {
        state_specs: BTreeMap::from([("bag".to_owned(), state)]),
        timer_family_specs: BTreeMap::from([("due".to_owned(), timer)]),
        ..Default::default()
    }
}

/// A payload of a splittable DoFn.
pub(super) fn splittable() -> ParDoPayload {
    ParDoPayload { restriction_coder_id: "bytes".to_owned(), ..Default::default() }
}

pub(super) fn spec(urn: &str, payload: Vec<u8>) -> FunctionSpec {
    FunctionSpec { urn: urn.to_owned(), payload: payload.into() }
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned())).collect()
}
