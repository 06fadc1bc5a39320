//! The values of one key, decoded as they are read.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::by_key::Position;
use super::paged::{Paged, PagedGroup, Place};
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader, wire};
use crate::element::{Element, shown};

/// The values of a key and window: an iterable that decodes lazily and can be read again.
#[derive(Clone)]
pub struct Grouped<V> {
    store: Store,
    count: usize,
    element: PhantomData<fn() -> V>,
}

/// Where the values of a group are, in the nested form.
#[derive(Clone)]
enum Store {
    /// One behind the other.
    Whole(Bytes),
    /// Wherever they arrived, from this position on.
    Scattered(Arc<Scattered>, usize),
    /// In pages, each behind its key.
    Paged(Paged),
}

/// Values of many groups where they arrived: a group that was never written anew.
pub(super) struct Scattered {
    chunks: Vec<Bytes>,
    /// A chunk and an offset in it for each value, in the order of groups.
    positions: Vec<Position>,
}

impl Scattered {
    pub(super) fn new(chunks: Vec<Bytes>, positions: Vec<Position>) -> Self {
        Self { chunks, positions }
    }

    fn reader(&self, number: usize) -> Reader<'_> {
        let Position { slice, at } = self.positions[number];
        Reader::shared_at(&self.chunks[slice as usize], at as usize)
    }

    /// Has the processor fetch the beginnings of these values, all at the same time: they lie apart,
    /// and one by one each would be waited for.
    fn fetch(&self, numbers: Range<usize>) {
        let mut bytes = 0;
        for Position { slice, at } in &self.positions[numbers] {
            let (chunk, at) = (&self.chunks[*slice as usize], *at as usize);
            bytes ^= chunk.get(at).unwrap_or(&0) ^ chunk.get(at + CACHE_LINE).unwrap_or(&0);
        }
        // Nobody wants to know them, which the compiler must not find out.
        std::hint::black_box(bytes);
    }
}

/// So many scattered values are fetched at the same time: about as many as processors can wait for.
const FETCHED: usize = 16;

/// The bytes that a processor fetches at once, on most machines.
const CACHE_LINE: usize = 64;

impl<V: Element> Grouped<V> {
    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The values. They were checked when the group was made.
    pub fn iter(&self) -> Values<V> {
        let (store, left) = (self.store.clone(), self.count);
        Values { store, position: 0, place: Place::default(), left, element: PhantomData }
    }

    /// Those of all scattered values that are in this range.
    pub(super) fn scattered(values: &Arc<Scattered>, range: Range<usize>) -> Self {
        let count = range.len();
        let store = Store::Scattered(Arc::clone(values), range.start);
        Self { store, count, element: PhantomData }
    }

    /// The values of a group in pages.
    pub(super) fn paged(group: &PagedGroup) -> Self {
        let store = Store::Paged(Paged::new(group));
        Self { store, count: group.count, element: PhantomData }
    }

    fn whole(data: Bytes, count: usize) -> Self {
        Self { store: Store::Whole(data), count, element: PhantomData }
    }
}

impl<V: Element> FromIterator<V> for Grouped<V> {
    /// A group of these values; those without an encoding are left out, which only a type whose
    /// `encode` fails can bring about.
    fn from_iter<I: IntoIterator<Item = V>>(values: I) -> Self {
        let mut data = Vec::new();
        let mut count = 0;
        for value in values {
            let before = data.len();
            if value.encode(&mut data, Nesting::Nested).is_ok() {
                count += 1;
            } else {
                data.truncate(before);
            }
        }
        Self::whole(data.into(), count)
    }
}

impl<V: Element> IntoIterator for Grouped<V> {
    type Item = V;
    type IntoIter = Values<V>;
    fn into_iter(self) -> Values<V> {
        self.iter()
    }
}

impl<V: Element> IntoIterator for &Grouped<V> {
    type Item = V;
    type IntoIter = Values<V>;
    fn into_iter(self) -> Values<V> {
        self.iter()
    }
}

/// The iterator over a group.
pub struct Values<V> {
    store: Store,
    /// Of the next value: its offset, or how many were read.
    position: usize,
    /// The same of values in pages.
    place: Place,
    left: usize,
    element: PhantomData<fn() -> V>,
}

impl<V: Element> Iterator for Values<V> {
    type Item = V;

    fn next(&mut self) -> Option<V> {
        if self.left == 0 {
            return None;
        }
        let (mut reader, is_whole) = match &self.store {
            Store::Whole(data) => (Reader::shared_at(data, self.position), true),
            Store::Scattered(values, start) => {
                let number = start + self.position;
                if self.position.is_multiple_of(FETCHED) {
                    values.fetch(number..number + self.left.min(FETCHED));
                }
                (values.reader(number), false)
            }
            Store::Paged(pages) => {
                self.left -= 1;
                return Some(self.place.value(pages));
            }
        };
        self.left -= 1;
        match V::decode(&mut reader, Nesting::Nested) {
            Ok(value) => {
                self.position = if is_whole { reader.position() } else { self.position + 1 };
                Some(value)
            }
            // The bytes were walked when the group was decoded, but a type may find more wrong in
            // reading a value than in skipping it. A panic here is fenced and fails the bundle.
            Err(error) => panic!("a value of the group is malformed: {error}"),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<V: Element> ExactSizeIterator for Values<V> {}

impl<V: Element> Element for Grouped<V> {
    fn coder_spec() -> CoderSpec {
        CoderSpec::iterable(V::coder_spec())
            .not_deterministic("the values of a group come in any order")
    }

    fn encode(&self, out: &mut Vec<u8>, _nesting: Nesting) -> Result<(), CoderError> {
        wire::put_count(out, self.count)?;
        match &self.store {
            Store::Whole(data) => out.extend_from_slice(data),
            Store::Scattered(values, start) => {
                for number in *start..start + self.count {
                    let mut reader = values.reader(number);
                    let before = reader.position();
                    V::skip(&mut reader)?;
                    out.extend_from_slice(reader.since(before));
                }
            }
            Store::Paged(pages) => {
                let mut place = Place::default();
                for _ in 0..self.count {
                    let (page, at) = pages
                        .next(&mut place)
                        .map_err(|error| CoderError::new(error.to_string()))?;
                    let mut reader = Reader::shared_at(page, at);
                    V::skip(&mut reader)?;
                    out.extend_from_slice(reader.since(at));
                    let end = reader.position();
                    place.pass(end);
                }
            }
        }
        Ok(())
    }

    fn decode(input: &mut Reader<'_>, _nesting: Nesting) -> Result<Self, CoderError> {
        match input.count()? {
            Some(count) => Self::counted(input, count),
            None => Self::in_blocks(input),
        }
    }

    fn field_type() -> FieldType {
        Vec::<V>::field_type()
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (index, value) in self.iter().take(10).enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{}", shown(&value))?;
        }
        f.write_str(if self.count > 10 { ", …]" } else { "]" })
    }
}

impl<V: Element> Grouped<V> {
    fn counted(input: &mut Reader<'_>, count: usize) -> Result<Self, CoderError> {
        let mut ahead = input.clone();
        for index in 0..count {
            V::skip(&mut ahead).map_err(|error| error.within(format!("iterable[{index}]")))?;
        }
        let data = input.take_shared(ahead.position() - input.position())?;
        Ok(Self::whole(data, count))
    }

    /// The form of an iterable whose length was not known: blocks, each behind its count.
    fn in_blocks(input: &mut Reader<'_>) -> Result<Self, CoderError> {
        let mut data = Vec::new();
        let mut count = 0;
        loop {
            let block = input.varint()?;
            if block == 0 {
                return Ok(Self::whole(data.into(), count));
            }
            let start = input.position();
            for _ in 0..block {
                V::skip(input).map_err(|error| error.within(format!("iterable[{count}]")))?;
                count += 1;
            }
            data.extend_from_slice(input.since(start));
        }
    }
}
