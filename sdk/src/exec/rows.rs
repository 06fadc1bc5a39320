//! What a runner and a worker tell each other about windows: pairs whose coder depends on the window
//! function.

use std::marker::PhantomData;
use std::sync::Arc;

use super::codec::EncodeEdges;
use super::unit::{UnitResult, typed};
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
        batch: Box<dyn AnyBatch>,
        out: &mut Vec<u8>,
        edges: &mut dyn EncodeEdges,
    ) -> UnitResult {
        let Batch { values, stamps } = typed::<R>(batch)?;
        for (row, value) in values.iter().enumerate() {
            edges.before(row, &stamps, out);
            let start = out.len();
            value.put(out, self.windows).map_err(|error| Failure::from_error(&error))?;
            edges.after(out, start, 0)?;
        }
        Ok(())
    }

    fn check(&self, _: &dyn AnyBatch) -> UnitResult {
        Ok(())
    }
}
