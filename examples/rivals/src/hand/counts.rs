//! How often each word occurs.

use foldhash::{HashMap, HashMapExt};
use hashbrown::{HashTable, hash_table::Entry};

use super::{
    blocks::Block,
    key::{Key, LONGEST},
};

/// So many words are hashed before the first is looked up: then no look-up waits for a hash, and
/// the processor overlaps the cache misses of several.
const BATCH: usize = 256;

#[derive(Clone, Copy)]
struct Counted {
    key: Key,
    count: u64,
}

/// A table of words.
pub(crate) struct Counts {
    short: HashTable<Counted>,
    /// The words that no [`Key`] holds.
    long: HashMap<Box<[u8]>, u64>,
    batch: Vec<(Key, u64)>,
}

impl Counts {
    pub(crate) fn new() -> Self {
        let batch = Vec::with_capacity(BATCH);
        Self { short: HashTable::new(), long: HashMap::new(), batch }
    }

    /// Adds the words of `block` that lie between pairs of `edges`.
    pub(crate) fn add(&mut self, block: Block<'_>, edges: &[u32]) {
        for words in edges.as_chunks::<2>().0.chunks(BATCH) {
            for &[start, end] in words {
                let (bytes, len) = (&block.padded[start as usize..], (end - start) as usize);
                if len <= LONGEST {
                    let key = Key::of(bytes, len);
                    self.batch.push((key, key.hash()));
                } else {
                    self.add_long(&bytes[..len]);
                }
            }
            self.add_batch();
        }
    }

    fn add_batch(&mut self) {
        for (key, hash) in self.batch.drain(..) {
            match self.short.entry(hash, |it| it.key == key, |it| it.key.hash()) {
                Entry::Occupied(mut found) => found.get_mut().count += 1,
                Entry::Vacant(free) => drop(free.insert(Counted { key, count: 1 })),
            }
        }
    }

    /// The counts of both.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        for Counted { key, count } in other.short {
            match self.short.entry(key.hash(), |it| it.key == key, |it| it.key.hash()) {
                Entry::Occupied(mut found) => found.get_mut().count += count,
                Entry::Vacant(free) => drop(free.insert(Counted { key, count })),
            }
        }
        for (word, count) in other.long {
            *self.long.entry(word).or_default() += count;
        }
        self
    }

    /// Looks up before it owns: a word is copied the first time only.
    fn add_long(&mut self, word: &[u8]) {
        if let Some(count) = self.long.get_mut(word) {
            *count += 1;
        } else {
            self.long.insert(word.into(), 1);
        }
    }

    /// Calls `take` with each word and its count.
    pub(crate) fn each<E>(
        &self,
        mut take: impl FnMut(&[u8], u64) -> Result<(), E>,
    ) -> Result<(), E> {
        for Counted { key, count } in &self.short {
            let (bytes, len) = key.bytes();
            take(&bytes[..len], *count)?;
        }
        self.long.iter().try_for_each(|(word, count)| take(word, *count))
    }
}
