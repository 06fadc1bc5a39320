//! Finds the windows of side inputs for a runner: `beam:transform:map_windows:v1`.
//!
//! A request is a window of a main input under a nonce. Its answer is the window of the side input
//! that elements in it see.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use purlin_proto::fn_execution::ProcessBundleDescriptor;
use purlin_proto::pipeline::{FunctionSpec, PTransform};

use super::rows::{Row, codec};
use super::unit::{Cx, Unit, UnitResult, typed};
use super::{AnyBatch, Batch, Failure, PortCodec, WindowFns, WindowFunction};
use crate::coders::windowed::WindowCoder;
use crate::coders::{CoderError, CoderSpec, Reader, wire};
use crate::element::Element;
use crate::window::Window;

/// A window behind what the runner knows it by.
type Named = (Bytes, Window);

/// Answers requests.
pub(super) struct MapWindows {
    window_fn: WindowFunction,
}

impl MapWindows {
    pub(super) fn new(transform: &PTransform, window_fns: &WindowFns) -> UnitResult<Self> {
        Ok(Self { window_fn: window_fn(transform, window_fns)? })
    }
}

impl Unit for MapWindows {
    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let Batch { values, stamps } = typed::<Named>(batch)?;
        let answer = |(nonce, main)| Ok((nonce, self.window_fn.side_input_window(&main)?));
        let answers: Vec<Named> = values.into_iter().map(answer).collect::<UnitResult<_>>()?;
        cx.emit(0, Batch::new(answers, stamps))
    }
}

fn window_fn(transform: &PTransform, window_fns: &WindowFns) -> UnitResult<WindowFunction> {
    let payload = transform.spec.clone().unwrap_or_default().payload;
    let mapping = FunctionSpec::decode(payload).map_err(|error| Failure::from_error(&error))?;
    window_fns.of_mapping(&mapping)
}

/// The codec of the requests that a transform reads from a collection: only the runner knows what
/// windows it asks about.
pub(super) fn requests(
    collection: &str,
    descriptor: &ProcessBundleDescriptor,
) -> UnitResult<Arc<dyn PortCodec>> {
    let coder_id = descriptor.pcollections.get(collection).map_or("", |it| it.coder_id.as_str());
    let spec = CoderSpec::from_proto(&descriptor.coders, coder_id);
    let spec = spec.map_err(|error| Failure::from_error(&error))?;
    let (_, window) = spec.as_kv().ok_or_else(|| {
        Failure::new(format!("the requests of collection `{collection}` are no pairs"))
    })?;
    codec::<Named>(window)
}

/// The codec of the answers of a transform.
pub(super) fn answers(
    transform: &PTransform,
    window_fns: &WindowFns,
) -> UnitResult<Arc<dyn PortCodec>> {
    codec::<Named>(&window_fn(transform, window_fns)?.window_coder())
}

impl Row for Named {
    fn spec(window: &CoderSpec) -> CoderSpec {
        CoderSpec::kv(Bytes::coder_spec(), window.clone())
    }
    fn read(input: &mut Reader<'_>, coder: WindowCoder) -> Result<Self, CoderError> {
        let length = input.length()?;
        Ok((input.take_shared(length)?, coder.read_window(input)?))
    }
    fn put(&self, out: &mut Vec<u8>, coder: WindowCoder) -> Result<(), CoderError> {
        let (nonce, window) = self;
        wire::put_length_prefixed(out, nonce);
        coder.put_window(out, window);
        Ok(())
    }
}
