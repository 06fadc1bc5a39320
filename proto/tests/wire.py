"""Compares descriptors and URNs with Beam's own, and writes messages as Beam's Python SDK does.

    wire.py compare DIR...   one line "DIR<tab>difference" for each difference; each DIR has
                             descriptors.bin, a FileDescriptorSet, and names.tsv, the URN table
    wire.py samples DIR      writes NAME.bin into DIR for each sample message
    wire.py reread DIR       the NAMEs whose NAME.ours in DIR is not the message of NAME.bin
"""

import importlib
import pathlib
import sys

from google.protobuf import descriptor_pb2

import apache_beam.portability.api as api
import samples

MODEL = "org/apache/beam/model/"
# Beam's packages that Purlin speaks. The rest is for notebooks (`interactive`).
PACKAGES = ["fn_execution/v1", "job_management/v1", "pipeline/v1"]

# Where the URNs of an enum's values are in Purlin. An enum that is not listed goes by its own
# name, so that it is reported as missing.
GROUPS = {
    "Annotations.Enum": "annotations",
    "BeamConstants.Constants": "constants",
    "CommitManifestResponse.Constants": "constants",
    "ExpansionMethods.Enum": "expansion_methods",
    "FnApiTransforms.Runner": "fn_api",
    "LogicalTypes.Enum": "logical_types",
    "ManagedTransforms.Urns": "managed",
    "MonitoringInfo.MonitoringInfoLabels": "metric_labels",
    "MonitoringInfoSpecs.Enum": "metrics",
    "MonitoringInfoTypeUrns.Enum": "metric_types",
    "StandardArtifacts.Roles": "artifacts",
    "StandardArtifacts.Types": "artifacts",
    "StandardCoders.Enum": "coders",
    "StandardDisplayData.DisplayData": "display_data",
    "StandardEnvironments.Environments": "environments",
    "StandardPTransforms.CombineComponents": "transforms",
    "StandardPTransforms.Composites": "transforms",
    "StandardPTransforms.DeprecatedPrimitives": "transforms",
    "StandardPTransforms.GroupIntoBatchesComponents": "transforms",
    "StandardPTransforms.Primitives": "transforms",
    "StandardPTransforms.SplittableParDoComponents": "transforms",
    "StandardProtocols.Enum": "protocols",
    "StandardRequirements.Enum": "requirements",
    "StandardResourceHints.Enum": "resource_hints",
    "StandardRunnerProtocols.Enum": "runner_protocols",
    "StandardSideInputTypes.Enum": "side_inputs",
    "StandardUserStateTypes.Enum": "user_states",
}


def beam_files():
    """The descriptor of every file of Beam's model, found in the installed package."""
    root = pathlib.Path(api.__file__).parent
    modules = []
    for package in PACKAGES:
        for path in sorted((root / MODEL / package).glob("*_pb2.py")):
            name = ".".join(path.relative_to(root).with_suffix("").parts)
            modules.append(importlib.import_module(f"{api.__name__}.{name}"))
    # Only now: an option is understood once the module that declares it is there.
    files = []
    for module in modules:
        file = descriptor_pb2.FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        files.append(descriptor_pb2.FileDescriptorProto.FromString(file.SerializeToString()))
    return files


def nested(message, name):
    """The message and all messages inside of it, each with its full name."""
    yield name, message
    for inner in message.nested_type:
        yield from nested(inner, f"{name}.{inner.name}")


def messages(file):
    for message in file.message_type:
        yield from nested(message, f".{file.package}.{message.name}")


def enums(file):
    for enum in file.enum_type:
        yield f".{file.package}.{enum.name}", enum
    for name, message in messages(file):
        for enum in message.enum_type:
            yield f"{name}.{enum.name}", enum


def facts(files):
    """Everything that matters on the wire, from what is described to how."""
    found = {}
    for file in files:
        found[f"file {file.name}"] = f"{file.syntax}, package {file.package}"
        for name, message in messages(file):
            is_map = message.options.map_entry
            found[f"message {name}"] = f"{'map entry' if is_map else 'message'} in {file.name}"
            for field in message.field:
                oneof = "none"
                if field.HasField("oneof_index"):
                    oneof = message.oneof_decl[field.oneof_index].name
                found[f"field {name}.{field.name}"] = (
                    f"number {field.number}, type {field.type} {field.type_name}, "
                    f"label {field.label}, oneof {oneof}, optional {field.proto3_optional}, "
                    f"packed {field.options.packed if field.options.HasField('packed') else None}"
                )
        for name, enum in enums(file):
            found[f"enum {name}"] = f"enum in {file.name}"
            for value in enum.value:
                found[f"enum value {name}.{value.name}"] = f"number {value.number}"
        for service in file.service:
            for rpc in service.method:
                found[f"rpc {file.package}.{service.name}/{rpc.name}"] = (
                    f"stream {rpc.client_streaming} of {rpc.input_type}, "
                    f"stream {rpc.server_streaming} of {rpc.output_type}"
                )
    return found


def names(files):
    """Every URN and constant in the options of enum values, by its name in Purlin."""
    beam = importlib.import_module(f"{api.__name__}.org.apache.beam.model.pipeline.v1.metrics_pb2")
    urns = importlib.import_module(
        f"{api.__name__}.org.apache.beam.model.pipeline.v1.beam_runner_api_pb2"
    )
    found = {}
    for file in files:
        for full, enum in enums(file):
            short = full.removeprefix(f".{file.package}.")
            for value in enum.value:
                options = value.options.Extensions
                text = (
                    options[urns.beam_urn]
                    or options[urns.beam_constant]
                    or options[beam.monitoring_info_spec].urn
                    or options[beam.label_props].name
                )
                if text and value.name == "PROPERTIES":
                    # Window functions: the URN is an option of their payload's only enum value.
                    found[f"window_fns::{text.split(':')[2].upper()}"] = text
                elif text:
                    found[f"{GROUPS.get(short, short)}::{value.name}"] = text
    return found


def differences(ours, theirs):
    for name in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(name, "missing"), theirs.get(name, "missing")
        if here != there:
            yield f"{name}: here {here}, in beam {there}"


def compare(folders):
    beam = beam_files()
    beam_facts, beam_names = facts(beam), names(beam)
    for folder in map(pathlib.Path, folders):
        ours = descriptor_pb2.FileDescriptorSet.FromString(
            (folder / "descriptors.bin").read_bytes()
        )
        our_facts = facts(file for file in ours.file if file.name.startswith(MODEL))
        rows = (folder / "names.tsv").read_text().splitlines()
        our_names = dict(row.split("\t") for row in rows)
        for line in differences(our_facts, beam_facts):
            print(f"{folder}\t{line}")
        for line in differences(our_names, beam_names):
            print(f"{folder}\t{line}")


def write_samples(folder):
    for name, message in samples.messages():
        path = pathlib.Path(folder) / f"{name}.bin"
        path.write_bytes(message.SerializeToString(deterministic=True))


def reread(folder):
    for name, message in samples.messages():
        theirs = (pathlib.Path(folder) / f"{name}.bin").read_bytes()
        ours = (pathlib.Path(folder) / f"{name}.ours").read_bytes()
        if type(message).FromString(ours) != type(message).FromString(theirs):
            print(name)


if __name__ == "__main__":
    task, *arguments = sys.argv[1:]
    if task == "compare":
        compare(arguments)
    else:
        {"samples": write_samples, "reread": reread}[task](*arguments)
