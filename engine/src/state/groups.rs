//! What GroupByKey stages hold until the watermark passes the end of a window.

use std::collections::BTreeMap;

use purlin_sdk::Timestamp;
use purlin_sdk::{PaneInfo, Timing, Window};

use crate::bundle::{GroupInput, GroupSlice};

/// The elements of each window, by partition.
///
/// The default trigger needs no state per key: a window fires for all keys at once, when the
/// watermark passes its end, and again when elements come late but not too late.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct GroupBuffer {
    /// By the window's last timestamp, so that the next to fire is first.
    windows: BTreeMap<(Timestamp, Window), Held>,
    /// How often the windows fired that may still get late elements.
    fired: BTreeMap<(Timestamp, Window), i64>,
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
    slices: Vec<GroupSlice>,
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
        slice: GroupSlice,
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
    pub(super) fn fire(
        &mut self,
        window: &Window,
        lateness: i64,
    ) -> Option<(Vec<GroupInput>, Timestamp)> {
        let key = key_of(window);
        let held = self.windows.remove(&key)?;
        self.bytes -= held.bytes;
        let pane = self.next_pane(key, lateness);
        let groups = held.partitions.into_iter().map(|(partition, held)| GroupInput {
            window: window.clone(),
            partition,
            pane,
            slices: held.slices,
        });
        Some((groups.collect(), held.hold))
    }

    /// Panes are counted per window and not per key: a key whose first elements come late gets the
    /// number of the window's late pane.
    fn next_pane(&mut self, window: (Timestamp, Window), lateness: i64) -> PaneInfo {
        if lateness == 0 {
            return PaneInfo::ON_TIME_AND_ONLY;
        }
        let count = self.fired.entry(window).or_default();
        let index = *count;
        *count += 1;
        PaneInfo {
            is_first: index == 0,
            is_last: false,
            timing: if index == 0 { Timing::OnTime } else { Timing::Late },
            index,
            on_time_index: index,
        }
    }

    /// Forgets windows for which late elements are dropped from now on, but those whose last pane
    /// is still to fire.
    pub(super) fn expire(&mut self, watermark: Timestamp, lateness: i64) {
        let is_over =
            |(max, _): &&(Timestamp, Window)| max.0.saturating_add(lateness) < watermark.0;
        let over = self.fired.keys().take_while(is_over);
        let over: Vec<_> = over.filter(|key| !self.windows.contains_key(key)).cloned().collect();
        for key in over {
            self.fired.remove(&key);
        }
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
                let sum: usize = partition.slices.iter().map(GroupSlice::size_bytes).sum();
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
