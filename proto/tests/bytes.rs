//! The bytes of messages: equal to those of Beam's Python SDK, and open to fields of the future.

#![expect(clippy::unwrap_used, reason = "a failed test panics")]

mod python;

use std::{collections::BTreeMap, fmt::Debug, fs, path::Path};

use prost::Message;
use purlin_proto::{
    fn_execution::{
        InstructionRequest, ProcessBundleDescriptor, ProcessBundleProgressResponse,
        ProcessBundleSplitRequest, instruction_request,
    },
    pipeline::{Coder, FunctionSpec, ParDoPayload, Pipeline, Schema},
};

/// Reads what Python wrote and writes it again, for Python to read; the message and both bytes.
fn again<M: Message + Default>(folder: &Path, name: &str) -> (M, Vec<u8>, Vec<u8>) {
    let theirs = fs::read(folder.join(format!("{name}.bin"))).unwrap();
    let message = M::decode(theirs.as_slice()).unwrap();
    let ours = message.encode_to_vec();
    fs::write(folder.join(format!("{name}.ours")), &ours).unwrap();
    (message, ours, theirs)
}

/// The same, and expects to have written the same bytes.
fn same<M: Message + Default + Debug>(folder: &Path, name: &str) -> M {
    let (message, ours, theirs) = again(folder, name);
    assert!(ours == theirs, "the bytes of {name} differ: {message:#?}");
    message
}

#[test]
fn bytes_are_those_of_python() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    python::wire("samples", &[folder]);

    // Python sorts a key after the longer ones that begin with it, so only the length is the same.
    let (pipeline, ours, theirs) = again::<Pipeline>(folder, "pipeline");
    assert!(pipeline.components.unwrap().transforms.len() > 5);
    assert_eq!(ours.len(), theirs.len());
    let stage: ProcessBundleDescriptor = same(folder, "stage");
    assert!(stage.pcollections.keys().eq(["a", "m", "z", "é"]));
    let request: InstructionRequest = same(folder, "request");
    let Some(instruction_request::Request::ProcessBundle(bundle)) = request.request else {
        panic!("not a bundle: {request:?}");
    };
    assert_eq!(bundle.elements.unwrap().data[0].data.len(), 256);
    let split: ProcessBundleSplitRequest = same(folder, "split");
    assert_eq!(split.desired_splits["read"].estimated_input_elements, i64::MIN);
    let progress: ProcessBundleProgressResponse = same(folder, "progress");
    assert_eq!(progress.consuming_received_data, Some(false));
    let schema: Schema = same(folder, "schema");
    assert_eq!(schema.fields[0].name, "xs");

    let (exceptions, ours, theirs) = again::<ParDoPayload>(folder, "exceptions");
    assert!(exceptions.side_inputs.contains_key(""));
    assert!(ours != theirs, "the crate's documentation names exceptions that are gone");

    assert_eq!(python::wire("reread", &[folder]), "");
    fs::write(folder.join("schema.ours"), Schema::default().encode_to_vec()).unwrap();
    assert_eq!(python::wire("reread", &[folder]), "schema\n");
}

/// A coder, and with a field that does not exist: number 1000, wire type 2, three bytes.
fn coder() -> (Coder, Vec<u8>) {
    let spec = FunctionSpec { urn: "beam:coder:kv:v1".to_owned(), payload: "p".into() };
    let coder = Coder { spec: Some(spec), component_coder_ids: vec!["a".to_owned()] };
    let mut bytes = vec![0xc2, 0x3e, 3, 1, 2, 3];
    bytes.extend(coder.encode_to_vec());
    bytes.extend([0xc2, 0x3e, 3, 4, 5, 6]);
    (coder, bytes)
}

#[test]
fn unknown_fields_are_ignored() {
    let (coder, bytes) = coder();
    assert_eq!(Coder::decode(bytes.as_slice()).unwrap(), coder);
}

#[test]
fn unknown_members_of_a_oneof_are_ignored() {
    // As a request of the future: an instruction id, and member 1099, empty.
    let bytes = [0x0a, 1, b'9', 0xda, 0x44, 0];
    let request = InstructionRequest::decode(bytes.as_slice()).unwrap();
    assert_eq!((request.instruction_id.as_str(), request.request), ("9", None));
}

#[test]
fn unknown_fields_inside_of_maps_are_ignored() {
    let (coder, bytes) = coder();
    let mut entry = vec![0x0a, 1, b'k', 0x12, u8::try_from(bytes.len()).unwrap()];
    entry.extend(bytes);
    let mut stage = vec![0x2a, u8::try_from(entry.len()).unwrap()];
    stage.extend(entry);
    let stage = ProcessBundleDescriptor::decode(stage.as_slice()).unwrap();
    assert_eq!(stage.coders, BTreeMap::from([("k".to_owned(), coder)]));
}

#[test]
fn equal_maps_have_equal_bytes() {
    let stage = |names: [&str; 3]| ProcessBundleDescriptor {
        coders: names.map(|name| (name.to_owned(), coder().0)).into(),
        ..ProcessBundleDescriptor::default()
    };
    assert_eq!(stage(["a", "b", "c"]).encode_to_vec(), stage(["c", "a", "b"]).encode_to_vec());
}
