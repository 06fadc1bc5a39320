//! Adds up numbers by key.
//!
//! Each thread has a small table of the keys that it met last, which takes what is frequent. What
//! falls out of it is sorted roughly by hash into buffers; a full one is added to the table of its
//! part of all keys, which fits a cache. So no table is large and nothing is kept that is in one.

use std::sync::{Mutex, PoisonError};

use hashbrown::{HashTable, hash_table::Entry};

use crate::generated::{Pairs, Summary, digest_of_sum, mix};

use super::workers::Workers;

/// So many keys a thread remembers: 256 KiB.
const RECENT: usize = 1 << 14;
const PARTS: usize = 128;
/// So many pairs are added to a table at a time.
const FULL: usize = 4096;

/// What no key of [`Pairs`] is.
const NONE: u64 = u64::MAX;

type Table = HashTable<(u64, u64)>;

pub(super) fn run(pairs: &Pairs, count: u64, workers: &Workers) -> Summary {
    let tables: Vec<Mutex<Table>> = (0..PARTS).map(|_| Mutex::default()).collect();
    workers.share_numbers(count, |ranges| {
        let mut sums = Sums::new(&tables);
        ranges.flatten().for_each(|n| sums.add(pairs.get(n)));
        sums.finish();
    });
    let summaries = tables.into_iter().flat_map(Mutex::into_inner).map(|table| {
        let mut summary = Summary::default();
        table.iter().for_each(|(key, sum)| summary.add(digest_of_sum(*key, *sum)));
        summary
    });
    summaries.fold(Summary::default(), Summary::and)
}

/// What one thread has.
struct Sums<'t> {
    /// Key and sum, at the low bits of the hash.
    recent: Vec<(u64, u64)>,
    parts: Vec<Vec<(u64, u64)>>,
    tables: &'t [Mutex<Table>],
}

impl<'t> Sums<'t> {
    fn new(tables: &'t [Mutex<Table>]) -> Self {
        let parts = (0..PARTS).map(|_| Vec::with_capacity(FULL)).collect();
        Self { recent: vec![(NONE, 0); RECENT], parts, tables }
    }

    #[inline]
    fn add(&mut self, (key, number): (u64, u64)) {
        let hash = mix(key);
        let recent = &mut self.recent[hash as usize % RECENT];
        if recent.0 == key {
            recent.1 += number;
            return;
        }
        let before = std::mem::replace(recent, (key, number));
        if before.0 != NONE {
            self.put(before);
        }
    }

    #[inline]
    fn put(&mut self, pair: (u64, u64)) {
        let part = part(mix(pair.0));
        self.parts[part].push(pair);
        if self.parts[part].len() == FULL {
            self.flush(part);
        }
    }

    fn flush(&mut self, part: usize) {
        let mut table = self.tables[part].lock().unwrap_or_else(PoisonError::into_inner);
        for (key, number) in self.parts[part].drain(..) {
            match table.entry(mix(key), |it| it.0 == key, |it| mix(it.0)) {
                Entry::Occupied(mut found) => found.get_mut().1 += number,
                Entry::Vacant(free) => drop(free.insert((key, number))),
            }
        }
    }

    fn finish(mut self) {
        let recent = std::mem::take(&mut self.recent).into_iter();
        recent.filter(|(key, _)| *key != NONE).for_each(|pair| self.put(pair));
        (0..PARTS).for_each(|part| self.flush(part));
    }
}

/// From bits in the middle: the lowest choose the place in `recent`, others that in a table.
fn part(hash: u64) -> usize {
    (hash >> 32) as usize % PARTS
}
