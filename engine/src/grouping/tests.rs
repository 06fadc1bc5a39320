//! The grouping against a map from keys to values.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use purlin_proto::pipeline::output_time;
use purlin_sdk::coders::Reader;
use purlin_sdk::coders::windowed::{WindowCoder, put_stamp, read_stamp};
use purlin_sdk::coders::wire::put_length_prefixed;
use purlin_sdk::exec::{Chunk, Entry, Framing, key_hash};
use purlin_sdk::{PaneInfo, Stamp, Timestamp, Window};

use super::{Layout, Loaded, group};
use crate::bundle::GroupSlice;
use crate::random::Random;

type Pair = (Vec<u8>, Vec<u8>);

/// A chunk of pairs, the n-th of them at timestamp n where each has its own.
fn chunk(pairs: &[Pair], first: usize, framing: Framing) -> Chunk {
    let mut data = Vec::new();
    let mut index = Vec::new();
    for (row, (key, value)) in pairs.iter().enumerate() {
        let start = u32::try_from(data.len()).expect("small");
        if framing == Framing::Each {
            let timestamp = Timestamp(i64::try_from(first + row).expect("small"));
            put_stamp(&mut data, &Stamp { timestamp, ..Stamp::default() }, &WindowCoder::Global);
        }
        let at = data.len();
        put_length_prefixed(&mut data, key);
        let encoded = data[at..].to_vec();
        put_length_prefixed(&mut data, value);
        index.push(Entry {
            start,
            value: u32::try_from(at).expect("small"),
            key_length: u32::try_from(encoded.len()).expect("small"),
            // Hashes that collide often, for the table's sake.
            key_hash: key_hash(&encoded) % 3,
        });
    }
    let count = u32::try_from(pairs.len()).expect("small");
    Chunk { data: data.into(), framing, count, partition: Some(0), index: Some(index) }
}

fn input(slices: Vec<GroupSlice>) -> Loaded {
    Loaded { window: Window::Global, pane: PaneInfo::ON_TIME_AND_ONLY, slices }
}

fn layout(output_time: output_time::Enum) -> Layout {
    Layout { output_time, windows: WindowCoder::Global, index: true }
}

fn bytes(reader: &mut Reader<'_>) -> Vec<u8> {
    let length = reader.length().expect("a length");
    reader.take(length).expect("bytes").to_vec()
}

/// The keys with values and timestamps, in the order of output.
fn decode(chunks: &[Chunk]) -> Vec<(Vec<u8>, Vec<Vec<u8>>, Timestamp)> {
    let mut groups = Vec::new();
    for chunk in chunks {
        let index = chunk.index.as_deref().expect("an index");
        assert_eq!(index.len(), chunk.count as usize);
        for entry in index {
            let mut reader = Reader::new(&chunk.data[entry.start as usize..]);
            let stamp = match &chunk.framing {
                Framing::Constant(stamp) => stamp.clone(),
                Framing::Each => read_stamp(&mut reader, &WindowCoder::Global).expect("a stamp"),
            };
            assert_eq!(stamp.pane, PaneInfo::ON_TIME_AND_ONLY);
            assert_eq!(entry.start as usize + reader.position(), entry.value as usize);
            let key = bytes(&mut reader);
            assert_eq!(reader.position(), (entry.value - entry.start + entry.key_length) as usize);
            let count = reader.count().expect("a count").expect("a known one");
            let values = (0..count).map(|_| bytes(&mut reader)).collect();
            groups.push((key, values, stamp.timestamp));
        }
    }
    groups
}

fn slices(chunks: &[Vec<Pair>]) -> Vec<GroupSlice> {
    let mut first = 0;
    let mut slices = Vec::new();
    for (number, pairs) in chunks.iter().enumerate() {
        let framing =
            if number % 2 == 0 { Framing::Each } else { Framing::Constant(Stamp::default()) };
        slices.push(GroupSlice { chunk: Arc::new(chunk(pairs, first, framing)), elements: None });
        first += pairs.len();
    }
    slices
}

proptest! {
    #[test]
    fn groups_are_those_of_a_map(
        chunks in prop::collection::vec(
            prop::collection::vec(
                (prop::collection::vec(0u8..3, 0..3), prop::collection::vec(any::<u8>(), 0..5)),
                0..30,
            ),
            0..6,
        ),
        seed in any::<Option<u64>>(),
    ) {
        let mut model: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
        for (key, value) in chunks.iter().flatten() {
            model.entry(key.clone()).or_default().push(value.clone());
        }
        let mut random = seed.map(Random::new);
        let output = group(
            &input(slices(&chunks)),
            &layout(output_time::Enum::EndOfWindow),
            random.as_mut(),
        ).expect("it groups");
        let groups = decode(&output);
        prop_assert_eq!(groups.len(), model.len());
        for (key, values, timestamp) in groups {
            prop_assert_eq!(timestamp, Timestamp::END_OF_GLOBAL_WINDOW);
            prop_assert_eq!(model.remove(&key), Some(values));
        }
    }
}

#[test]
fn the_earliest_and_the_latest_timestamp_are_those_of_the_key() {
    let pair = |key: &[u8]| (key.to_vec(), b"v".to_vec());
    let pairs = vec![pair(b"a"), pair(b"b"), pair(b"a"), pair(b"b"), pair(b"b")];
    let input = input(slices(&[pairs]));
    let at = |output_time| {
        let groups = group(&input, &layout(output_time), None).expect("it groups");
        decode(&groups).into_iter().map(|(_, _, at)| at.0).collect::<Vec<_>>()
    };
    assert_eq!(at(output_time::Enum::EarliestInPane), [0, 1]);
    assert_eq!(at(output_time::Enum::LatestInPane), [2, 4]);
}

#[test]
fn only_the_elements_of_the_slice_are_grouped() {
    let pairs: Vec<Pair> = (0u8..6).map(|n| (vec![n % 2], vec![n])).collect();
    let slice = GroupSlice {
        chunk: Arc::new(chunk(&pairs, 0, Framing::Each)),
        elements: Some([1, 2, 5].into()),
    };
    let output = group(&input(vec![slice]), &layout(output_time::Enum::EndOfWindow), None);
    let groups = decode(&output.expect("it groups"));
    let values: Vec<_> = groups.into_iter().map(|(key, values, _)| (key, values)).collect();
    assert_eq!(values, [(vec![1], vec![vec![1], vec![5]]), (vec![0], vec![vec![2]])]);
}
