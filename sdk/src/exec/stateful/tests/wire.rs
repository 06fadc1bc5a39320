//! A stateful function in a stage that is wired from a descriptor.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::Message;
use purlin_proto::fn_execution::{ProcessBundleDescriptor, RemoteGrpcPort};
use purlin_proto::pipeline::{Coder, FunctionSpec, PTransform};
use purlin_proto::urns::{coders, fn_api};

use super::{Sessionize, key, timer};
use crate::coders::windowed::{WindowCoder, put_stamp};
use crate::exec::stateful::testing::StateHost;
use crate::exec::testing::descriptor;
use crate::exec::{BundleProcessor, Chunk, ExecConfig, FnTable, Framing};
use crate::window::Stamp;
use crate::{Pipeline, Timestamp};

/// The stage of one stateful function between a read and a write node.
fn stage() -> (Arc<ProcessBundleDescriptor>, String, Arc<FnTable>) {
    let p = Pipeline::new();
    let none: Vec<(String, String)> = Vec::new();
    drop(p.create(none).par_do_stateful(Sessionize::new).named("Keep"));
    let sealed = p.seal().expect("the pipeline is right");
    let (whole, id) = descriptor(&sealed.pipeline, "Keep");
    let mut stage = (*whole).clone();
    let function = stage.transforms[&id].clone();
    stage.transforms = BTreeMap::from([(id.clone(), function.clone())]);
    let input = function.inputs.values().next().expect("one").clone();
    let output = function.outputs.values().next().expect("one").clone();
    add_port(&mut stage, "read", fn_api::DATA_SOURCE, &input);
    add_port(&mut stage, "write", fn_api::DATA_SINK, &output);
    (Arc::new(stage), id, sealed.table)
}

fn add_port(stage: &mut ProcessBundleDescriptor, id: &str, urn: &str, collection: &str) {
    let windows = stage.coders.iter().find(|(_, coder)| {
        coder.spec.as_ref().is_some_and(|spec| spec.urn == coders::GLOBAL_WINDOW)
    });
    let window = windows.expect("it is known").0.clone();
    let value = stage.pcollections[collection].coder_id.clone();
    let coder = Coder {
        spec: Some(FunctionSpec { urn: coders::WINDOWED_VALUE.to_owned(), payload: vec![].into() }),
        component_coder_ids: vec![value, window],
    };
    stage.coders.insert(format!("{id}-coder"), coder);
    let port = RemoteGrpcPort { coder_id: format!("{id}-coder"), ..RemoteGrpcPort::default() };
    let port_map = BTreeMap::from([("only".to_owned(), collection.to_owned())]);
    let is_read = urn == fn_api::DATA_SOURCE;
    let transform = PTransform {
        unique_name: id.to_owned(),
        spec: Some(FunctionSpec { urn: urn.to_owned(), payload: port.encode_to_vec().into() }),
        inputs: if is_read { BTreeMap::new() } else { port_map.clone() },
        outputs: if is_read { port_map } else { BTreeMap::new() },
        ..PTransform::default()
    };
    stage.transforms.insert(id.to_owned(), transform);
}

#[test]
fn elements_and_timers_come_from_outside_and_state_and_outputs_go_there() {
    let (descriptor, id, table) = stage();
    let mut processor = BundleProcessor::new(&descriptor, &table, &ExecConfig::default())
        .expect("the stage can be wired");
    let host = StateHost::default();
    processor.start_bundle(Box::new(host.clone())).expect("it starts");
    let mut data = Vec::new();
    let stamp = Stamp { timestamp: Timestamp(5), ..Stamp::default() };
    put_stamp(&mut data, &stamp, &WindowCoder::Global);
    data.extend_from_slice(&[&key("k")[..], &key("v")].concat());
    let framing = Framing::Each;
    let chunk = Chunk { data: data.into(), framing, count: 1, partition: None, index: None };
    processor.process("read", &chunk).expect("it processes");
    assert!(processor.finish_bundle().is_ok());
    let log = ["get first@016b", "append values@016b 0176", "append first@016b 05", "timers flush"];
    assert_eq!(host.log(), log);
    let set = host.timers();
    let fires = timer("k", "", Some((60_005, 60_005)));
    assert_eq!(set, [(id.clone(), "flush".to_owned(), fires.clone())]);

    processor.start_bundle(Box::new(host.clone())).expect("it starts");
    processor.process_timers(&id, "flush", &fires).expect("it fires");
    assert!(processor.finish_bundle().is_ok());
    let log = host.log();
    assert_eq!(log[0], "get values@016b");
    assert!(log.contains(&"emit 1 to write".to_owned()), "{log:?}");

    processor.start_bundle(Box::new(host)).expect("it starts");
    let failure = processor.process_timers("other", "flush", &fires).expect_err("there is none");
    assert_eq!(failure.causes, ["the stage has no transform `other`"]);
    let failure = processor.process_timers("write", "flush", &fires).expect_err("it has none");
    assert_eq!(failure.causes, ["there are no timers `flush`"]);
}
