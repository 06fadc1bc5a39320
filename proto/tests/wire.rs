//! Compares this crate's descriptors and URNs with those of Beam's Python SDK.

#![expect(clippy::unwrap_used, reason = "a failed test panics")]

mod python;

use std::{fs, path::Path};

use prost::Message;
use prost_types::{
    DescriptorProto, FileDescriptorProto, FileDescriptorSet, field_descriptor_proto,
};
use purlin_proto::{DESCRIPTOR_SET, constants, urns};

/// A table of names and URNs, as `urns::ALL` but with the constants.
type Names = Vec<(String, String)>;

/// A change, and what has to be in one of the differences that it makes.
type Change = (&'static str, fn(&mut FileDescriptorSet, &mut Names));

fn names() -> Names {
    let mut names: Names =
        urns::ALL.iter().map(|(name, urn)| ((*name).to_owned(), (*urn).to_owned())).collect();
    let mut add = |name: &str, value: String| names.push((format!("constants::{name}"), value));
    add("MIN_TIMESTAMP_MILLIS", constants::MIN_TIMESTAMP_MILLIS.to_string());
    add("MAX_TIMESTAMP_MILLIS", constants::MAX_TIMESTAMP_MILLIS.to_string());
    add(
        "GLOBAL_WINDOW_MAX_TIMESTAMP_MILLIS",
        constants::GLOBAL_WINDOW_MAX_TIMESTAMP_MILLIS.to_string(),
    );
    add("NO_ARTIFACTS_STAGED_TOKEN", constants::NO_ARTIFACTS_STAGED_TOKEN.to_owned());
    names
}

/// Writes what `wire.py compare` reads.
fn write(folder: &Path, set: &FileDescriptorSet, names: &Names) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("descriptors.bin"), set.encode_to_vec()).unwrap();
    let rows: String = names.iter().map(|(name, urn)| format!("{name}\t{urn}\n")).collect();
    fs::write(folder.join("names.tsv"), rows).unwrap();
}

fn set() -> FileDescriptorSet {
    FileDescriptorSet::decode(DESCRIPTOR_SET).unwrap()
}

#[test]
fn the_wire_is_beams() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &set(), &names());
    assert_eq!(python::wire("compare", &[folder.path()]), "");
}

#[test]
fn every_urn_is_there_once() {
    let mut names = names();
    let rows = names.len();
    names.sort();
    names.dedup_by(|a, b| a.0 == b.0);
    assert_eq!(names.len(), rows);
}

fn file<'a>(set: &'a mut FileDescriptorSet, name: &str) -> &'a mut FileDescriptorProto {
    set.file.iter_mut().find(|file| file.name().ends_with(name)).unwrap()
}

fn message<'a>(set: &'a mut FileDescriptorSet, name: &str) -> &'a mut DescriptorProto {
    let messages = set.file.iter_mut().flat_map(|file| &mut file.message_type);
    messages.into_iter().find(|message| message.name() == name).unwrap()
}

/// One change of each kind that the comparison has to see.
const CHANGES: &[Change] = &[
    ("v1.Coder.spec: here number 9", |set, _| message(set, "Coder").field[0].number = Some(9)),
    ("v1.Coder.spec: here missing", |set, _| drop(message(set, "Coder").field.remove(0))),
    ("v1.Coder.colour: here number 1", |set, _| {
        message(set, "Coder").field[0].name = Some("colour".to_owned());
    }),
    ("v1.StateRequest.id: here number 1, type 12", |set, _| {
        message(set, "StateRequest").field[0].set_type(field_descriptor_proto::Type::Bytes);
    }),
    ("v1.Pipeline.requirements: here number 4, type 9 , label 1", |set, _| {
        message(set, "Pipeline").field[3].set_label(field_descriptor_proto::Label::Optional);
    }),
    ("oneof none, optional False", |set, _| {
        let fields = &mut message(set, "StateRequest").field;
        fields.iter_mut().for_each(|field| field.oneof_index = None);
    }),
    ("v1.AtomicType.INT16: here number 22", |set, _| {
        file(set, "schema.proto").enum_type[0].value[2].number = Some(22);
    }),
    ("v1.Intruder: here message", |set, _| {
        let intruder =
            DescriptorProto { name: Some("Intruder".to_owned()), ..DescriptorProto::default() };
        file(set, "schema.proto").message_type.push(intruder);
    }),
    ("v1.FunctionSpec: here missing", |set, _| {
        let messages = &mut file(set, "beam_runner_api.proto").message_type;
        messages.retain(|message| message.name() != "FunctionSpec");
    }),
    ("v1.JobService/Prepare: here missing", |set, _| {
        drop(file(set, "beam_job_api.proto").service[0].method.remove(0));
    }),
    ("v1.JobService/Prepare: here stream True", |set, _| {
        file(set, "beam_job_api.proto").service[0].method[0].client_streaming = Some(true);
    }),
    ("beam_provision_api.proto: here missing", |set, _| {
        set.file.retain(|file| !file.name().ends_with("beam_provision_api.proto"));
    }),
    ("package beam", |set, _| file(set, "schema.proto").package = Some("beam".to_owned())),
    ("transforms::PAR_DO: here beam:pardo", |_, names| {
        let row = names.iter_mut().find(|row| row.0 == "transforms::PAR_DO").unwrap();
        "beam:pardo".clone_into(&mut row.1);
    }),
    ("coders::VARINT: here missing", |_, names| {
        names.retain(|row| row.0 != "coders::VARINT");
    }),
    ("coders::MORSE: here dot", |_, names| {
        names.push(("coders::MORSE".to_owned(), "dot".to_owned()));
    }),
];

#[test]
fn every_kind_of_difference_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let mut folders = Vec::new();
    for (index, (_, change)) in CHANGES.iter().enumerate() {
        let (mut set, mut names) = (set(), names());
        change(&mut set, &mut names);
        folders.push(folder.path().join(index.to_string()));
        write(&folders[index], &set, &names);
    }
    let output = python::wire("compare", &folders);
    for (folder, (expected, _)) in folders.iter().zip(CHANGES) {
        let start = format!("{}\t", folder.display());
        let reported: Vec<&str> =
            output.lines().filter_map(|line| line.strip_prefix(&start)).collect();
        assert!(
            reported.iter().any(|line| line.contains(expected)),
            "{expected:?} is not in {reported:?}",
        );
    }
}
