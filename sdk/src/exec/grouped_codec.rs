//! The typed edge behind a GroupByKey: reads groups from bytes, or makes them of pairs.

use std::marker::PhantomData;
use std::sync::Arc;

use super::by_key::{Grouper, Position};
use super::codec::{Encoded, codec_of};
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
        batch: &dyn AnyBatch,
        from: usize,
        encoded: &mut Encoded<'_>,
    ) -> UnitResult<usize> {
        self.codec.encode(batch, from, encoded)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::exec::unit::typed;
    use crate::exec::{Chunk, Framing};
    use crate::window::Stamp;

    fn chunk(pairs: &[(String, u64)]) -> Chunk {
        let mut data = Vec::new();
        pairs.iter().for_each(|pair| pair.encode(&mut data, Nesting::Nested).unwrap());
        Chunk {
            data: data.into(),
            framing: Framing::Constant(Stamp::default()),
            count: u32::try_from(pairs.len()).unwrap(),
            partition: Some(0),
            index: None,
        }
    }

    #[test]
    fn groups_of_pairs_are_what_groups_of_bytes_are() {
        let pairs: Vec<_> = (0..5000_u64).map(|n| (format!("key {}", n % 1300), n)).collect();
        let (first, second) = (chunk(&pairs[..2000]), chunk(&pairs[2000..]));
        let slices = [&first, &second].map(|chunk| PairSlice { chunk, elements: None });
        let pairs_of = Pairs { slices: slices.to_vec(), stamp: Stamp::default() };
        let mut model: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        pairs.into_iter().for_each(|(key, n)| model.entry(key).or_default().push(n));

        let mut found = BTreeMap::new();
        let mut emit = |batch: Box<dyn AnyBatch>| {
            for (key, values) in typed::<(String, Grouped<u64>)>(batch)?.values {
                let mut bytes = Vec::new();
                values.encode(&mut bytes, Nesting::Nested)?;
                let written = Grouped::<u64>::decode(&mut Reader::new(&bytes), Nesting::Nested)?;
                let values: Vec<u64> = values.iter().collect();
                assert_eq!(written.into_iter().collect::<Vec<_>>(), values);
                assert!(found.insert(key, values).is_none(), "a key has two groups");
            }
            Ok(())
        };
        assert!(grouped_codec::<String, u64>().group(&pairs_of, &mut emit).unwrap());
        assert_eq!(found, model);
    }

    #[test]
    fn pairs_that_are_cut_short_are_an_error() {
        let mut cut = chunk(&[("key".to_owned(), 300)]);
        cut.data.truncate(cut.data.len() - 1);
        let slices = vec![PairSlice { chunk: &cut, elements: None }];
        let pairs = Pairs { slices, stamp: Stamp::default() };
        let failure = grouped_codec::<String, u64>().group(&pairs, &mut |_| Ok(())).unwrap_err();
        assert!(failure.to_string().contains("kv.value"), "{failure}");
    }
}
