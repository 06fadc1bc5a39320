//! What GroupByKey stages hold until the watermark passes the end of a window.

use std::collections::BTreeMap;

use purlin_sdk::Timestamp;
use purlin_sdk::{PaneInfo, Window};

use crate::bundle::{GroupInput, HeldSlice};

/// The elements of each window, by partition.
///
/// A window fires once for all keys, when the watermark passes its end: that needs nothing per key.
/// What fires earlier, later or otherwise is kept by key, in [`keyed`](crate::keyed).
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct GroupBuffer {
    /// By the window's last timestamp, so that the next to fire is first.
    windows: BTreeMap<(Timestamp, Window), Held>,
    bytes: usize,
}

/// A window and a partition of its keys.
pub(crate) type Part = (Window, u32);

#[derive(Clone, PartialEq, Debug)]
struct Held {
    partitions: BTreeMap<u32, Partition>,
    /// The watermark that these elements hold at the output.
    hold: Timestamp,
    bytes: usize,
}

#[derive(Clone, PartialEq, Default, Debug)]
struct Partition {
    slices: Vec<HeldSlice>,
    bytes: usize,
    /// What the last compaction left.
    compacted_bytes: usize,
    /// Whether some were taken out to be merged.
    is_compacting: bool,
}

impl GroupBuffer {
    /// Adds elements; returns the hold that ceases and the one that takes its place.
    pub(super) fn push(
        &mut self,
        (window, partition): &Part,
        slice: HeldSlice,
        hold: Timestamp,
    ) -> (Option<Timestamp>, Timestamp) {
        let key = key_of(window);
        let before = self.windows.get(&key).map(|held| held.hold);
        let empty = || Held { partitions: BTreeMap::new(), hold, bytes: 0 };
        let held = self.windows.entry(key).or_insert_with(empty);
        let bytes = slice.size_bytes();
        held.bytes += bytes;
        self.bytes += bytes;
        held.hold = held.hold.min(hold);
        let partition = held.partitions.entry(*partition).or_default();
        partition.bytes += bytes;
        partition.slices.push(slice);
        (before, held.hold)
    }

    /// Whether a part takes more than `most` bytes, and twice what its last compaction left, which
    /// has ended.
    pub(super) fn is_too_large(&self, (window, partition): &Part, most: usize) -> bool {
        let held = self.windows.get(&key_of(window));
        held.and_then(|held| held.partitions.get(partition)).is_some_and(|partition| {
            !partition.is_compacting
                && partition.bytes > most
                && partition.bytes / 2 > partition.compacted_bytes
        })
    }

    /// Takes the elements of a part out, to be merged. Its window keeps its hold.
    pub(super) fn take(&mut self, (window, partition): &Part) -> Option<GroupInput> {
        let held = self.windows.get_mut(&key_of(window))?;
        let found = held.partitions.get_mut(partition)?;
        let bytes = std::mem::take(&mut found.bytes);
        found.is_compacting = true;
        held.bytes -= bytes;
        self.bytes -= bytes;
        Some(GroupInput {
            window: window.clone(),
            partition: *partition,
            pane: PaneInfo::NO_FIRING,
            slices: std::mem::take(&mut found.slices),
        })
    }

    /// Notes that what was taken out is back, in so many bytes.
    pub(super) fn put_back(&mut self, (window, partition): &Part, bytes: usize) {
        let held = self.windows.get_mut(&key_of(window));
        if let Some(found) = held.and_then(|held| held.partitions.get_mut(partition)) {
            found.is_compacting = false;
            found.compacted_bytes = bytes;
        }
    }

    /// The windows that the watermark has passed, in the order of their ends.
    pub(super) fn complete(&self, watermark: Timestamp) -> Vec<Window> {
        let passed = self.windows.keys().take_while(|(max, _)| *max < watermark);
        passed.map(|(_, window)| window.clone()).collect()
    }

    /// Takes a window's elements out: its groups by partition, and their hold.
    pub(super) fn fire(&mut self, window: &Window) -> Option<(Vec<GroupInput>, Timestamp)> {
        let held = self.windows.remove(&key_of(window))?;
        self.bytes -= held.bytes;
        let groups = held.partitions.into_iter().map(|(partition, held)| GroupInput {
            window: window.clone(),
            partition,
            pane: PaneInfo::ON_TIME_AND_ONLY,
            slices: held.slices,
        });
        Some((groups.collect(), held.hold))
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What its windows hold at the output.
    pub(super) fn holds(&self) -> impl Iterator<Item = Timestamp> {
        self.windows.values().map(|held| held.hold)
    }

    /// Counts its bytes again.
    ///
    /// # Errors
    /// When they are others than were counted (I9).
    pub(super) fn audit(&self) -> Result<(), String> {
        let mut all = 0;
        for held in self.windows.values() {
            let mut bytes = 0;
            for partition in held.partitions.values() {
                let sum: usize = partition.slices.iter().map(HeldSlice::size_bytes).sum();
                if sum != partition.bytes {
                    return Err(format!("I9: {} bytes of a group are {sum}", partition.bytes));
                }
                bytes += sum;
            }
            if bytes != held.bytes {
                return Err(format!("I9: {} bytes of a window are {bytes}", held.bytes));
            }
            all += bytes;
        }
        match all == self.bytes {
            true => Ok(()),
            false => Err(format!("I9: {} buffered bytes are {all}", self.bytes)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }
}

fn key_of(window: &Window) -> (Timestamp, Window) {
    (window.max_timestamp(), window.clone())
}
