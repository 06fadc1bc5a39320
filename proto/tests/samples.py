"""Messages that Beam's Python SDK serialises, for the Rust test to read and write again."""

import apache_beam as beam
from apache_beam.portability.api.org.apache.beam.model.fn_execution.v1 import beam_fn_api_pb2 as fn
from apache_beam.portability.api.org.apache.beam.model.pipeline.v1 import beam_runner_api_pb2
from apache_beam.portability.api.org.apache.beam.model.pipeline.v1 import schema_pb2


def pipeline():
    """A pipeline as the SDK itself translates it."""
    graph = beam.Pipeline()
    _ = (
        graph
        | beam.Create([("b", 1), ("a", 2)])
        | beam.WindowInto(beam.window.SlidingWindows(60, 20))
        | beam.GroupByKey()
        | beam.CombinePerKey(sum)
        | beam.Map(print)
    )
    return graph.to_runner_api()


def stage():
    """A stage, with maps whose keys are not inserted in order."""
    stage = fn.ProcessBundleDescriptor(id="stage-1")
    for name in ["z", "a", "é", "m"]:
        stage.pcollections[name].coder_id = "c" + name
        stage.pcollections[name].is_bounded = beam_runner_api_pb2.IsBounded.BOUNDED
    transform = stage.transforms["read"]
    transform.spec.urn = "beam:runner:source:v1"
    transform.spec.payload = fn.RemoteGrpcPort(coder_id="c").SerializeToString()
    transform.outputs["out"] = "a"
    transform.unique_name = "Read"
    stage.state_api_service_descriptor.url = "localhost:1"
    return stage


def request():
    """A request to process a bundle, with embedded elements."""
    request = fn.InstructionRequest(instruction_id="17")
    bundle = request.process_bundle
    bundle.process_bundle_descriptor_id = "stage-1"
    bundle.cache_tokens.add(token=b"t").user_state.SetInParent()
    bundle.cache_tokens.add(token=b"\0").side_input.transform_id = "pardo"
    bundle.elements.data.add(transform_id="read", data=bytes(range(256)), is_last=True)
    bundle.elements.timers.add(transform_id="pardo", timer_family_id="ts-", timers=b"\x01")
    bundle.has_no_state = True
    return request


def split():
    """Numbers at their limits, packed."""
    split = fn.ProcessBundleSplitRequest(instruction_id="17")
    desired = split.desired_splits["read"]
    desired.fraction_of_remainder = 0.1
    desired.allowed_split_points.extend([0, 1, 127, 128, 2**63 - 1, -1])
    desired.estimated_input_elements = -(2**63)
    return split


def progress():
    """An optional field that is present with its default value."""
    progress = fn.ProcessBundleProgressResponse(consuming_received_data=False)
    progress.monitoring_data["7"] = b"\x80\x01"
    info = progress.monitoring_infos.add(urn="u", type="t", payload=b"p")
    info.labels["PTRANSFORM"] = "x"
    info.start_time.FromMilliseconds(-1)
    return progress


def schema():
    """A schema that contains itself twice over."""
    schema = schema_pb2.Schema(id="outer", encoding_positions_set=True)
    field = schema.fields.add(name="xs", id=1, encoding_position=1)
    field.type.nullable = True
    row = field.type.map_type.value_type.array_type.element_type.row_type
    row.schema.fields.add(name="y").type.atomic_type = schema_pb2.DOUBLE
    field.type.map_type.key_type.atomic_type = schema_pb2.STRING
    option = schema.options.add(name="limit")
    option.type.logical_type.urn = "beam:logical_type:decimal:v1"
    option.value.atomic_value.int32 = -5
    return schema


def exceptions():
    """All that Rust writes with other bytes: empty entries, a late oneof, a key in a key."""
    payload = beam_runner_api_pb2.ParDoPayload()
    payload.side_inputs[""].SetInParent()
    for name in ["a", "ab"]:
        payload.state_specs[name].multimap_spec.key_coder_id = "k"
        payload.state_specs[name].protocol.urn = "beam:user_state:multimap:v1"
    return payload


def messages():
    """Every sample by name."""
    for sample in [pipeline, stage, request, split, progress, schema, exceptions]:
        yield sample.__name__, sample()
