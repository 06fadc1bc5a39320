//! The values of one key, decoded as they are read.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;

use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader, wire};
use crate::element::{Element, shown};

/// The values of a key and window: an iterable that decodes lazily and can be read again.
#[derive(Clone)]
pub struct Grouped<V> {
    /// Concatenated values in the nested form.
    data: Bytes,
    count: usize,
    element: PhantomData<fn() -> V>,
}

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
        Values { data: self.data.clone(), position: 0, left: self.count, element: PhantomData }
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
        Self { data: data.into(), count, element: PhantomData }
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
    data: Bytes,
    position: usize,
    left: usize,
    element: PhantomData<fn() -> V>,
}

impl<V: Element> Iterator for Values<V> {
    type Item = V;

    fn next(&mut self) -> Option<V> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let rest = self.data.slice(self.position..);
        let mut reader = Reader::shared(&rest);
        match V::decode(&mut reader, Nesting::Nested) {
            Ok(value) => {
                self.position += reader.position();
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
        out.extend_from_slice(&self.data);
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
        Ok(Self { data, count, element: PhantomData })
    }

    /// The form of an iterable whose length was not known: blocks, each behind its count.
    fn in_blocks(input: &mut Reader<'_>) -> Result<Self, CoderError> {
        let mut data = Vec::new();
        let mut count = 0;
        loop {
            let block = input.varint()?;
            if block == 0 {
                return Ok(Self { data: data.into(), count, element: PhantomData });
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
