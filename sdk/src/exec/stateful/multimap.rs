//! What a bundle knows of a multimap, and has done to it.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::address::Address;
use super::bag::{BagCell, Contents};
use crate::coders::{CoderError, Reader};
use crate::exec::unit::UnitResult;
use crate::exec::{Failure, Host, Router};

/// Moves past an encoded key of a multimap.
pub(super) type SkipKey = fn(&mut Reader<'_>) -> Result<(), CoderError>;

/// A multimap of encoded keys and values.
#[derive(Default)]
pub(super) struct MultimapCell {
    /// Whether what the runner holds is to be forgotten.
    is_cleared: bool,
    /// The keys that the runner holds, where they were read.
    stored_keys: Option<BTreeSet<Bytes>>,
    /// The keys whose values were used.
    entries: BTreeMap<Bytes, BagCell>,
}

impl MultimapCell {
    /// The values of a key.
    pub(super) fn entry(&mut self, map_key: Bytes) -> &mut BagCell {
        let Self { is_cleared, stored_keys, entries } = self;
        entries.entry(map_key).or_insert_with_key(|map_key| match stored_keys {
            _ if *is_cleared => BagCell::cleared(),
            Some(all) if !all.contains(map_key) => BagCell::known(Bytes::new()),
            _ => BagCell::default(),
        })
    }

    /// The values of a key, of which the runner holds some.
    pub(super) fn read(
        &mut self,
        map_key: Bytes,
        address: &mut Address<'_>,
        router: &Router,
        size_bytes: &mut usize,
    ) -> UnitResult<Contents<'_>> {
        let key = address.map_values(&map_key);
        self.entry(map_key).read(|| {
            let data = router.read_state(key)?;
            *size_bytes += data.len();
            Ok(data)
        })
    }

    /// All keys that have values, by the order of their bytes.
    pub(super) fn keys(
        &mut self,
        skip: SkipKey,
        address: &mut Address<'_>,
        router: &Router,
    ) -> UnitResult<BTreeSet<Bytes>> {
        let mut keys = match &self.stored_keys {
            _ if self.is_cleared => BTreeSet::new(),
            Some(stored) => stored.clone(),
            None => {
                let stored = split(&router.read_state(address.map_keys())?, skip)?;
                self.stored_keys.insert(stored).clone()
            }
        };
        for (key, values) in &self.entries {
            match values.is_known_empty() {
                Some(true) => drop(keys.remove(key)),
                Some(false) => drop(keys.insert(key.clone())),
                None => {}
            }
        }
        Ok(keys)
    }

    pub(super) fn clear(&mut self) {
        *self = Self { is_cleared: true, ..Self::default() };
    }

    /// Hands the changes on.
    pub(super) fn flush(self, address: &mut Address<'_>, host: &mut dyn Host) -> UnitResult {
        if self.is_cleared {
            host.clear_state(address.map_keys())?;
        }
        for (map_key, values) in self.entries {
            if values.is_cleared && !self.is_cleared {
                host.clear_state(address.map_values(&map_key))?;
            }
            let added = values.into_added();
            if !added.is_empty() {
                host.append_state(address.map_values(&map_key), added.into())?;
            }
        }
        Ok(())
    }
}

fn split(data: &Bytes, skip: SkipKey) -> UnitResult<BTreeSet<Bytes>> {
    let mut keys = BTreeSet::new();
    let mut reader = Reader::shared(data);
    while !reader.is_empty() {
        let start = reader.position();
        skip(&mut reader).map_err(|error| Failure::from_error(&error))?;
        if reader.position() == start {
            return Err(Failure::new("keys of no bytes cannot be told apart"));
        }
        keys.insert(data.slice(start..reader.position()));
    }
    Ok(keys)
}
