//! The values of a key of a side input.

use std::marker::PhantomData;

use bytes::Bytes;

use crate::coders::items::read_vec;
use crate::coders::{CoderError, Nesting, Reader};
use crate::element::Element;
use crate::exec::Failure;
use crate::exec::unit::UnitResult;

/// Makes what closures see of a key from its encoded values; with `is_latest`, later values stand
/// for what earlier ones said. `None` where there are no values.
pub(crate) trait ReadValues<K, G>: Send + Sync {
    /// From values one behind the other.
    fn of_key(&self, key: &K, data: &Bytes, is_latest: bool) -> UnitResult<Option<G>>;

    /// From an iterable of values; what is wrong with the values themselves is in the result.
    fn of_iterable(
        &self,
        key: &K,
        input: &mut Reader<'_>,
        is_latest: bool,
    ) -> Result<UnitResult<Option<G>>, CoderError>;
}

/// Makes what closures see by a function of the values, of which there is at least one.
pub(crate) struct Fold<V, F> {
    fold: F,
    values: PhantomData<fn(V)>,
}

impl<V, F> Fold<V, F> {
    pub(crate) fn new<K, G>(fold: F) -> Self
    where
        F: Fn(&K, Vec<V>, bool) -> UnitResult<G>,
    {
        Self { fold, values: PhantomData }
    }
}

impl<K, V, G, F> ReadValues<K, G> for Fold<V, F>
where
    V: Element,
    F: Fn(&K, Vec<V>, bool) -> UnitResult<G> + Send + Sync,
{
    fn of_key(&self, key: &K, data: &Bytes, is_latest: bool) -> UnitResult<Option<G>> {
        let mut input = Reader::shared(data);
        let mut values = Vec::new();
        while !input.is_empty() {
            let before = input.position();
            let value = V::decode(&mut input, Nesting::Nested);
            values.push(value.map_err(|error| Failure::from_error(&error))?);
            if input.position() == before {
                return Err(Failure::new("values of no bytes cannot be counted"));
            }
        }
        self.folded(key, values, is_latest)
    }

    fn of_iterable(
        &self,
        key: &K,
        input: &mut Reader<'_>,
        is_latest: bool,
    ) -> Result<UnitResult<Option<G>>, CoderError> {
        let values = read_vec(input, |input| V::decode(input, Nesting::Nested))?;
        Ok(self.folded(key, values, is_latest))
    }
}

impl<V, F> Fold<V, F> {
    fn folded<K, G>(&self, key: &K, values: Vec<V>, is_latest: bool) -> UnitResult<Option<G>>
    where
        F: Fn(&K, Vec<V>, bool) -> UnitResult<G>,
    {
        if values.is_empty() {
            return Ok(None);
        }
        (self.fold)(key, values, is_latest).map(Some)
    }
}
