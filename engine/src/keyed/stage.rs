//! The durable state of a stage with keys: a table and a queue of timers for each partition.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use purlin_sdk::Timestamp;

use super::change::KeyChange;
use super::facts::KeyedFacts;
use super::queue::{DueTimer, Firsts, Now, TimerQueue};
use super::table::{KeyState, Table, TableSize};
use super::timer_coding::read_window;
use super::transfers::Transfers;
use crate::state::Holds;

/// The durable state of a stage with keys.
#[derive(Clone, Default, Debug)]
pub(crate) struct KeyedState {
    partitions: BTreeMap<u32, Partition>,
    /// What the tables take together.
    size: TableSize,
}

/// By what the keys keep, wherever it is.
impl PartialEq for KeyedState {
    fn eq(&self, other: &Self) -> bool {
        self.partitions == other.partitions
    }
}

#[derive(Clone, PartialEq, Default, Debug)]
struct Partition {
    /// Shared with the bundle that runs, if any.
    table: Arc<Table>,
    timers: TimerQueue,
}

impl KeyedState {
    /// Applies what a bundle changed. The holds of timers are those of the stage's outputs.
    pub(crate) fn change(
        &mut self,
        facts: &KeyedFacts,
        partition: u32,
        changes: &[(Bytes, KeyChange)],
        holds: &mut Holds,
    ) {
        let Partition { table, timers } = self.partitions.entry(partition).or_default();
        let table = Arc::make_mut(table);
        let before = table.size();
        for (key, change) in changes {
            let before = Firsts::of(facts, table.key(key));
            table.change(key, change, |before, after| {
                before.into_iter().for_each(|timer| holds.remove(timer.hold));
                after.into_iter().for_each(|timer| holds.add(timer.hold));
            });
            timers.reposition(key, before, Firsts::of(facts, table.key(key)));
        }
        self.size.replace(before, table.size());
    }

    /// Lets go of cells of a partition that are in files now, and takes back those that were read.
    pub(crate) fn transfer(&mut self, partition: u32, transfers: &Transfers) {
        if !transfers.is_empty()
            && let Some(found) = self.partitions.get_mut(&partition)
        {
            let table = Arc::make_mut(&mut found.table);
            let before = table.size();
            table.transfer(transfers);
            self.size.replace(before, table.size());
        }
    }

    /// Whether the cells of a key are in a file.
    pub(crate) fn is_away(&self, partition: u32, key: &[u8]) -> bool {
        self.partitions.get(&partition).is_some_and(|found| found.table.is_away(key))
    }

    /// The table of a partition.
    pub(crate) fn table(&self, partition: u32) -> Arc<Table> {
        self.partitions.get(&partition).map(|found| Arc::clone(&found.table)).unwrap_or_default()
    }

    /// The partitions in which timers are due.
    pub(crate) fn due_partitions(&self, now: Now) -> impl Iterator<Item = u32> {
        let due = self.partitions.iter().filter(move |(_, found)| found.timers.is_due(now));
        due.map(|(partition, _)| *partition)
    }

    /// At most `limit` timers of a partition that are due.
    pub(crate) fn due(
        &self,
        facts: &KeyedFacts,
        partition: u32,
        now: Now,
        limit: usize,
    ) -> Vec<DueTimer> {
        let found = self.partitions.get(&partition);
        found.map_or_else(Vec::new, |found| found.timers.due(facts, &found.table, now, limit))
    }

    /// When the first timer of processing time is due.
    pub(crate) fn next_processing(&self) -> Option<Timestamp> {
        self.partitions.values().filter_map(|found| found.timers.next_processing()).min()
    }

    /// Drops what is left at the end of time, of which nobody is told. A timer that never fires, and
    /// only holds the watermark, is a mistake to be seen: then everything stays.
    pub(crate) fn end(&mut self, watermark: Timestamp) {
        if watermark == Timestamp::MAX && self.has_no_timers() {
            self.partitions.clear();
            self.size = TableSize::default();
        }
    }

    fn has_no_timers(&self) -> bool {
        self.partitions.values().all(|found| found.timers.is_empty() && !found.table.has_timers())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.partitions.values().all(|found| found.table.is_empty())
    }

    /// What its timers hold at the stage's outputs.
    pub(crate) fn holds(&self) -> impl Iterator<Item = Timestamp> {
        let keys = self.partitions.values().flat_map(|found| found.table.keys());
        keys.flat_map(|(_, state)| state.timers.iter().map(|(_, timer)| timer.hold))
    }

    /// Queues the timers and counts the bytes again.
    ///
    /// # Errors
    /// When they are others than were queued (I6) or counted (I9).
    pub(crate) fn audit(&self, facts: &KeyedFacts) -> Result<(), String> {
        for (number, Partition { table, timers }) in &self.partitions {
            let mut queue = TimerQueue::default();
            for (key, state) in table.keys() {
                queue.reposition(key, Firsts::default(), Firsts::of(facts, Some(state)));
            }
            if queue != *timers {
                return Err(format!("I6: partition {number} queues {timers:?}, not {queue:?}"));
            }
            let (counted, size) = (table.size(), table.recounted());
            if counted != size {
                return Err(format!("I9: {counted:?} of state are {size:?}"));
            }
        }
        let mut all = TableSize::default();
        self.sizes().for_each(|(_, size)| all += size);
        if all != self.size {
            return Err(format!("I9: {:?} of state are {all:?}", self.size));
        }
        Ok(())
    }

    /// How many keys have state or timers.
    pub(crate) fn keys(&self) -> usize {
        self.partitions.values().map(|found| found.table.len()).sum()
    }

    /// A key with state, the one that holds the watermark the most, for a message.
    pub(crate) fn example(&self, facts: &KeyedFacts) -> Option<String> {
        let keys = self.partitions.values().flat_map(|found| found.table.keys());
        let earliest = |state: &KeyState| {
            let timers =
                state.timers.iter().map(|(id, timer)| (timer.hold, timer.fire, id.clone()));
            timers.min().map_or((Timestamp::MAX, Timestamp::MAX, None), |(hold, fire, id)| {
                (hold, fire, Some(id))
            })
        };
        let keys = keys.map(|(key, state)| (earliest(state), key));
        let ((hold, fire, id), key) = keys.min()?;
        let key = key.escape_ascii();
        Some(match id {
            None => format!("key `{key}`, without timers"),
            Some(id) => {
                let family = facts.families.get(usize::from(id.family));
                let family = family.map_or("", |family| family.name.as_str());
                let window = read_window(&id.window, facts.windows);
                let window = window.map_or_else(|_| "?".to_owned(), |window| window.to_string());
                format!(
                    "key `{key}` in window {window}, whose timer `{family}` is set for {fire} and \
                     holds {hold}"
                )
            }
        })
    }

    /// What its tables take together.
    pub(crate) fn size(&self) -> TableSize {
        self.size
    }

    /// What the tables of its partitions take.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = (u32, TableSize)> {
        self.partitions.iter().map(|(partition, found)| (*partition, found.table.size()))
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn size_bytes(&self) -> usize {
        self.size.bytes()
    }
}
