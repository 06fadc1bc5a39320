//! The typed edge behind a GroupByKey: reads groups from bytes, or makes them of pairs.

use std::marker::PhantomData;
use std::sync::Arc;

use super::by_key::{Grouper, Position};
use super::codec::{EncodeEdges, codec_of};
use super::grouped::{Grouped, Scattered};
use super::paged::PagedGroup;
use super::pairs::{PairSlice, Pairs};
use super::unit::UnitResult;
use super::{AnyBatch, BATCH, Batch, PortCodec, Stamps, key_hash};
use crate::coders::{CoderError, CoderSpec, Nesting, Reader};
use crate::element::Element;

/// The codec of keys and their values.
pub(crate) fn grouped_codec<K: Element, V: Element>() -> Arc<dyn PortCodec> {
    let codec = codec_of::<(K, Grouped<V>)>();
    Arc::new(GroupedCodec { codec, types: PhantomData::<fn() -> (K, V)> })
}

struct GroupedCodec<K, V> {
    /// For groups as bytes.
    codec: Arc<dyn PortCodec>,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K: Element, V: Element> GroupedCodec<K, V> {
    fn add<'a>(grouper: &mut Grouper<'a>, slice: PairSlice<'a>, number: u32) -> UnitResult {
        slice.each(|reader| {
            let start = reader.position();
            K::skip(reader).map_err(|error| error.within("kv.key"))?;
            let key = reader.since(start);
            let at = u32::try_from(reader.position()).unwrap_or(u32::MAX);
            V::skip(reader).map_err(|error| error.within("kv.value"))?;
            grouper.add(key_hash(key), key, Position { slice: number, at });
            Ok(())
        })
    }
}

impl<K: Element, V: Element> PortCodec for GroupedCodec<K, V> {
    fn spec(&self) -> CoderSpec {
        self.codec.spec()
    }

    fn decode(
        &self,
        input: &mut Reader<'_>,
        limit: usize,
        stamps: &mut dyn FnMut(&mut Reader<'_>, &mut Stamps, usize) -> Result<(), CoderError>,
    ) -> Result<Box<dyn AnyBatch>, CoderError> {
        self.codec.decode(input, limit, stamps)
    }

    fn encode(
        &self,
        batch: Box<dyn AnyBatch>,
        out: &mut Vec<u8>,
        edges: &mut dyn EncodeEdges,
    ) -> UnitResult {
        self.codec.encode(batch, out, edges)
    }

    fn check(&self, batch: &dyn AnyBatch) -> UnitResult {
        self.codec.check(batch)
    }

    fn group(
        &self,
        pairs: &Pairs<'_>,
        emit: &mut dyn FnMut(Box<dyn AnyBatch>) -> UnitResult,
    ) -> UnitResult<bool> {
        let count = pairs.slices.iter().map(PairSlice::count).sum();
        let mut grouper = Grouper::with_capacity(count);
        for (number, slice) in (0..).zip(&pairs.slices) {
            Self::add(&mut grouper, *slice, number)?;
        }
        let groups = grouper.finish();
        let keys: Vec<_> =
            (0..groups.len()).map(|group| (groups.key(group).0, groups.range(group))).collect();
        let chunks = pairs.slices.iter().map(|slice| slice.chunk.data.clone()).collect();
        let values = Arc::new(Scattered::new(chunks, groups.into_elements()));
        for keys in keys.chunks(BATCH) {
            let mut batch = Vec::with_capacity(keys.len());
            for (key, range) in keys {
                let key = K::decode(&mut Reader::new(key), Nesting::Nested)?;
                batch.push((key, Grouped::<V>::scattered(&values, range.clone())));
            }
            emit(Box::new(Batch::new(batch, Stamps::constant(pairs.stamp.clone()))))?;
        }
        Ok(true)
    }

    fn group_paged(&self, group: &PagedGroup) -> UnitResult<Option<Box<dyn AnyBatch>>> {
        let key = K::decode(&mut Reader::new(&group.key), Nesting::Nested)?;
        let values = vec![(key, Grouped::<V>::paged(group))];
        Ok(Some(Box::new(Batch::new(values, Stamps::constant(group.stamp.clone())))))
    }
}
