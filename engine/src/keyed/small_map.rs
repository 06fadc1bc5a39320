//! A map for a handful of entries: a sorted vector, which takes no more memory than they need.

use std::collections::BTreeMap;

/// From how many entries on moving them aside for a new one costs more than a tree.
const MOST: usize = 64;

/// A sorted map, most often of few entries. A million keys have one each, so it must be small when it
/// is empty; one key may have a million, so it must not be slow when it is not.
#[derive(Clone)]
pub struct SmallMap<K, V>(Entries<K, V>);

#[derive(Clone)]
enum Entries<K, V> {
    Few(Vec<(K, V)>),
    #[expect(clippy::box_collection, reason = "an empty map must not be larger than a vector")]
    Many(Box<BTreeMap<K, V>>),
}

impl<K, V> Default for SmallMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> SmallMap<K, V> {
    /// A map without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self(Entries::Few(Vec::new()))
    }
}

impl<K: Ord, V> SmallMap<K, V> {
    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Entries::Few(entries) => entries.len(),
            Entries::Many(entries) => entries.len(),
        }
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<&V> {
        match &self.0 {
            Entries::Few(entries) => find(entries, key).ok().map(|at| &entries[at].1),
            Entries::Many(entries) => entries.get(key),
        }
    }

    /// Sets the value of a key, and returns the one before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match &mut self.0 {
            Entries::Few(entries) => match find(entries, &key) {
                Ok(at) => Some(std::mem::replace(&mut entries[at].1, value)),
                Err(at) => {
                    put(entries, at, key, value);
                    self.grow();
                    None
                }
            },
            Entries::Many(entries) => entries.insert(key, value),
        }
    }

    /// Removes a key, and returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        match &mut self.0 {
            Entries::Few(entries) => find(entries, key).ok().map(|at| entries.remove(at).1),
            Entries::Many(entries) => entries.remove(key),
        }
    }

    /// The value of a key, which is made where there is none.
    pub fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        if self.len() == MOST {
            self.grow();
        }
        match &mut self.0 {
            Entries::Few(entries) => {
                let at = find(entries, &key).unwrap_or_else(|at| {
                    put(entries, at, key, make());
                    at
                });
                &mut entries[at].1
            }
            Entries::Many(entries) => entries.entry(key).or_insert_with(make),
        }
    }

    /// The entries in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let (few, many) = match &self.0 {
            Entries::Few(entries) => (Some(entries), None),
            Entries::Many(entries) => (None, Some(entries)),
        };
        let few = few.into_iter().flatten().map(|(key, value)| (key, value));
        few.chain(many.into_iter().flat_map(|entries| entries.iter()))
    }

    /// The keys in their order.
    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// The values in the order of their keys, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let (few, many) = match &mut self.0 {
            Entries::Few(entries) => (Some(entries), None),
            Entries::Many(entries) => (None, Some(entries)),
        };
        let few = few.into_iter().flatten().map(|(_, value)| value);
        few.chain(many.into_iter().flat_map(|entries| entries.values_mut()))
    }

    /// Goes over to a tree once there are too many entries for a vector.
    fn grow(&mut self) {
        if let Entries::Few(entries) = &mut self.0
            && entries.len() >= MOST
        {
            let entries = std::mem::take(entries);
            self.0 = Entries::Many(Box::new(entries.into_iter().collect()));
        }
    }
}

fn find<K: Ord, V>(entries: &[(K, V)], key: &K) -> Result<usize, usize> {
    entries.binary_search_by(|(found, _)| found.cmp(key))
}

fn put<K, V>(entries: &mut Vec<(K, V)>, at: usize, key: K, value: V) {
    if entries.is_empty() {
        entries.reserve_exact(1);
    }
    entries.insert(at, (key, value));
}

impl<K: Ord, V> FromIterator<(K, V)> for SmallMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Self::default();
        entries.into_iter().for_each(|(key, value)| drop(map.insert(key, value)));
        map
    }
}

impl<K: Ord, V: PartialEq> PartialEq for SmallMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<K: Ord + std::fmt::Debug, V: std::fmt::Debug> std::fmt::Debug for SmallMap<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_kept_in_order_whatever_the_order_of_insertion() {
        let mut map = SmallMap::default();
        for key in [3, 1, 2] {
            assert_eq!(map.insert(key, key * 10), None);
        }
        assert_eq!(map.insert(2, 21), Some(20));
        assert_eq!(map.remove(&3), Some(30));
        assert_eq!(
            map.iter().map(|(key, value)| (*key, *value)).collect::<Vec<_>>(),
            [(1, 10), (2, 21)]
        );
        assert_eq!(*map.entry(5, || 50), 50);
        assert_eq!(map.get(&5), Some(&50));
    }

    #[test]
    fn one_entry_takes_the_room_of_one() {
        let (mut inserted, mut entered) = (SmallMap::default(), SmallMap::default());
        inserted.insert(1, 10);
        entered.entry(1, || 10);
        for map in [inserted, entered] {
            assert!(matches!(map.0, Entries::Few(entries) if entries.capacity() == 1));
        }
        assert_eq!(size_of::<SmallMap<u8, u8>>(), size_of::<Vec<u8>>());
    }

    #[test]
    fn many_entries_are_the_same_in_a_tree() {
        let mut map = SmallMap::default();
        let mut model = BTreeMap::new();
        for step in 0..400u32 {
            let key = step * 7919 % 300;
            match step % 3 {
                0 => assert_eq!(map.insert(key, step), model.insert(key, step)),
                1 => assert_eq!(*map.entry(key, || step), *model.entry(key).or_insert(step)),
                _ => assert_eq!(map.remove(&(key / 2)), model.remove(&(key / 2))),
            }
            assert!(map.iter().eq(model.iter()), "step {step}");
            assert_eq!(map.len(), model.len());
        }
        assert!(matches!(map.0, Entries::Many(_)));
        let again: SmallMap<u32, u32> = map.iter().map(|(key, value)| (*key, *value)).collect();
        assert_eq!(map, again);
    }
}
