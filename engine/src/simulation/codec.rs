//! The bytes of the simulations' elements.

use purlin_sdk::coders::Reader;
use purlin_sdk::coders::windowed::{WindowCoder, put_stamp, read_stamp};
use purlin_sdk::coders::wire::put_length_prefixed;
use purlin_sdk::exec::{Chunk, Framing};
use purlin_sdk::{Stamp, Timestamp, Windows};

use crate::random::Random;
use crate::reduce::tests::simulation::strategy::Assign;

/// A pair of a key and a number, with its header.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Pair {
    pub(super) stamp: Stamp,
    pub(super) key: u8,
    pub(super) number: u64,
}

/// Calls `each` with the stamp of every element and a reader of its value.
pub(super) fn for_each(
    chunk: &Chunk,
    windows: WindowCoder,
    mut each: impl FnMut(Stamp, &mut Reader<'_>),
) {
    let mut reader = Reader::new(&chunk.data);
    let mut count = 0;
    while !reader.is_empty() {
        let stamp = match &chunk.framing {
            Framing::Constant(stamp) => stamp.clone(),
            Framing::Each => read_stamp(&mut reader, &windows).unwrap(),
        };
        each(stamp, &mut reader);
        count += 1;
    }
    assert_eq!(count, chunk.count, "a chunk counts its elements");
}

pub(super) fn pairs(chunk: &Chunk, windows: WindowCoder) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for_each(chunk, windows, |stamp, reader| {
        let (key, number) = (key(reader), number(reader));
        pairs.push(Pair { stamp, key, number });
    });
    pairs
}

pub(super) fn key(reader: &mut Reader<'_>) -> u8 {
    let bytes = reader.length_prefixed().unwrap();
    assert_eq!(bytes.len(), 1);
    bytes[0]
}

pub(super) fn number(reader: &mut Reader<'_>) -> u64 {
    u64::from_be_bytes(reader.length_prefixed().unwrap().try_into().unwrap())
}

/// The encoding of a key.
pub(super) fn key_bytes(key: u8) -> bytes::Bytes {
    vec![1, key].into()
}

/// A chunk of pairs.
pub(super) fn chunk(pairs: &[Pair], windows: WindowCoder) -> Chunk {
    let mut data = Vec::new();
    for pair in pairs {
        put_stamp(&mut data, &pair.stamp, &windows);
        put_length_prefixed(&mut data, &[pair.key]);
        put_length_prefixed(&mut data, &pair.number.to_be_bytes());
    }
    let count = u32::try_from(pairs.len()).unwrap();
    Chunk { data: data.into(), framing: Framing::Each, count, partition: None, index: None }
}

/// The pairs of chunks in the windows that they are assigned to.
pub(super) fn assigned(chunk: &Chunk, assign: Assign) -> Vec<Pair> {
    let mut pairs = pairs(chunk, WindowCoder::Global);
    for Pair { stamp, .. } in &mut pairs {
        let Timestamp(at) = stamp.timestamp;
        stamp.windows = Windows::from(assign.windows(at));
    }
    pairs
}

/// The pairs in one chunk or several, in their order; some chunks have one header for all.
pub(super) fn chunks(pairs: &[Pair], windows: WindowCoder, random: &mut Random) -> Vec<Chunk> {
    let mut rest = pairs;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let (piece, left) = rest.split_at(1 + random.below(rest.len()));
        rest = left;
        chunks.push(match piece {
            [pair] if random.one_in(2) => constant(pair),
            piece => chunk(piece, windows),
        });
    }
    chunks
}

fn constant(pair: &Pair) -> Chunk {
    let mut data = Vec::new();
    put_length_prefixed(&mut data, &[pair.key]);
    put_length_prefixed(&mut data, &pair.number.to_be_bytes());
    let framing = Framing::Constant(pair.stamp.clone());
    Chunk { data: data.into(), framing, count: 1, partition: None, index: None }
}
