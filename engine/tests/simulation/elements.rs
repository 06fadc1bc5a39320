//! The elements of the simulation and their bytes.

use purlin_engine::Random;
use purlin_sdk::coders::Reader;
use purlin_sdk::coders::windowed::{WindowCoder, put_stamp, read_stamp};
use purlin_sdk::coders::wire::put_length_prefixed;
use purlin_sdk::exec::{Chunk, Framing};
use purlin_sdk::{IntervalWindow, Stamp, Timestamp, Window, Windows};

use crate::plan::WINDOW;

/// The event time of a number.
pub(crate) fn time_of(number: u64) -> Timestamp {
    Timestamp(i64::try_from(number).expect("small") * 1000)
}

/// The window of a number.
pub(crate) fn window_of(number: u64) -> Window {
    let size = i64::try_from(WINDOW.as_millis()).expect("small");
    let start = time_of(number).0 / size * size;
    Window::Interval(IntervalWindow { start: Timestamp(start), end: Timestamp(start + size) })
}

pub(crate) fn stamp_of(number: u64) -> Stamp {
    Stamp {
        timestamp: time_of(number),
        windows: Windows::One(window_of(number)),
        ..Stamp::default()
    }
}

/// The encoded pair of a number, whose key is its remainder by 5.
pub(crate) fn put_pair(out: &mut Vec<u8>, number: u64) {
    put_length_prefixed(out, &(number % 5).to_be_bytes());
    put_length_prefixed(out, &number.to_be_bytes());
}

/// Chunks of numbers, each with one stamp for all or one for each.
pub(crate) fn chunks(numbers: &[u64], random: &mut Random) -> Vec<Chunk> {
    if random.one_in(3) {
        return numbers.iter().map(|number| constant(*number)).collect();
    }
    let mut data = Vec::new();
    for number in numbers {
        put_stamp(&mut data, &stamp_of(*number), &WindowCoder::Interval);
        put_pair(&mut data, *number);
    }
    let count = u32::try_from(numbers.len()).expect("small");
    vec![Chunk { data: data.into(), framing: Framing::Each, count, partition: None, index: None }]
}

fn constant(number: u64) -> Chunk {
    let mut data = Vec::new();
    put_pair(&mut data, number);
    let framing = Framing::Constant(stamp_of(number));
    Chunk { data: data.into(), framing, count: 1, partition: None, index: None }
}

/// A chunk of byte strings in the global window at the beginning of time.
pub(crate) fn strings(values: &[Vec<u8>]) -> Chunk {
    let mut data = Vec::new();
    values.iter().for_each(|value| put_length_prefixed(&mut data, value));
    let count = u32::try_from(values.len()).expect("small");
    let framing = Framing::Constant(Stamp::default());
    Chunk { data: data.into(), framing, count, partition: None, index: None }
}

/// Calls `each` with the stamp of every element and a reader of its value.
pub(crate) fn for_each(
    chunk: &Chunk,
    windows: WindowCoder,
    mut each: impl FnMut(&Stamp, &mut Reader<'_>),
) {
    let mut reader = Reader::new(&chunk.data);
    let mut count = 0;
    while !reader.is_empty() {
        let stamp = match &chunk.framing {
            Framing::Constant(stamp) => stamp.clone(),
            Framing::Each => read_stamp(&mut reader, &windows).expect("a stamp"),
        };
        each(&stamp, &mut reader);
        count += 1;
    }
    assert_eq!(count, chunk.count, "a chunk counts its elements");
}

pub(crate) fn bytes(reader: &mut Reader<'_>) -> Vec<u8> {
    let length = reader.length().expect("a length");
    reader.take(length).expect("bytes").to_vec()
}

pub(crate) fn number(reader: &mut Reader<'_>) -> u64 {
    u64::from_be_bytes(bytes(reader).try_into().expect("8 bytes"))
}
