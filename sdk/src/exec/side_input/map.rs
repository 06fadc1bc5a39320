//! Side inputs that are looked up by key.

use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::ops::Index;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use hashbrown::{DefaultHashBuilder, HashMap};

use super::SideWindow;
use super::cache::MOST_BYTES;
use super::found::Found;
use super::keys::Keys;
use super::values::ReadValues;
use crate::coders::{Nesting, Reader};
use crate::element::{Element, shown};
use crate::exec::Failure;
use crate::exec::unit::UnitResult;

/// So many keys are looked up one by one: a bundle of a stream often asks for no more.
pub(super) const FEW: usize = 16;

/// Then so many encoded bytes are read at once, up to the end of a page: a small side input whole.
const SOME_BYTES: usize = 64 << 10;

/// So many more keys are looked up one by one: to read much costs as much as they do.
const MANY: usize = 4096;

/// Then so many encoded bytes are read at once, as many as the views of a side input keep from
/// bundle to bundle. Keys beyond them are looked up one by one.
const BULK_BYTES: usize = MOST_BYTES;

/// So many bytes of keys that were looked up one by one are kept.
const FOUND_BYTES: usize = 8 << 20;

const FOUND_BUCKETS: usize = 1 << 14;

/// One window of a side input of pairs, by key: what a view made by
/// [`as_map`](crate::PCollection::as_map) or [`as_multimap`](crate::PCollection::as_multimap) shows.
///
/// The first few keys are looked up one by one. For whoever asks for more, a small side input is
/// read whole, and of a large one as much as pays; its other keys are looked up one by one, and what
/// is kept of them is bounded. Keys are equal if their encoded bytes are.
///
/// A lookup that fails ends the bundle at once, with the element that asked for it: because the
/// runner cannot be reached, or a key of a map has several values. It does so by unwinding, like
/// a panic, so that no function goes on without an answer.
pub struct SideMap<K, V> {
    source: Arc<Source<K, V>>,
    lookups: AtomicUsize,
    few: Found<K, Option<V>>,
    more: OnceLock<Found<K, Option<V>>>,
}

/// What the maps of one window share.
struct Source<K, V> {
    window: SideWindow,
    values: Arc<dyn ReadValues<K, V>>,
    some: OnceLock<Bulk<K, V>>,
    bulk: OnceLock<Bulk<K, V>>,
    hasher: DefaultHashBuilder,
}

/// What was read at once.
struct Bulk<K, V> {
    map: HashMap<K, V>,
    is_whole: bool,
    size_bytes: usize,
}

impl<K: Element + Eq + Hash, V: Send + Sync + 'static> SideMap<K, V> {
    pub(super) fn new(window: SideWindow, values: Arc<dyn ReadValues<K, V>>) -> Self {
        let hasher = DefaultHashBuilder::default();
        let (some, bulk) = (OnceLock::new(), OnceLock::new());
        Self::of(Arc::new(Source { window, values, some, bulk, hasher }))
    }

    fn of(source: Arc<Source<K, V>>) -> Self {
        let (few, more) = (Found::new(FEW), OnceLock::new());
        Self { source, lookups: AtomicUsize::new(0), few, more }
    }

    /// What the side input has for a key; `None` where it has nothing.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        self.find(key).unwrap_or_else(|failure| resume_unwind(failure))
    }

    /// Whether the side input has anything for a key.
    #[must_use]
    pub fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    /// The keys, each once, in no particular order. No more than a page of them is in memory at a
    /// time.
    pub fn keys(&self) -> impl Iterator<Item = K> {
        Keys::new(&self.source.window)
            .map(|key| key.unwrap_or_else(|failure| resume_unwind(failure)))
    }

    fn find(&self, key: &K) -> UnitResult<Option<&V>> {
        let Source { some, bulk, .. } = &*self.source;
        match bulk.get().or_else(|| some.get()) {
            Some(read) => self.find_in(read, key),
            None => self.find_early(key),
        }
    }

    /// Finds a key while nothing was read at once.
    fn find_early(&self, key: &K) -> UnitResult<Option<&V>> {
        let hash = self.source.hasher.hash_one(key);
        if let Some(found) = self.few.get(hash, key) {
            return Ok(found.as_ref());
        }
        if self.lookups.fetch_add(1, Ordering::Relaxed) < FEW {
            return self.source.look_up(&self.few, hash, key);
        }
        self.find_in(self.source.read(&self.source.some, SOME_BYTES)?, key)
    }

    fn find_in<'a>(&'a self, bulk: &'a Bulk<K, V>, key: &K) -> UnitResult<Option<&'a V>> {
        let found = bulk.map.get(key);
        if found.is_some() || bulk.is_whole {
            return Ok(found);
        }
        let more = self.more.get_or_init(|| Found::new(FOUND_BUCKETS));
        let hash = self.source.hasher.hash_one(key);
        if let Some(found) = more.get(hash, key) {
            return Ok(found.as_ref());
        }
        let has_bulk = self.source.bulk.get().is_some();
        if has_bulk || self.lookups.fetch_add(1, Ordering::Relaxed) < FEW + MANY {
            return self.source.look_up(more, hash, key);
        }
        self.find_in(self.source.read(&self.source.bulk, BULK_BYTES)?, key)
    }

    /// About how many encoded bytes are kept.
    pub(super) fn size_bytes(&self) -> usize {
        let Source { some, bulk, .. } = &*self.source;
        let read = [some, bulk].into_iter().filter_map(OnceLock::get);
        let read: usize = read.map(|read| read.size_bytes).sum();
        read + self.few.size_bytes() + self.more.get().map_or(0, Found::size_bytes)
    }

    /// A map of the same window, where this one has kept too much of what it looked up.
    pub(super) fn renewed(&self) -> Option<Self> {
        let is_full = self.more.get().is_some_and(|more| more.size_bytes() > FOUND_BYTES);
        is_full.then(|| Self::of(Arc::clone(&self.source)))
    }
}

impl<K: Element + Eq + Hash, V: Send + Sync + 'static> Source<K, V> {
    /// Asks the runner for a key, and keeps the answer.
    fn look_up<'a>(
        &self,
        found: &'a Found<K, Option<V>>,
        hash: u64,
        key: &K,
    ) -> UnitResult<Option<&'a V>> {
        let mut encoded = Vec::new();
        key.encode(&mut encoded, Nesting::Nested).map_err(|error| {
            Failure::new(format!("the key {} cannot be looked up: {error}", shown(key)))
        })?;
        let key_bytes = encoded.len();
        let data = self.window.values(encoded)?;
        let value = self.values.of_key(key, &data, self.window.is_latest)?;
        found.insert(hash, key.detached(), value, key_bytes + data.len());
        Ok(found.get(hash, key).and_then(Option::as_ref))
    }

    /// Reads the first keys at once, about so many bytes of them.
    fn read<'a>(
        &self,
        into: &'a OnceLock<Bulk<K, V>>,
        size_bytes: usize,
    ) -> UnitResult<&'a Bulk<K, V>> {
        let (data, is_whole) = self.window.first_entries(size_bytes)?;
        let mut input = Reader::shared(&data);
        let mut map = HashMap::new();
        while !input.is_empty() {
            let entry = K::decode(&mut input, Nesting::Nested).and_then(|key| {
                let value = self.values.of_iterable(&key, &mut input, self.window.is_latest)?;
                Ok((key, value))
            });
            match entry {
                Ok((key, value)) => {
                    if let Some(value) = value? {
                        map.insert(key, value);
                    }
                }
                // What is left of a key that is cut in two is looked up when it is asked for.
                Err(_) if !is_whole => break,
                Err(error) => return Err(Failure::from_error(&error)),
            }
        }
        Ok(into.get_or_init(|| Bulk { map, is_whole, size_bytes: data.len() }))
    }
}

impl<K: Element + Eq + Hash, V: Send + Sync + 'static> Index<&K> for SideMap<K, V> {
    type Output = V;

    /// What the side input has for a key.
    ///
    /// # Panics
    /// Where it has nothing: the bundle fails.
    fn index(&self, key: &K) -> &V {
        match self.get(key) {
            Some(value) => value,
            None => panic!("the side input has no key {}", shown(key)),
        }
    }
}

impl<K, V> fmt::Debug for SideMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SideMap").finish_non_exhaustive()
    }
}
