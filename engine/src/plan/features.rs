//! What a plan needs of its runner beyond the plain model, so that a runner can refuse it by name
//! before the first element.

use std::collections::BTreeSet;

use purlin_proto::fn_execution::ProcessBundleDescriptor;
use purlin_proto::pipeline::{
    PTransform, ParDoPayload, WindowingStrategy, accumulation_mode, merge_status, state_spec::Spec,
    time_domain, trigger,
};
use purlin_proto::urns::{fn_api, transforms as urn, user_states, window_fns};

use super::graph::urn as urn_of;
use super::traits::{is_par_do, is_sdk_primitive, par_do_payload};
use super::{CollectionId, Plan, SdkStage, StageKind};

/// A feature of the model, and who needs it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Feature {
    /// One of the names in [`feature`](super::feature).
    pub name: &'static str,
    /// The unique name of the transform that needs it.
    pub transform: String,
}

/// The names of features, in Beam's words.
pub mod feature {
    /// A ParDo with state.
    pub const STATEFUL: &str = "stateful processing";
    /// State kept as a list in the order of timestamps.
    pub const ORDERED_LIST_STATE: &str = "ordered list state";
    /// State kept as a map, set or multimap.
    pub const MULTIMAP_STATE: &str = "multimap state";
    /// A ParDo with timers of event time.
    pub const EVENT_TIMERS: &str = "event-time timers";
    /// A ParDo with timers of processing time.
    pub const PROCESSING_TIMERS: &str = "processing-time timers";
    /// A ParDo whose elements come in the order of their timestamps.
    pub const TIME_SORTED_INPUT: &str = "time-sorted input";
    /// A ParDo that sees the same elements again when it is retried.
    pub const STABLE_INPUT: &str = "stable input";
    /// A ParDo that is called when a window is dropped.
    pub const ON_WINDOW_EXPIRATION: &str = "on window expiration";
    /// A ParDo that is called when its bundle is durable.
    pub const BUNDLE_FINALIZATION: &str = "bundle finalization";
    /// A splittable DoFn.
    pub const SPLITTABLE: &str = "splittable DoFn";
    /// A side input of any kind.
    pub const SIDE_INPUT: &str = "side input";
    /// A side input that does not end.
    pub const UNBOUNDED_SIDE_INPUT: &str = "unbounded side input";
    /// A side input that is windowed.
    pub const WINDOWED_SIDE_INPUT: &str = "windowed side input";
    /// Grouping of what does not end.
    pub const UNBOUNDED_GROUPING: &str = "unbounded grouping";
    /// Grouping with a trigger other than the default one.
    pub const TRIGGERS: &str = "non-default triggers";
    /// Grouping whose panes contain those before.
    pub const ACCUMULATING: &str = "accumulating panes";
    /// Grouping whose panes take back those before.
    pub const RETRACTING: &str = "retracting panes";
    /// Grouping with windows that merge, such as sessions.
    pub const MERGING_WINDOWS: &str = "merging windows";
    /// Grouping with windows of a user's function.
    pub const CUSTOM_WINDOWS: &str = "custom windows";
    /// Grouping of elements behind the watermark.
    pub const ALLOWED_LATENESS: &str = "allowed lateness";
    /// A source that is scripted by a test.
    pub const TEST_STREAM: &str = "TestStream";
    /// A transform that neither the planner nor Beam's model knows.
    pub const UNKNOWN_TRANSFORM: &str = "unknown transform";
}

/// What the planner itself puts into stages.
const IN_EVERY_STAGE: &[&str] = &[fn_api::DATA_SOURCE, fn_api::DATA_SINK, urn::FLATTEN];

/// What the plan needs, each pair of feature and transform once, sorted.
pub(super) fn features(plan: &Plan) -> Vec<Feature> {
    let mut found = Found { plan, features: BTreeSet::new() };
    for stage in &plan.stages {
        match &stage.kind {
            StageKind::GroupByKey { input, .. } => found.grouping(&stage.name, *input),
            StageKind::TestStream { .. } => found.add(feature::TEST_STREAM, &stage.name, true),
            StageKind::Sdk(sdk) => found.sdk_stage(sdk),
            StageKind::Impulse { .. } | StageKind::Reshuffle { .. } | StageKind::Flatten { .. } => {
            }
        }
    }
    found.features.into_iter().collect()
}

struct Found<'a> {
    plan: &'a Plan,
    features: BTreeSet<Feature>,
}

impl Found<'_> {
    fn add(&mut self, name: &'static str, transform: &str, is_needed: bool) {
        if is_needed {
            self.features.insert(Feature { name, transform: transform.to_owned() });
        }
    }

    fn grouping(&mut self, transform: &str, input: CollectionId) {
        let collection = &self.plan.collections[input.0];
        let windowing = &collection.windowing;
        self.add(feature::UNBOUNDED_GROUPING, transform, !collection.is_bounded);
        self.windowing(transform, windowing);
        let mode = windowing.accumulation_mode();
        self.add(feature::TRIGGERS, transform, !has_default_trigger(windowing));
        self.add(feature::ALLOWED_LATENESS, transform, windowing.allowed_lateness > 0);
        self.add(feature::ACCUMULATING, transform, mode == accumulation_mode::Enum::Accumulating);
        self.add(feature::RETRACTING, transform, mode == accumulation_mode::Enum::Retracting);
    }

    fn windowing(&mut self, transform: &str, windowing: &WindowingStrategy) {
        let window_fn = window_fn_urn(windowing);
        let is_merging = windowing.merge_status() == merge_status::Enum::NeedsMerge;
        self.add(feature::MERGING_WINDOWS, transform, is_merging);
        self.add(feature::CUSTOM_WINDOWS, transform, !is_model_window_fn(window_fn));
    }

    fn sdk_stage(&mut self, stage: &SdkStage) {
        let descriptor: &ProcessBundleDescriptor = &stage.descriptor;
        for (id, transform) in &descriptor.transforms {
            if is_par_do(urn_of(transform)) {
                // The planner has decoded it before.
                if let Ok(payload) = par_do_payload(id, transform) {
                    self.par_do(transform, &payload);
                }
            } else {
                let urn = urn_of(transform);
                let is_known = is_sdk_primitive(urn) || IN_EVERY_STAGE.contains(&urn);
                self.add(feature::UNKNOWN_TRANSFORM, &transform.unique_name, !is_known);
            }
        }
        for side_input in &stage.side_inputs {
            let transform = descriptor.transforms.get(&side_input.transform_id);
            let name = transform.map_or("", |transform| &transform.unique_name);
            self.side_input(name, side_input.collection);
        }
    }

    fn side_input(&mut self, transform: &str, id: CollectionId) {
        let collection = &self.plan.collections[id.0];
        let window_fn = window_fn_urn(&collection.windowing);
        self.add(feature::SIDE_INPUT, transform, true);
        self.add(feature::UNBOUNDED_SIDE_INPUT, transform, !collection.is_bounded);
        let is_windowed = window_fn != window_fns::GLOBAL_WINDOWS;
        self.add(feature::WINDOWED_SIDE_INPUT, transform, is_windowed);
        self.add(feature::CUSTOM_WINDOWS, transform, !is_model_window_fn(window_fn));
    }

    fn par_do(&mut self, transform: &PTransform, payload: &ParDoPayload) {
        let name = transform.unique_name.as_str();
        let is_splittable = urn_of(transform) == urn::PROCESS_SIZED_ELEMENTS_AND_RESTRICTIONS;
        self.add(feature::SPLITTABLE, name, is_splittable);
        // The other parts of a splittable DoFn carry its payload but do nothing of this.
        if urn_of(transform) != urn::PAR_DO && !is_splittable {
            return;
        }
        self.add(feature::BUNDLE_FINALIZATION, name, payload.requests_finalization);
        self.add(feature::TIME_SORTED_INPUT, name, payload.requires_time_sorted_input);
        self.add(feature::STABLE_INPUT, name, payload.requires_stable_input);
        let expires = !payload.on_window_expiration_timer_family_spec.is_empty();
        self.add(feature::ON_WINDOW_EXPIRATION, name, expires);
        self.add(feature::STATEFUL, name, !payload.state_specs.is_empty());
        for spec in payload.state_specs.values() {
            let protocol = spec.protocol.as_ref().map_or("", |protocol| protocol.urn.as_str());
            let is_list = matches!(spec.spec, Some(Spec::OrderedListSpec(_)))
                || protocol == user_states::ORDERED_LIST;
            let is_multimap = matches!(
                spec.spec,
                Some(Spec::MapSpec(_) | Spec::SetSpec(_) | Spec::MultimapSpec(_))
            ) || protocol == user_states::MULTIMAP;
            self.add(feature::ORDERED_LIST_STATE, name, is_list);
            self.add(feature::MULTIMAP_STATE, name, is_multimap);
        }
        for spec in payload.timer_family_specs.values() {
            let is_processing = spec.time_domain() == time_domain::Enum::ProcessingTime;
            self.add(feature::PROCESSING_TIMERS, name, is_processing);
            self.add(feature::EVENT_TIMERS, name, !is_processing);
        }
    }
}

fn window_fn_urn(windowing: &WindowingStrategy) -> &str {
    windowing.window_fn.as_ref().map_or("", |window_fn| &window_fn.urn)
}

fn is_model_window_fn(urn: &str) -> bool {
    matches!(
        urn,
        window_fns::GLOBAL_WINDOWS
            | window_fns::FIXED_WINDOWS
            | window_fns::SLIDING_WINDOWS
            | window_fns::SESSION_WINDOWS
    )
}

fn has_default_trigger(windowing: &WindowingStrategy) -> bool {
    let trigger = windowing.trigger.as_ref().and_then(|trigger| trigger.trigger.as_ref());
    matches!(trigger, None | Some(trigger::Trigger::Default(_)))
}
