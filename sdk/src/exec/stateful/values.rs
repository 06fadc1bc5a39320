//! Reading and writing values, bags and accumulators.

#![expect(
    clippy::needless_pass_by_value,
    reason = "what is kept is given away, as to the collections of the standard library"
)]

use super::access::bag;
use super::bag::Contents;
use crate::coders::{CoderError, Nesting};
use crate::element::Element;
use crate::error::BoxError;
use crate::exec::{CombineFn, Context};
use crate::state::{Bag, CellKind, Combining, StateSpecs, Value};

impl<T: Element> Value<T> {
    /// The value, if one was written.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read<Out: Element>(&self, cx: &mut Context<Out>) -> Result<Option<T>, BoxError> {
        let data = bag(cx, self.cell)?.read()?;
        let mut reader = data.reader();
        if reader.is_empty() {
            return Ok(None);
        }
        let value = T::decode(&mut reader, Nesting::Nested);
        let value = value.map_err(|error| error.within(self.cell.name))?;
        if !reader.is_empty() {
            return Err(format!("the state cell `{}` has several values", self.cell.name).into());
        }
        Ok(Some(value))
    }

    /// Writes the value in the place of the last.
    ///
    /// # Errors
    /// When it has no encoding.
    pub fn write<Out: Element>(&self, cx: &mut Context<Out>, value: T) -> Result<(), BoxError> {
        bag(cx, self.cell)?.replace(|out| value.encode(out, Nesting::Nested))
    }

    /// Forgets the value.
    ///
    /// # Errors
    /// When no key is being processed.
    pub fn clear<Out: Element>(&self, cx: &mut Context<Out>) -> Result<(), BoxError> {
        bag(cx, self.cell)?.cell.clear();
        Ok(())
    }
}

impl<T: Element> Bag<T> {
    /// All values, in no promised order.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read<Out: Element>(&self, cx: &mut Context<Out>) -> Result<Vec<T>, BoxError> {
        let data = bag(cx, self.cell)?.read()?;
        Ok(decoded(&data).map_err(|error| error.within(self.cell.name))?)
    }

    /// Adds a value, without reading those that are there.
    ///
    /// # Errors
    /// When it has no encoding.
    pub fn add<Out: Element>(&self, cx: &mut Context<Out>, value: T) -> Result<(), BoxError> {
        bag(cx, self.cell)?.append(|out| value.encode(out, Nesting::Nested))
    }

    /// Whether it has no values; only a read tells, unless one was added in the same bundle.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn is_empty<Out: Element>(&self, cx: &mut Context<Out>) -> Result<bool, BoxError> {
        let found = bag(cx, self.cell)?;
        match found.cell.is_known_empty() {
            Some(is_empty) => Ok(is_empty),
            None => Ok(found.read()?.reader().is_empty()),
        }
    }

    /// Forgets all values.
    ///
    /// # Errors
    /// When no key is being processed.
    pub fn clear<Out: Element>(&self, cx: &mut Context<Out>) -> Result<(), BoxError> {
        bag(cx, self.cell)?.cell.clear();
        Ok(())
    }
}

impl StateSpecs {
    /// A cell that combines what is added to it.
    #[track_caller]
    pub fn combining<V, F: CombineFn<V>>(&mut self, name: &'static str, f: F) -> Combining<V, F> {
        Combining::new(self.cell(name, CellKind::Combining(F::Acc::coder_spec())), f)
    }
}

impl<V, F: CombineFn<V>> Combining<V, F> {
    /// The result of all that was added; of nothing, where nothing was.
    ///
    /// # Errors
    /// When the accumulator cannot be read.
    pub fn read<Out: Element>(&self, cx: &mut Context<Out>) -> Result<F::Out, BoxError> {
        Ok(self.f.extract(self.accumulator(cx)?))
    }

    /// Adds a value.
    ///
    /// # Errors
    /// When the accumulator cannot be read, or has no encoding.
    pub fn add<Out: Element>(&self, cx: &mut Context<Out>, value: V) -> Result<(), BoxError> {
        let mut acc = self.accumulator(cx)?;
        self.f.add(&mut acc, value);
        self.write(cx, &acc)
    }

    /// Adds the values of another accumulator.
    ///
    /// # Errors
    /// When the accumulator cannot be read, or has no encoding.
    pub fn merge<Out: Element>(
        &self,
        cx: &mut Context<Out>,
        other: F::Acc,
    ) -> Result<(), BoxError> {
        let mut acc = self.accumulator(cx)?;
        self.f.merge(&mut acc, other);
        self.write(cx, &acc)
    }

    /// Forgets all that was added.
    ///
    /// # Errors
    /// When no key is being processed.
    pub fn clear<Out: Element>(&self, cx: &mut Context<Out>) -> Result<(), BoxError> {
        bag(cx, self.cell)?.cell.clear();
        Ok(())
    }

    /// What stands for all that was added. A runner may merge the cells of two windows, which then
    /// hold two accumulators.
    fn accumulator<Out: Element>(&self, cx: &mut Context<Out>) -> Result<F::Acc, BoxError> {
        let data = bag(cx, self.cell)?.read()?;
        let accs = decoded::<F::Acc>(&data).map_err(|error| error.within(self.cell.name))?;
        let mut accs = accs.into_iter();
        let mut all = accs.next().unwrap_or_else(|| self.f.create());
        accs.for_each(|acc| self.f.merge(&mut all, acc));
        Ok(all)
    }

    fn write<Out: Element>(&self, cx: &mut Context<Out>, acc: &F::Acc) -> Result<(), BoxError> {
        bag(cx, self.cell)?.replace(|out| acc.encode(out, Nesting::Nested))
    }
}

/// The values of a bag.
pub(super) fn decoded<T: Element>(data: &Contents<'_>) -> Result<Vec<T>, CoderError> {
    let mut reader = data.reader();
    let mut values = Vec::new();
    while !reader.is_empty() {
        let start = reader.position();
        values.push(T::decode(&mut reader, Nesting::Nested)?);
        if reader.position() == start {
            return Err(CoderError::new("values of no bytes cannot be counted"));
        }
    }
    Ok(values)
}
