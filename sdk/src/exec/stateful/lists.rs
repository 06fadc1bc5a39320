//! Reading and writing ordered lists.

#![expect(
    clippy::needless_pass_by_value,
    reason = "what is kept is given away, as to the collections of the standard library"
)]

use std::ops;

use super::access::{boxed, ordered};
use super::ordered::Range;
use crate::coders::{CoderError, Nesting, Reader};
use crate::element::Element;
use crate::error::BoxError;
use crate::exec::Context;
use crate::state::OrderedList;
use crate::time::Timestamp;

/// What an entry takes beside its bytes.
const ENTRY: usize = size_of::<super::ordered::Entry>();

impl<T: Element> OrderedList<T> {
    /// Adds a value at a timestamp, without reading those that are there.
    ///
    /// # Errors
    /// When it has no encoding.
    pub fn add<Out: Element>(
        &self,
        cx: &mut Context<Out>,
        timestamp: Timestamp,
        value: T,
    ) -> Result<(), BoxError> {
        let found = ordered(cx, self.cell)?;
        let mut encoded = Vec::new();
        value.encode(&mut encoded, Nesting::Outer)?;
        *found.size_bytes += encoded.len() + ENTRY;
        found.cell.add(timestamp.clamped().0, encoded);
        Ok(())
    }

    /// All values with their timestamps, by timestamp.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read<Out: Element>(
        &self,
        cx: &mut Context<Out>,
    ) -> Result<Vec<(Timestamp, T)>, BoxError> {
        self.read_in(cx, Range::ALL)
    }

    /// The values from the start of a range up to before its end, by timestamp.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read_range<Out: Element>(
        &self,
        cx: &mut Context<Out>,
        range: ops::Range<Timestamp>,
    ) -> Result<Vec<(Timestamp, T)>, BoxError> {
        self.read_in(cx, Range { start: range.start.0, end: range.end.0 })
    }

    /// Forgets all values.
    ///
    /// # Errors
    /// When no key is being processed.
    pub fn clear<Out: Element>(&self, cx: &mut Context<Out>) -> Result<(), BoxError> {
        ordered(cx, self.cell)?.cell.clear(Range::ALL);
        Ok(())
    }

    /// Forgets the values from the start of a range up to before its end.
    ///
    /// # Errors
    /// When no key is being processed.
    pub fn clear_range<Out: Element>(
        &self,
        cx: &mut Context<Out>,
        range: ops::Range<Timestamp>,
    ) -> Result<(), BoxError> {
        let found = ordered(cx, self.cell)?;
        let range = Range { start: range.start.0, end: range.end.0 };
        if !range.is_empty() {
            *found.size_bytes += size_of::<Range>();
            found.cell.clear(range);
        }
        Ok(())
    }

    fn read_in<Out: Element>(
        &self,
        cx: &mut Context<Out>,
        range: Range,
    ) -> Result<Vec<(Timestamp, T)>, BoxError> {
        let mut found = ordered(cx, self.cell)?;
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let entries = found.cell.read(range, &mut found.address, found.router).map_err(boxed)?;
        *found.size_bytes += entries.iter().map(|(_, value)| value.len() + ENTRY).sum::<usize>();
        let decoded = entries.iter().map(|(key, value)| {
            let mut reader = Reader::shared(value);
            let element = T::decode(&mut reader, Nesting::Outer)?;
            match reader.is_empty() {
                true => Ok((Timestamp(*key), element)),
                false => Err(CoderError::new("bytes follow a value")),
            }
        });
        Ok(decoded.collect::<Result<_, _>>().map_err(|error| error.within(self.cell.name))?)
    }
}
