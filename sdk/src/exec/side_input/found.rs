//! A table that grows while references to its entries are in use.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Entries by hash, which can be added behind a shared reference and stay where they are: closures
/// hold references to what a lookup found while they look up more.
pub(super) struct Found<K, V> {
    buckets: Box<[Link<K, V>]>,
    size_bytes: AtomicUsize,
}

type Link<K, V> = OnceLock<Box<Entry<K, V>>>;

struct Entry<K, V> {
    hash: u64,
    key: K,
    value: V,
    next: Link<K, V>,
}

impl<K: Eq, V> Found<K, V> {
    /// An empty table, fast for a few times as many entries as it has buckets.
    pub(super) fn new(buckets: usize) -> Self {
        let buckets = (0..buckets.max(1)).map(|_| OnceLock::new()).collect();
        Self { buckets, size_bytes: AtomicUsize::new(0) }
    }

    /// About how many bytes the entries have.
    pub(super) fn size_bytes(&self) -> usize {
        self.size_bytes.load(Ordering::Relaxed)
    }

    pub(super) fn get(&self, hash: u64, key: &K) -> Option<&V> {
        let mut link = self.bucket(hash);
        while let Some(entry) = link.get() {
            if entry.is_of(hash, key) {
                return Some(&entry.value);
            }
            link = &entry.next;
        }
        None
    }

    /// Adds an entry of so many encoded bytes, unless another thread has added one of the same key.
    pub(super) fn insert(&self, hash: u64, key: K, value: V, size_bytes: usize) {
        let mut new = Box::new(Entry { hash, key, value, next: OnceLock::new() });
        let mut link = self.bucket(hash);
        while let Err(kept) = link.set(new) {
            new = kept;
            // Whoever was faster has set it.
            let Some(entry) = link.get().filter(|entry| !entry.is_of(hash, &new.key)) else {
                return;
            };
            link = &entry.next;
        }
        self.size_bytes.fetch_add(size_bytes + size_of::<Entry<K, V>>(), Ordering::Relaxed);
    }

    fn bucket(&self, hash: u64) -> &Link<K, V> {
        &self.buckets[(hash % self.buckets.len() as u64) as usize]
    }
}

impl<K: Eq, V> Entry<K, V> {
    fn is_of(&self, hash: u64, key: &K) -> bool {
        self.hash == hash && self.key == *key
    }
}

impl<K, V> Drop for Found<K, V> {
    /// Entry by entry: to drop a long chain by its first would need as deep a stack.
    fn drop(&mut self) {
        for bucket in &mut self.buckets {
            let mut next = bucket.take();
            while let Some(mut entry) = next {
                next = entry.next.take();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stay_where_they_are_while_others_are_added() {
        let found = Found::new(4);
        (0..100u64).for_each(|n| found.insert(n, n, n.to_string(), 2));
        let held: Vec<&String> = (0..100).filter_map(|n| found.get(n, &n)).collect();
        (100..200u64).for_each(|n| found.insert(n, n, n.to_string(), 2));
        assert_eq!(held.len(), 100);
        assert!(held.iter().zip(0..).all(|(text, n): (_, u64)| **text == n.to_string()));
        assert_eq!(found.get(200, &200), None);
        assert_eq!(found.size_bytes(), 200 * (2 + size_of::<Entry<u64, String>>()));
    }

    #[test]
    fn the_first_entry_of_a_key_stays() {
        let found = Found::new(1);
        for value in ["first", "second"] {
            found.insert(1, "key", value, 1);
        }
        assert_eq!((found.get(1, &"key"), found.get(1, &"other")), (Some(&"first"), None));
        assert_eq!(found.size_bytes(), 1 + size_of::<Entry<&str, &str>>());
    }
}
