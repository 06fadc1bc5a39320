"""Reads a pipeline proto as Beam's Python SDK does, and compares bytes.

Usage: graph_python.py PIPELINE.pb SAMPLES.json. Prints what it compared as JSON; fails with a
traceback at the first difference.
"""

import json
import sys

from apache_beam.coders import coder_impl
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.pipeline_context import PipelineContext
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.transforms.window import WindowFn
from apache_beam.typehints import schemas
from apache_beam.utils.timestamp import Timestamp


def row_type(coder_proto):
  from apache_beam.portability.api import schema_pb2
  schema = schema_pb2.Schema.FromString(coder_proto.spec.payload)
  return schemas.named_tuple_from_schema(schema)


def value_of(components, coder_id, shown):
  """Builds the Python value that the coder encodes from its JSON form."""
  proto = components.coders[coder_id]
  urn = proto.spec.urn
  parts = list(proto.component_coder_ids)
  if urn == 'beam:coder:kv:v1':
    return tuple(value_of(components, part, item) for part, item in zip(parts, shown))
  if urn in ('beam:coder:iterable:v1', 'beam:coder:state_backed_iterable:v1'):
    return [value_of(components, parts[0], item) for item in shown]
  if urn == 'beam:coder:nullable:v1':
    return None if shown is None else value_of(components, parts[0], shown)
  if urn == 'beam:coder:bytes:v1':
    return shown.encode('latin-1')
  if urn == 'beam:coder:row:v1':
    return row_type(proto)(*shown)
  return shown


def compare_coders(pipeline, context, samples):
  compared = 0
  for collection_id, collection in sorted(pipeline.components.pcollections.items()):
    coder = context.coders[collection.coder_id]
    for sample in samples['coders'][collection.coder_id]:
      value = value_of(pipeline.components, collection.coder_id, sample['value'])
      ours = bytes.fromhex(sample['bytes'])
      out = coder_impl.create_OutputStream()
      coder.get_impl().encode_to_stream(value, out, True)
      theirs = out.get()
      assert theirs == ours, (collection_id, coder, value, theirs.hex(), ours.hex())
      decoded = coder.get_impl().decode_from_stream(
          coder_impl.create_InputStream(ours), True)
      again = coder_impl.create_OutputStream()
      coder.get_impl().encode_to_stream(decoded, again, True)
      assert again.get() == ours, (collection_id, decoded)
      compared += 1
  return compared


def compare_windows(pipeline, context, samples):
  compared = 0
  for strategy_id in sorted(pipeline.components.windowing_strategies):
    strategy = context.windowing_strategies[strategy_id]
    for sample in samples['windows'][strategy_id]:
      at = WindowFn.AssignContext(Timestamp(micros=sample['timestamp'] * 1000), element=None)
      windows = sorted(strategy.windowfn.assign(at), key=lambda window: window.max_timestamp())
      coder = strategy.windowfn.get_window_coder()
      theirs = b''.join(coder.encode(window) for window in windows)
      assert theirs.hex() == sample['bytes'], (strategy_id, windows, theirs.hex(), sample)
      compared += 1
  return compared


def check_references(pipeline):
  """What the translations below take for granted."""
  components = pipeline.components
  for collection in components.pcollections.values():
    assert collection.coder_id in components.coders, collection
    assert collection.windowing_strategy_id in components.windowing_strategies, collection
  for coder in components.coders.values():
    for part in coder.component_coder_ids:
      assert part in components.coders, coder
  for transform in components.transforms.values():
    for collection in list(transform.inputs.values()) + list(transform.outputs.values()):
      assert collection in components.pcollections, transform
    for child in transform.subtransforms:
      assert child in components.transforms, transform
    if transform.environment_id:
      assert transform.environment_id in components.environments, transform


def main(pipeline_path, samples_path):
  with open(pipeline_path, 'rb') as file:
    pipeline = beam_runner_api_pb2.Pipeline.FromString(file.read())
  with open(samples_path) as file:
    samples = json.load(file)
  check_references(pipeline)
  context = PipelineContext(pipeline.components)
  compared = {
      'coders': compare_coders(pipeline, context, samples),
      'windows': compare_windows(pipeline, context, samples),
  }
  # The optimiser: translations.create_and_optimize_stages with the phases of Beam's own runner.
  _, stages = FnApiRunner().create_stages(pipeline)
  compared['stages'] = len(stages)
  print(json.dumps(compared))


if __name__ == '__main__':
  main(sys.argv[1], sys.argv[2])
