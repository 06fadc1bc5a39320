//! What a runner and a worker tell each other about windows: pairs whose coder depends on the window
//! function.

use std::marker::PhantomData;
use std::sync::Arc;

use super::codec::Encoded;
use super::unit::{UnitResult, typed_ref};
use super::{AnyBatch, Batch, Failure, PortCodec, Stamps};
use crate::coders::windowed::WindowCoder;
use crate::coders::{CoderError, CoderSpec, Reader};

/// A request or an answer.
pub(super) trait Row: Clone + Send + Sync + Sized + 'static {
    fn spec(window: &CoderSpec) -> CoderSpec;
    fn read(input: &mut Reader<'_>, coder: WindowCoder) -> Result<Self, CoderError>;
    fn put(&self, out: &mut Vec<u8>, coder: WindowCoder) -> Result<(), CoderError>;
}

/// The codec of rows about windows of this coder.
pub(super) fn codec<R: Row>(window: &CoderSpec) -> UnitResult<Arc<dyn PortCodec>> {
    let windows = WindowCoder::from_spec(window).map_err(|error| Failure::from_error(&error))?;
    Ok(Arc::new(RowCodec::<R> { spec: R::spec(window), windows, row: PhantomData }))
}

struct RowCodec<R> {
    spec: CoderSpec,
    windows: WindowCoder,
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
            batch.values.push(R::read(input, self.windows)?);
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
            value.put(out, self.windows).map_err(|error| Failure::from_error(&error))?;
            Ok(0)
        })
    }

    fn check(&self, _: &dyn AnyBatch) -> UnitResult {
        Ok(())
    }
}
