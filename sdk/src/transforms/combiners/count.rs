//! How many.

use std::fmt;
use std::num::NonZero;

use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};
use crate::element::Element;
use crate::exec::CombineFn;

/// The number of values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Count;

impl<V: Element> CombineFn<V> for Count {
    type Acc = Counted;
    type Out = u64;

    #[inline]
    fn create(&self) -> Counted {
        Counted(NonZero::<u64>::MIN)
    }

    #[inline]
    fn add(&self, counted: &mut Counted, _: V) {
        counted.0 = counted.0.saturating_add(1);
    }

    fn merge(&self, counted: &mut Counted, other: Counted) {
        counted.0 = counted.0.saturating_add(other.count());
    }

    fn extract(&self, counted: Counted) -> u64 {
        counted.count()
    }
}

/// How many values [`Count`] has seen; coded as the number.
///
/// One more is held, which is never zero: a place of a hash table that may be free then needs no
/// mark beside it, so that a text and its count take half a line of the cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counted(NonZero<u64>);

impl Counted {
    #[inline]
    fn count(self) -> u64 {
        self.0.get() - 1
    }
}

impl From<u64> for Counted {
    #[inline]
    fn from(count: u64) -> Self {
        Self(NonZero::<u64>::MIN.saturating_add(count))
    }
}

impl Element for Counted {
    fn coder_spec() -> CoderSpec {
        u64::coder_spec()
    }
    #[inline]
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        self.count().encode(out, nesting)
    }
    #[inline]
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        u64::decode(input, nesting).map(Self::from)
    }
    #[inline]
    fn skip(input: &mut Reader<'_>) -> Result<(), CoderError> {
        u64::skip(input)
    }
    fn field_type() -> FieldType {
        u64::field_type()
    }
    fn encode_field(&self, out: &mut Vec<u8>) -> Result<(), CoderError> {
        self.count().encode_field(out)
    }
    fn decode_field(input: &mut Reader<'_>) -> Result<Self, CoderError> {
        u64::decode_field(input).map(Self::from)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.count().show(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::element::Text;

    #[test]
    fn counts_are_coded_as_numbers() {
        for count in [0, 1, 300, u64::MAX - 1] {
            let (mut counted, mut number) = (Vec::new(), Vec::new());
            Counted::from(count).encode(&mut counted, Nesting::Nested).unwrap();
            count.encode(&mut number, Nesting::Nested).unwrap();
            assert_eq!(counted, number);
            let read = Counted::decode(&mut Reader::new(&counted), Nesting::Nested).unwrap();
            assert_eq!(read.count(), count);
        }
    }

    #[test]
    fn a_text_and_its_count_take_half_a_line_of_the_cache() {
        assert_eq!(size_of::<Option<(Text, Counted)>>(), 32);
    }
}
