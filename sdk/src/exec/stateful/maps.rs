//! Reading and writing sets, maps and multimaps.

#![expect(
    clippy::needless_pass_by_value,
    reason = "what is kept is given away, as to the collections of the standard library"
)]

use std::collections::BTreeSet;

use bytes::Bytes;

use super::access::{Found, boxed, multimap};
use super::bag::{BagCell, Contents};
use super::multimap::MultimapCell;
use super::values::decoded;
use crate::coders::{CoderError, Nesting, Reader};
use crate::element::Element;
use crate::error::BoxError;
use crate::exec::Context;
use crate::state::{CellId, Map, Multimap, Set};

/// What stands behind a member of a set: `true`.
const MEMBER: u8 = 1;

impl<T: Element> Set<T> {
    /// All members, by the order of their bytes.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read<Out: Element>(&self, cx: &mut Context<Out>) -> Result<Vec<T>, BoxError> {
        keys(cx, self.cell)
    }

    /// Whether `value` is a member.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn contains<Out: Element>(
        &self,
        cx: &mut Context<Out>,
        value: &T,
    ) -> Result<bool, BoxError> {
        Ok(!multimap(cx, self.cell)?.read(nested(value)?)?.reader().is_empty())
    }

    /// Adds a member, if it is none yet; without reading.
    ///
    /// # Errors
    /// When it has no encoding.
    pub fn add<Out: Element>(&self, cx: &mut Context<Out>, value: T) -> Result<(), BoxError> {
        multimap(cx, self.cell)?.put(nested(&value)?, true, |out| {
            out.push(MEMBER);
            Ok(())
        })
    }

    /// Removes a member, if it is one.
    ///
    /// # Errors
    /// When it has no encoding.
    pub fn remove<Out: Element>(&self, cx: &mut Context<Out>, value: &T) -> Result<(), BoxError> {
        multimap(cx, self.cell)?.remove(nested(value)?);
        Ok(())
    }

    /// Forgets all members.
    ///
    /// # Errors
    /// When no key is being processed.
    pub fn clear<Out: Element>(&self, cx: &mut Context<Out>) -> Result<(), BoxError> {
        multimap(cx, self.cell)?.cell.clear();
        Ok(())
    }
}

impl<K: Element, V: Element> Map<K, V> {
    /// The value of a key.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn get<Out: Element>(&self, cx: &mut Context<Out>, key: &K) -> Result<Option<V>, BoxError> {
        let mut values = values(cx, self.cell, nested(key)?)?;
        if values.len() > 1 {
            let name = self.cell.name;
            return Err(format!("a key of the state cell `{name}` has several values").into());
        }
        Ok(values.pop())
    }

    /// Writes the value of a key, in the place of the last.
    ///
    /// # Errors
    /// When they have no encoding.
    pub fn insert<Out: Element>(
        &self,
        cx: &mut Context<Out>,
        key: K,
        value: V,
    ) -> Result<(), BoxError> {
        put(cx, self.cell, (&key, &value), true)
    }

    /// Forgets a key.
    ///
    /// # Errors
    /// When it has no encoding.
    pub fn remove<Out: Element>(&self, cx: &mut Context<Out>, key: &K) -> Result<(), BoxError> {
        multimap(cx, self.cell)?.remove(nested(key)?);
        Ok(())
    }

    /// All keys, by the order of their bytes.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn keys<Out: Element>(&self, cx: &mut Context<Out>) -> Result<Vec<K>, BoxError> {
        keys(cx, self.cell)
    }

    /// All keys with their values. Costs a read for each key.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn entries<Out: Element>(&self, cx: &mut Context<Out>) -> Result<Vec<(K, V)>, BoxError> {
        let mut entries = Vec::new();
        for key in keys::<K, Out>(cx, self.cell)? {
            if let Some(value) = self.get(cx, &key)? {
                entries.push((key, value));
            }
        }
        Ok(entries)
    }

    /// Forgets all keys.
    ///
    /// # Errors
    /// When no key is being processed.
    pub fn clear<Out: Element>(&self, cx: &mut Context<Out>) -> Result<(), BoxError> {
        multimap(cx, self.cell)?.cell.clear();
        Ok(())
    }
}

impl<K: Element, V: Element> Multimap<K, V> {
    /// The values of a key, in no promised order.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn get<Out: Element>(&self, cx: &mut Context<Out>, key: &K) -> Result<Vec<V>, BoxError> {
        values(cx, self.cell, nested(key)?)
    }

    /// Adds a value of a key, without reading those that are there.
    ///
    /// # Errors
    /// When they have no encoding.
    pub fn add<Out: Element>(
        &self,
        cx: &mut Context<Out>,
        key: K,
        value: V,
    ) -> Result<(), BoxError> {
        put(cx, self.cell, (&key, &value), false)
    }

    /// Forgets a key and its values.
    ///
    /// # Errors
    /// When it has no encoding.
    pub fn remove<Out: Element>(&self, cx: &mut Context<Out>, key: &K) -> Result<(), BoxError> {
        multimap(cx, self.cell)?.remove(nested(key)?);
        Ok(())
    }

    /// All keys, by the order of their bytes.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn keys<Out: Element>(&self, cx: &mut Context<Out>) -> Result<Vec<K>, BoxError> {
        keys(cx, self.cell)
    }

    /// All keys with their values. Costs a read for each key.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn entries<Out: Element>(
        &self,
        cx: &mut Context<Out>,
    ) -> Result<Vec<(K, Vec<V>)>, BoxError> {
        let mut entries = Vec::new();
        for key in keys::<K, Out>(cx, self.cell)? {
            let values = self.get(cx, &key)?;
            entries.push((key, values));
        }
        Ok(entries)
    }

    /// Forgets all keys.
    ///
    /// # Errors
    /// When no key is being processed.
    pub fn clear<Out: Element>(&self, cx: &mut Context<Out>) -> Result<(), BoxError> {
        multimap(cx, self.cell)?.cell.clear();
        Ok(())
    }
}

impl<'a> Found<'a, MultimapCell> {
    /// The values of a key.
    fn read(self, map_key: Bytes) -> Result<Contents<'a>, BoxError> {
        let Self { cell, mut address, router, size_bytes } = self;
        *size_bytes += map_key.len() + size_of::<BagCell>();
        cell.read(map_key, &mut address, router, size_bytes).map_err(boxed)
    }

    /// Adds a value of a key; in the place of the others, with `replaces`.
    fn put(
        self,
        map_key: Bytes,
        replaces: bool,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), CoderError>,
    ) -> Result<(), BoxError> {
        let size = map_key.len() + size_of::<BagCell>();
        let values = self.cell.entry(map_key);
        let length = if replaces { values.replace(encode) } else { values.append(encode) }?;
        *self.size_bytes += size + length;
        Ok(())
    }

    fn remove(self, map_key: Bytes) {
        *self.size_bytes += map_key.len() + size_of::<BagCell>();
        self.cell.entry(map_key).clear();
    }

    fn keys<K: Element>(mut self) -> Result<BTreeSet<Bytes>, BoxError> {
        let keys = self.cell.keys(K::skip, &mut self.address, self.router).map_err(boxed)?;
        *self.size_bytes += keys.iter().map(Bytes::len).sum::<usize>();
        Ok(keys)
    }
}

fn nested<T: Element>(value: &T) -> Result<Bytes, CoderError> {
    let mut out = Vec::new();
    value.encode(&mut out, Nesting::Nested)?;
    Ok(out.into())
}

/// Adds a value of a key; in the place of the others, with `replaces`.
fn put<K: Element, V: Element, Out: Element>(
    cx: &mut Context<Out>,
    cell: CellId,
    (key, value): (&K, &V),
    replaces: bool,
) -> Result<(), BoxError> {
    let encode = |out: &mut Vec<u8>| value.encode(out, Nesting::Nested);
    multimap(cx, cell)?.put(nested(key)?, replaces, encode)
}

fn keys<K: Element, Out: Element>(cx: &mut Context<Out>, cell: CellId) -> Result<Vec<K>, BoxError> {
    let keys = multimap(cx, cell)?.keys::<K>()?;
    let decoded = keys.iter().map(|key| K::decode(&mut Reader::shared(key), Nesting::Nested));
    Ok(decoded.collect::<Result<_, _>>().map_err(|error| error.within(cell.name))?)
}

fn values<V: Element, Out: Element>(
    cx: &mut Context<Out>,
    cell: CellId,
    map_key: Bytes,
) -> Result<Vec<V>, BoxError> {
    let data = multimap(cx, cell)?.read(map_key)?;
    Ok(decoded(&data).map_err(|error| error.within(cell.name))?)
}
