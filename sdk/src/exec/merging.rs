//! Merges windows for a runner: `beam:transform:merge_windows:v1`.
//!
//! A request is the windows of one key under a nonce. Its answer has the windows that stay as they
//! are, and each new window with those that it is merged from.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use purlin_proto::pipeline::{FunctionSpec, PTransform};

use super::codec::Encoded;
use super::unit::{Cx, Unit, UnitResult, typed, typed_ref};
use super::{AnyBatch, Batch, Failure, PortCodec, Stamps, WindowFns, WindowFunction};
use crate::coders::windowed::WindowCoder;
use crate::coders::{CoderError, CoderSpec, Reader, read_items, wire};
use crate::element::Element;
use crate::window::Window;

/// The windows of one key, behind what the runner knows the key by.
pub(super) type Request = (Bytes, Vec<Window>);
/// What of them stays as it is, and what becomes of the others.
pub(super) type Answer = (Bytes, (Vec<Window>, Vec<(Window, Vec<Window>)>));

/// Answers requests.
pub(super) struct MergeWindows {
    window_fn: WindowFunction,
}

impl MergeWindows {
    pub(super) fn new(transform: &PTransform, window_fns: &WindowFns) -> UnitResult<Self> {
        Ok(Self { window_fn: window_fn(transform, window_fns)? })
    }
}

impl Unit for MergeWindows {
    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let Batch { values, stamps } = typed::<Request>(batch)?;
        let mut answers: Vec<Answer> = Vec::with_capacity(values.len());
        for (nonce, windows) in values {
            let merged = self.window_fn.merge(&windows)?;
            let parts: BTreeSet<_> = merged.iter().flat_map(|(_, parts)| parts).collect();
            let left = windows.into_iter().filter(|window| !parts.contains(window)).collect();
            answers.push((nonce, (left, merged)));
        }
        cx.emit(0, Batch::new(answers, stamps))
    }
}

fn window_fn(transform: &PTransform, window_fns: &WindowFns) -> UnitResult<WindowFunction> {
    let payload = transform.spec.clone().unwrap_or_default().payload;
    let spec = FunctionSpec::decode(payload).map_err(|error| Failure::from_error(&error))?;
    window_fns.get(&spec)
}

/// The codecs of requests and answers of a transform.
pub(super) fn codecs(
    transform: &PTransform,
    window_fns: &WindowFns,
) -> UnitResult<[Arc<dyn PortCodec>; 2]> {
    let window = window_fn(transform, window_fns)?.window_coder();
    let coder = WindowCoder::from_spec(&window).map_err(|error| Failure::from_error(&error))?;
    Ok([
        Arc::new(RowCodec {
            spec: Request::spec(&window),
            coder,
            row: PhantomData::<fn() -> Request>,
        }),
        Arc::new(RowCodec {
            spec: Answer::spec(&window),
            coder,
            row: PhantomData::<fn() -> Answer>,
        }),
    ])
}

/// A request or an answer.
trait Row: Clone + Send + Sync + Sized + 'static {
    fn spec(window: &CoderSpec) -> CoderSpec;
    fn read(input: &mut Reader<'_>, coder: WindowCoder) -> Result<Self, CoderError>;
    fn put(&self, out: &mut Vec<u8>, coder: WindowCoder) -> Result<(), CoderError>;
}

impl Row for Request {
    fn spec(window: &CoderSpec) -> CoderSpec {
        CoderSpec::kv(Bytes::coder_spec(), CoderSpec::iterable(window.clone()))
    }
    fn read(input: &mut Reader<'_>, coder: WindowCoder) -> Result<Self, CoderError> {
        let length = input.length()?;
        Ok((input.take_shared(length)?, read_windows(input, coder)?))
    }
    fn put(&self, out: &mut Vec<u8>, coder: WindowCoder) -> Result<(), CoderError> {
        wire::put_length_prefixed(out, &self.0);
        put_windows(out, &self.1, coder)
    }
}

impl Row for Answer {
    fn spec(window: &CoderSpec) -> CoderSpec {
        let windows = || CoderSpec::iterable(window.clone());
        let merged = CoderSpec::iterable(CoderSpec::kv(window.clone(), windows()));
        CoderSpec::kv(Bytes::coder_spec(), CoderSpec::kv(windows(), merged))
    }
    fn read(input: &mut Reader<'_>, coder: WindowCoder) -> Result<Self, CoderError> {
        let (nonce, left) = Request::read(input, coder)?;
        let mut merged = Vec::new();
        read_items(input, |input| {
            merged.push((coder.read_window(input)?, read_windows(input, coder)?));
            Ok(())
        })?;
        Ok((nonce, (left, merged)))
    }
    fn put(&self, out: &mut Vec<u8>, coder: WindowCoder) -> Result<(), CoderError> {
        let (nonce, (left, merged)) = self;
        wire::put_length_prefixed(out, nonce);
        put_windows(out, left, coder)?;
        wire::put_count(out, merged.len())?;
        merged.iter().try_for_each(|(window, parts)| {
            coder.put_window(out, window);
            put_windows(out, parts, coder)
        })
    }
}

fn read_windows(input: &mut Reader<'_>, coder: WindowCoder) -> Result<Vec<Window>, CoderError> {
    let mut windows = Vec::new();
    read_items(input, |input| {
        windows.push(coder.read_window(input)?);
        Ok(())
    })?;
    Ok(windows)
}

fn put_windows(
    out: &mut Vec<u8>,
    windows: &[Window],
    coder: WindowCoder,
) -> Result<(), CoderError> {
    wire::put_count(out, windows.len())?;
    windows.iter().for_each(|window| coder.put_window(out, window));
    Ok(())
}

/// The codec of rows, whose coder depends on the window function.
struct RowCodec<R> {
    spec: CoderSpec,
    coder: WindowCoder,
    row: PhantomData<fn() -> R>,
}

impl<R: Row> PortCodec for RowCodec<R> {
    fn spec(&self) -> CoderSpec {
        self.spec.clone()
    }

    fn decode(
        &self,
        input: &mut Reader<'_>,
        limit: usize,
        stamps: &mut dyn FnMut(&mut Reader<'_>, &mut Stamps, usize) -> Result<(), CoderError>,
    ) -> Result<Box<dyn AnyBatch>, CoderError> {
        let mut batch = Batch::new(Vec::new(), Stamps::default());
        while batch.values.len() < limit && !input.is_empty() {
            stamps(input, &mut batch.stamps, batch.values.len())?;
            batch.values.push(R::read(input, self.coder)?);
        }
        Ok(Box::new(batch))
    }

    fn encode(
        &self,
        batch: &dyn AnyBatch,
        from: usize,
        encoded: &mut Encoded<'_>,
    ) -> UnitResult<usize> {
        encoded.append(typed_ref::<R>(batch)?, from, |value, out| {
            value.put(out, self.coder).map_err(|error| Failure::from_error(&error))?;
            Ok(0)
        })
    }

    fn check(&self, _: &dyn AnyBatch) -> UnitResult {
        Ok(())
    }
}
