//! Groups records by key.
//!
//! Each thread writes its records as bytes into [arenas](Arena) by the hash of their keys. Then each
//! part is grouped by index: the records are numbered by group and their places sorted by counting,
//! while the records stay where they are.

use hashbrown::{HashTable, hash_table::Entry};

use crate::{
    Result,
    generated::{Records, Summary, digest_of_group, mix},
};

use super::{
    arena::{Arena, record},
    workers::Workers,
};

const PARTS: usize = 64;

pub(super) fn run(records: &Records, count: u64, workers: &Workers) -> Result<Summary> {
    let written = workers.share_numbers(count, |ranges| {
        let mut arenas: Vec<Arena> = (0..PARTS).map(|_| Arena::default()).collect();
        for (key, value) in ranges.flatten().map(|n| records.get(n)) {
            arenas[part(mix(key))].push(key, value);
        }
        arenas
    });
    let mut parts: Vec<Vec<Vec<u8>>> = (0..PARTS).map(|_| Vec::new()).collect();
    for arenas in written {
        for (part, arena) in parts.iter_mut().zip(arenas) {
            part.extend(arena.into_chunks());
        }
    }
    let summaries = workers.share(parts, |parts| {
        let mut summary = Summary::default();
        for part in parts {
            summary = summary.and(groups(&part)?);
        }
        Ok(summary)
    })?;
    Ok(summaries.into_iter().fold(Summary::default(), Summary::and))
}

fn part(hash: u64) -> usize {
    (hash >> 32) as usize % PARTS
}

/// Where a record begins.
#[derive(Clone, Copy, Default)]
struct Place {
    chunk: u32,
    at: u32,
}

fn groups(chunks: &[Vec<u8>]) -> Result<Summary> {
    let mut index = Index::default();
    for (number, chunk) in chunks.iter().enumerate() {
        let (number, mut at) = (u32::try_from(number)?, 0);
        while let Some((key, _, next)) = record(chunk, at) {
            index.add(key, Place { chunk: number, at: u32::try_from(at)? });
            at = next;
        }
    }
    let (mut summary, sorted) = (Summary::default(), index.sorted());
    let mut rest = sorted.as_slice();
    for (key, count) in index.groups {
        let (places, others) = rest.split_at(count as usize);
        let values = places.iter().filter_map(|place| {
            record(&chunks[place.chunk as usize], place.at as usize).map(|(_, value, _)| value)
        });
        summary.add(digest_of_group(key, values));
        rest = others;
    }
    Ok(summary)
}

/// Which record belongs to which group.
#[derive(Default)]
struct Index {
    /// Key and number of each group.
    numbers: HashTable<(u64, u32)>,
    /// Key and size of each group, by its number.
    groups: Vec<(u64, u32)>,
    /// Group and place of each record, in the order in which they came.
    records: Vec<(u32, Place)>,
}

impl Index {
    #[inline]
    fn add(&mut self, key: u64, place: Place) {
        let new = self.groups.len() as u32;
        let number = match self.numbers.entry(mix(key), |it| it.0 == key, |it| mix(it.0)) {
            Entry::Occupied(found) => found.get().1,
            Entry::Vacant(free) => {
                self.groups.push((key, 0));
                free.insert((key, new));
                new
            }
        };
        self.groups[number as usize].1 += 1;
        self.records.push((number, place));
    }

    /// The places of the records, group by group.
    fn sorted(&self) -> Vec<Place> {
        let mut next: Vec<u32> = Vec::with_capacity(self.groups.len());
        self.groups.iter().fold(0, |start, (_, count)| {
            next.push(start);
            start + count
        });
        let mut sorted = vec![Place::default(); self.records.len()];
        for (group, place) in &self.records {
            let next = &mut next[*group as usize];
            sorted[*next as usize] = *place;
            *next += 1;
        }
        sorted
    }
}
