//! What a bundle knows of an ordered list, and has done to it.

use bytes::Bytes;

use super::address::Address;
use crate::coders::{CoderError, Reader, wire};
use crate::exec::unit::UnitResult;
use crate::exec::{Failure, Host, Router};
use crate::time::Timestamp;

/// Sort keys from `start`, inclusive, to `end`, exclusive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Range {
    pub(super) start: i64,
    pub(super) end: i64,
}

impl Range {
    /// All timestamps of the model.
    pub(super) const ALL: Self = Self { start: Timestamp::MIN.0, end: Timestamp::MAX.0 + 1 };

    pub(super) fn is_empty(self) -> bool {
        self.start >= self.end
    }

    fn contains(self, key: i64) -> bool {
        (self.start..self.end).contains(&key)
    }

    fn covers(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// A sort key and an encoded value, in its outer form.
pub(super) type Entry = (i64, Bytes);

/// A list of entries, sorted by their keys.
#[derive(Default)]
pub(super) struct OrderedCell {
    /// What was last read of what the runner holds.
    stored: Option<(Range, Vec<Entry>)>,
    /// What the runner is to forget.
    removed: Vec<Range>,
    /// What was added, and not removed since.
    added: Vec<Entry>,
}

impl OrderedCell {
    /// The entries of a range, by key and then as they were added.
    pub(super) fn read(
        &mut self,
        range: Range,
        address: &mut Address<'_>,
        router: &Router,
    ) -> UnitResult<Vec<Entry>> {
        let mut found = Vec::new();
        if !self.is_removed(range) {
            for entry in self.stored(range, address, router)? {
                if range.contains(entry.0) {
                    found.push(entry.clone());
                }
            }
            found.retain(|(key, _)| !self.removed.iter().any(|removed| removed.contains(*key)));
        }
        found.extend(self.added.iter().filter(|(key, _)| range.contains(*key)).cloned());
        found.sort_by_key(|(key, _)| *key);
        Ok(found)
    }

    fn is_removed(&self, range: Range) -> bool {
        self.removed.iter().any(|removed| removed.covers(range))
    }

    /// Entries that the runner holds, at least those of the range.
    fn stored(
        &mut self,
        range: Range,
        address: &mut Address<'_>,
        router: &Router,
    ) -> UnitResult<&[Entry]> {
        if self.stored.as_ref().is_none_or(|(known, _)| !known.covers(range)) {
            let data = router.read_state(address.list(Some(range)))?;
            self.stored = Some((range, entries(&data)?));
        }
        Ok(self.stored.as_ref().map_or(&[], |(_, entries)| entries))
    }

    pub(super) fn add(&mut self, key: i64, value: Vec<u8>) {
        self.added.push((key, value.into()));
    }

    pub(super) fn clear(&mut self, range: Range) {
        self.added.retain(|(key, _)| !range.contains(*key));
        self.removed.retain(|removed| !range.covers(*removed));
        if !self.is_removed(range) {
            self.removed.push(range);
        }
    }

    /// Hands the changes on.
    pub(super) fn flush(self, address: &mut Address<'_>, host: &mut dyn Host) -> UnitResult {
        for range in self.removed {
            host.clear_state(address.list(Some(range)))?;
        }
        if self.added.is_empty() {
            return Ok(());
        }
        let mut data = Vec::new();
        for (key, value) in &self.added {
            wire::put_varint(&mut data, key.cast_unsigned());
            wire::put_length_prefixed(&mut data, value);
        }
        host.append_state(address.list(None), data.into())
    }
}

fn entries(data: &Bytes) -> UnitResult<Vec<Entry>> {
    let mut reader = Reader::shared(data);
    let mut entries = Vec::new();
    while !reader.is_empty() {
        entries.push(entry(&mut reader).map_err(|error| Failure::from_error(&error))?);
    }
    Ok(entries)
}

fn entry(reader: &mut Reader<'_>) -> Result<Entry, CoderError> {
    let key = reader.varint()?.cast_signed();
    let length = reader.length()?;
    Ok((key, reader.take_shared(length)?))
}
