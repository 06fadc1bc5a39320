//! The read node of a stage: from chunks to typed batches.

use std::sync::Arc;

use super::headers::Headers;
use super::port::Port;
use super::router::Router;
use super::unit::UnitResult;
use super::{BATCH, Chunk, Failure, Framing, PagedGroup, Pairs, PortCodec, Stamps};
use crate::coders::{CoderError, Reader};

/// Decodes what arrives at a stage.
pub(super) struct Source {
    unit: usize,
    codec: Arc<dyn PortCodec>,
    port: Port,
}

impl Source {
    pub(super) fn new(unit: usize, codec: Arc<dyn PortCodec>, port: Port) -> Self {
        Self { unit, codec, port }
    }

    pub(super) fn process(&self, chunk: &Chunk, router: &Arc<Router>) -> UnitResult {
        let mut reader = Reader::shared(&chunk.data);
        while !reader.is_empty() {
            let batch = self.batch(&mut reader, &chunk.framing).map_err(|error| {
                let mut failure = Failure::from_error(&error);
                router.transform_id(self.unit).clone_into(&mut failure.transform);
                failure
            })?;
            router.emit(self.unit, 0, batch)?;
            if router.has_failed() {
                return Err(router
                    .effects(|effects| effects.failure.clone())
                    .unwrap_or_else(|| Failure::new("the bundle failed")));
            }
        }
        Ok(())
    }

    /// Processes pairs as groups; `false` where what reads them can only read groups as bytes.
    pub(super) fn process_pairs(
        &self,
        pairs: &Pairs<'_>,
        router: &Arc<Router>,
    ) -> UnitResult<bool> {
        if let [consumer] = router.consumers(self.unit, 0) {
            let mut is_done = false;
            router.enter(*consumer, |unit, cx| {
                is_done = unit.process_pairs(pairs, cx)?;
                Ok(())
            })?;
            if is_done {
                return Ok(true);
            }
        }
        self.codec.group(pairs, &mut |batch| router.emit(self.unit, 0, batch))
    }

    /// Processes a group in pages; `false` where what reads it can only read groups as bytes.
    pub(super) fn process_paged(
        &self,
        group: &PagedGroup,
        router: &Arc<Router>,
    ) -> UnitResult<bool> {
        let Some(batch) = self.codec.group_paged(group)? else { return Ok(false) };
        router.emit(self.unit, 0, batch)?;
        Ok(true)
    }

    fn batch(
        &self,
        reader: &mut Reader<'_>,
        framing: &Framing,
    ) -> Result<Box<dyn super::AnyBatch>, CoderError> {
        match framing {
            Framing::Constant(stamp) => {
                let constant = Stamps::constant(stamp.clone());
                let mut batch = self.codec.decode(reader, BATCH, &mut |_, _, _| Ok(()))?;
                *batch.stamps_mut() = constant;
                Ok(batch)
            }
            Framing::Each => {
                let mut headers = Headers::new(&self.port.windows);
                let mut read = |reader: &mut Reader<'_>, stamps: &mut Stamps, row: usize| {
                    headers.read(reader, stamps, row)
                };
                self.codec.decode(reader, BATCH, &mut read)
            }
        }
    }
}
