//! What holds for every plan.

use std::collections::BTreeSet;

use prost::Message;
use purlin_proto::fn_execution::{ProcessBundleDescriptor, RemoteGrpcPort};
use purlin_proto::urns::fn_api;

use crate::plan::explain::ends;
use crate::plan::{CollectionId, Plan, SdkStage, StageId, StageKind};

pub(super) fn check(plan: &Plan) {
    for (index, stage) in plan.stages.iter().enumerate() {
        assert_eq!(stage.id, StageId(index), "stages are numbered by position");
        let (_, inputs, outputs) = ends(&stage.kind);
        for input in inputs {
            check_input(plan, stage.id, input);
            assert!(plan.collections[input.0].consumers.contains(&stage.id));
        }
        for output in outputs {
            assert!(plan.collections[output.0].producers.contains(&stage.id));
        }
        if let StageKind::Sdk(sdk) = &stage.kind {
            for side_input in &sdk.side_inputs {
                check_input(plan, stage.id, side_input.collection);
                let collection = &plan.collections[side_input.collection.0];
                assert!(collection.side_consumers.contains(&stage.id));
            }
            check_sdk_stage(plan, sdk);
        }
    }
    for collection in &plan.collections {
        assert!(!collection.producers.is_empty(), "`{}` has no producer", collection.id);
        assert!(collection.coders.contains_key(&collection.coder_id));
        assert!(collection.coders.contains_key(&collection.windowed_coder_id));
        assert!(collection.coders.contains_key(&collection.windowing.window_coder_id));
    }
    check_ids(plan);
}

/// All producers come before the stage. This makes the plan topologically ordered, and keeps a
/// stage from feeding its own side input, directly or not.
fn check_input(plan: &Plan, stage: StageId, input: CollectionId) {
    for producer in &plan.collections[input.0].producers {
        assert!(*producer < stage, "stage {} reads what it or a later stage makes", stage.0);
    }
}

fn check_ids(plan: &Plan) {
    let ids: BTreeSet<&String> = plan.collections.iter().map(|collection| &collection.id).collect();
    assert_eq!(ids.len(), plan.collections.len(), "collections have one place each");
}

fn check_sdk_stage(plan: &Plan, sdk: &SdkStage) {
    let descriptor = &sdk.descriptor;
    let id_of = |id: CollectionId| plan.collections[id.0].id.as_str();
    check_port(plan, descriptor, &sdk.source, sdk.input, fn_api::DATA_SOURCE);
    for (sink, output) in &sdk.outputs {
        check_port(plan, descriptor, sink, *output, fn_api::DATA_SINK);
    }
    for side_input in &sdk.side_inputs {
        let transform = &descriptor.transforms[&side_input.transform_id];
        let collection = &transform.inputs[&side_input.local_name];
        assert_eq!(collection, id_of(side_input.collection));
    }
    check_wiring(descriptor, &sdk.side_inputs.iter().map(|it| id_of(it.collection)).collect());
    check_closure(descriptor);
}

fn check_port(
    plan: &Plan,
    descriptor: &ProcessBundleDescriptor,
    id: &str,
    collection: CollectionId,
    urn: &str,
) {
    let transform = &descriptor.transforms[id];
    let spec = transform.spec.as_ref().unwrap();
    assert_eq!(spec.urn, urn);
    let port = RemoteGrpcPort::decode(spec.payload.clone()).unwrap();
    let collection = &plan.collections[collection.0];
    assert_eq!(port.coder_id, collection.windowed_coder_id);
    assert!(descriptor.coders.contains_key(&port.coder_id));
    let mut ids = transform.inputs.values().chain(transform.outputs.values());
    assert_eq!(ids.next(), Some(&collection.id));
    let in_stage = &descriptor.pcollections[&collection.id];
    assert_eq!(in_stage.coder_id, collection.coder_id, "a collection has one coder everywhere");
}

/// Within a stage every collection has one producer, unless it is a side input only.
fn check_wiring(descriptor: &ProcessBundleDescriptor, side_inputs: &BTreeSet<&str>) {
    let mut made = BTreeSet::new();
    for id in descriptor.transforms.values().flat_map(|transform| transform.outputs.values()) {
        assert!(made.insert(id), "`{id}` has two producers in a stage");
    }
    for id in descriptor.transforms.values().flat_map(|transform| transform.inputs.values()) {
        assert!(made.contains(id) || side_inputs.contains(id.as_str()), "nothing feeds `{id}`");
    }
}

fn check_closure(descriptor: &ProcessBundleDescriptor) {
    for transform in descriptor.transforms.values() {
        for id in transform.inputs.values().chain(transform.outputs.values()) {
            assert!(descriptor.pcollections.contains_key(id), "lacks collection `{id}`");
        }
        let environment = &transform.environment_id;
        assert!(environment.is_empty() || descriptor.environments.contains_key(environment));
    }
    for collection in descriptor.pcollections.values() {
        assert!(descriptor.coders.contains_key(&collection.coder_id));
        let strategy = &descriptor.windowing_strategies[&collection.windowing_strategy_id];
        assert!(descriptor.coders.contains_key(&strategy.window_coder_id));
    }
    for id in descriptor.coders.values().flat_map(|coder| &coder.component_coder_ids) {
        assert!(descriptor.coders.contains_key(id), "lacks coder `{id}`");
    }
}
