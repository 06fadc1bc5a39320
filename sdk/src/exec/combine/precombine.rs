//! Combines the values of each key and window before they are shuffled.

use std::marker::PhantomData;

use purlin_proto::pipeline::output_time;

use super::CombineFn;
use super::group::OwnTime;
use super::keys::{Encoded, Keys, Typed};
use super::recent::Recent;
use super::table::{Table, groups_in};
use super::tables::Tables;
use crate::element::Element;
use crate::exec::guard::{Interrupted, guarded, guarded_in_place};
use crate::exec::unit::{Cx, Unit, UnitResult, UnitSpec, typed};
use crate::exec::{AnyBatch, BATCH, Batch, Column, ExecConfig, Failure, Stamps};
use crate::time::Timestamp;
use crate::window::{Stamp, TimestampCombiner, Window, Windows};

/// How many accumulators a unit holds at most: one more would double the room for them. This is
/// looked at after each batch.
const MOST_GROUPS: usize = groups_in(1 << 21) - BATCH;
/// The same where keys hardly repeat: then a table that stays in the cache of a core combines
/// nearly as much and costs far less.
const FEW_GROUPS: usize = groups_in(1 << 14) - BATCH;
/// Of so many keys, those that came twice tell how many there may be.
const SAMPLE_GROUPS: usize = 1 << 17;
/// How many values a full table must have combined into an accumulator for its size to pay.
const WORTHWHILE: usize = 4;
/// How many bytes the accumulators of recent keys take at most: more are in no cache.
const MOST_RECENT_BYTES: usize = 1024 * 1024;
/// How many bytes the accumulators take at most, without what they own on the heap.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// After how many values accumulators are sent on that may grow with every value.
const MOST_VALUES: usize = 1024 * 1024;

/// The unit that combines before a shuffle.
pub(super) fn precombine<K: Element, V: Element, F: CombineFn<V>>(
    f: F,
    spec: &UnitSpec<'_>,
) -> UnitResult<Box<dyn Unit>> {
    let times = timestamps_of(spec)?;
    if K::typed_key().is_some() {
        return Ok(by_keys::<K, V, F, Typed>(f, times, spec.config));
    }
    Ok(by_keys::<K, V, F, Encoded>(f, times, spec.config))
}

fn by_keys<K: Element, V: Element, F: CombineFn<V>, S: Keys<K> + 'static>(
    f: F,
    times: TimestampCombiner,
    config: &ExecConfig,
) -> Box<dyn Unit> {
    match times {
        // Nearly always; then a group takes less room.
        TimestampCombiner::EndOfWindow => {
            Box::new(Precombine::<K, V, F, S, ()>::new(f, times, config))
        }
        _ => Box::new(Precombine::<K, V, F, S, Timestamp>::new(f, times, config)),
    }
}

/// The timestamps that the windowing strategy gives to groups.
fn timestamps_of(spec: &UnitSpec<'_>) -> UnitResult<TimestampCombiner> {
    let output = spec.transform.outputs.values().next();
    let strategy = output
        .and_then(|id| spec.descriptor.pcollections.get(id))
        .and_then(|output| spec.descriptor.windowing_strategies.get(&output.windowing_strategy_id))
        .ok_or_else(|| Failure::new("the windowing of a combination's output is not described"))?;
    match output_time::Enum::try_from(strategy.output_time) {
        Ok(output_time::Enum::EarliestInPane) => Ok(TimestampCombiner::Earliest),
        Ok(output_time::Enum::LatestInPane) => Ok(TimestampCombiner::Latest),
        Ok(output_time::Enum::EndOfWindow) => Ok(TimestampCombiner::EndOfWindow),
        _ => Err(Failure::new(format!("output time {} is unknown", strategy.output_time))),
    }
}

struct Precombine<K, V, F: CombineFn<V>, S: Keys<K>, T> {
    f: F,
    times: TimestampCombiner,
    diagnose: bool,
    keys: S,
    tables: Tables<K, S, F::Acc, T>,
    /// The recent keys of a window, where keys hardly repeat.
    recent: Option<(Window, Recent<K, S, F::Acc>)>,
    /// An empty table of recent keys.
    spare: Option<Recent<K, S, F::Acc>>,
    /// How many values were added since all accumulators were sent on.
    added: usize,
    /// How many accumulators are kept at most.
    most_groups: usize,
    value: PhantomData<fn(V)>,
}

impl<K, V, F, S, T> Precombine<K, V, F, S, T>
where
    K: Element,
    V: Element,
    F: CombineFn<V>,
    S: Keys<K>,
    T: OwnTime,
{
    fn new(f: F, times: TimestampCombiner, config: &ExecConfig) -> Self {
        let most_groups = most_groups(Table::<K, S, F::Acc, T>::PLACE_BYTES, config);
        Self {
            f,
            times,
            diagnose: config.diagnose,
            keys: S::default(),
            tables: Tables::new(),
            recent: None,
            spare: None,
            added: 0,
            most_groups,
            value: PhantomData,
        }
    }

    /// Adds a batch whose elements are all in one window.
    fn add_to_one(&mut self, window: &Window, values: Vec<(K, V)>, stamps: &Stamps) -> UnitResult {
        let Self { f, times, keys, tables, .. } = self;
        let table = tables.at(window);
        let count = values.len();
        each_pair(self.diagnose, values, |row, key, value| {
            table.look_ahead(keys, row, count);
            let timestamp = *stamps.timestamps.get(row);
            let group = table.group(keys, row, key, || (f.create(), T::of(timestamp)));
            f.add(&mut group.pair.1, value);
            group.timestamp.add(*times, timestamp);
        })
        .map_err(|interrupted| interrupted.in_batch(stamps))
    }

    /// Adds a batch whose elements are all in the window of the recent keys.
    fn add_to_recent(
        &mut self,
        (window, mut recent): (Window, Recent<K, S, F::Acc>),
        values: Vec<(K, V)>,
        stamps: &Stamps,
        cx: &Cx<'_>,
    ) -> UnitResult {
        let Self { f, keys, .. } = self;
        each_pair(self.diagnose, values, |row, key, value| {
            f.add(recent.group(keys, row, key, || f.create()), value);
        })
        .map_err(|interrupted| interrupted.in_batch(stamps))?;
        if recent.left.len() >= BATCH {
            send_left(&window, &mut recent, cx)?;
        }
        self.recent = Some((window, recent));
        Ok(())
    }

    /// Remembers no more than recent keys where keys hardly repeat, and groups have no timestamps of
    /// their own.
    fn remember_recent(&mut self, window: &Window) {
        let is_simple = self.times == TimestampCombiner::EndOfWindow
            && Recent::<K, S, F::Acc>::BYTES <= MOST_RECENT_BYTES;
        if is_simple && !self.keeps_many() && self.recent.is_none() {
            let recent = self.spare.take().unwrap_or_default();
            self.recent = Some((window.clone(), recent));
        }
    }

    /// Adds a batch whose elements are in any windows.
    fn add_to_each(&mut self, values: Vec<(K, V)>, stamps: &Stamps) -> UnitResult {
        let Self { f, times, keys, tables, .. } = self;
        guarded(self.diagnose, values.into_iter(), |row, element| {
            let timestamp = *stamps.timestamps.get(row);
            let windows = stamps.windows.get(row).as_slice();
            let copies = std::iter::repeat_n(element, windows.len());
            for (window, (key, value)) in windows.iter().zip(copies) {
                let table = tables.at(window);
                let group = table.group(keys, row, &key, || (f.create(), T::of(timestamp)));
                f.add(&mut group.pair.1, value);
                group.timestamp.add(*times, timestamp);
            }
            Ok(())
        })
        .map_err(|interrupted| interrupted.in_batch(stamps))
    }

    fn is_full(&self, groups: usize) -> bool {
        groups >= self.most_groups
            || (std::mem::needs_drop::<F::Acc>() && self.added >= MOST_VALUES)
    }

    fn keeps_many(&self) -> bool {
        self.most_groups > FEW_GROUPS
    }

    /// How many keys there are likely to be, once there are enough to tell, if most of them came once;
    /// `before` there were fewer.
    fn likely_keys(&self, before: usize, groups: usize) -> Option<usize> {
        let is_sample = before < SAMPLE_GROUPS && groups >= SAMPLE_GROUPS && self.keeps_many();
        (is_sample && self.added < 2 * groups).then(|| estimated_keys(self.added, groups))
    }

    /// Whether many accumulators were kept and did not pay.
    fn keeps_too_many(&self, groups: usize) -> bool {
        let is_full = groups >= self.most_groups && self.keeps_many();
        is_full && self.added / groups.max(1) < WORTHWHILE
    }

    /// Sends all accumulators on.
    fn flush(&mut self, cx: &Cx<'_>) -> UnitResult {
        self.added = 0;
        if let Some((window, mut recent)) = self.recent.take() {
            recent.leave();
            send_left(&window, &mut recent, cx)?;
            self.spare = Some(recent);
        }
        for (window, mut table) in self.tables.take() {
            table.send_on(stamp_of(window), cx)?;
            self.tables.put_back(table);
        }
        Ok(())
    }
}

/// How many groups are kept at most, each of which may take a place of so many bytes.
fn most_groups(place_bytes: usize, config: &ExecConfig) -> usize {
    let bytes = config.combine_bytes.map_or(MOST_BYTES, |bytes| bytes.min(MOST_BYTES));
    let places = (bytes / place_bytes).max(1);
    MOST_GROUPS.min(groups_in(1 << places.ilog2()).saturating_sub(BATCH))
}

/// How many keys there are likely to be, where most of the values so far had one of their own: of `n`
/// values among `k` keys, about `n² / 2k` have the key of an earlier one.
fn estimated_keys(values: usize, groups: usize) -> usize {
    let repeated = values.saturating_sub(groups).max(1);
    values.saturating_mul(values / 2) / repeated
}

/// Calls `add` for each pair. Keys stay where they are, and values as well where a copy costs
/// nothing: what was moved would have to be read in other pieces than it was written in.
fn each_pair<K: Element, V: Element>(
    diagnose: bool,
    pairs: Vec<(K, V)>,
    mut add: impl FnMut(usize, &K, V),
) -> Result<(), Interrupted> {
    if !std::mem::needs_drop::<V>() {
        return guarded_in_place(&pairs, |row, (key, value)| add(row, key, value.clone()));
    }
    guarded(diagnose, pairs.into_iter(), |row, (key, value)| {
        add(row, &key, value);
        Ok(())
    })
}

/// Sends the accumulators on that left the recent ones.
fn send_left<K: Element, S: Keys<K>, A: Element>(
    window: &Window,
    recent: &mut Recent<K, S, A>,
    cx: &Cx<'_>,
) -> UnitResult {
    let stamps = Stamps::constant(stamp_of(window.clone()));
    cx.emit(0, Batch::new(std::mem::take(&mut recent.left), stamps))
}

/// What the accumulators of a window are stamped with, but for timestamps of their own.
fn stamp_of(window: Window) -> Stamp {
    Stamp { timestamp: window.max_timestamp(), windows: Windows::One(window), ..Stamp::default() }
}

impl<K, V, F, S, T> Unit for Precombine<K, V, F, S, T>
where
    K: Element,
    V: Element,
    F: CombineFn<V>,
    S: Keys<K>,
    T: OwnTime,
{
    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let Batch { values, stamps } = typed::<(K, V)>(batch)?;
        let before = self.tables.groups();
        self.added += values.len();
        self.keys.clear();
        values.iter().try_for_each(|(key, _)| self.keys.push(key))?;
        match &stamps.windows {
            Column::Same(Windows::One(window)) => {
                match self.recent.take_if(|(recent, _)| recent == window) {
                    Some(recent) => self.add_to_recent(recent, values, &stamps, cx)?,
                    None => {
                        self.add_to_one(window, values, &stamps)?;
                        self.remember_recent(window);
                    }
                }
            }
            _ => self.add_to_each(values, &stamps)?,
        }
        let groups = self.tables.groups();
        let mut keeps_too_many = self.keeps_too_many(groups);
        match self.likely_keys(before, groups) {
            Some(keys) if keys > self.most_groups => keeps_too_many = true,
            Some(keys) => self.tables.reserve(keys),
            None => {}
        }
        if !(keeps_too_many || self.is_full(groups)) {
            return Ok(());
        }
        self.flush(cx)?;
        if keeps_too_many {
            self.most_groups = FEW_GROUPS;
            self.tables.forget_spare();
        }
        Ok(())
    }

    fn finish_bundle(&mut self, cx: &Cx<'_>) -> UnitResult {
        self.flush(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_take_no_more_memory_than_they_may() {
        let most_of = |bytes| ExecConfig { combine_bytes: bytes, ..ExecConfig::default() };
        assert_eq!(most_groups(24, &most_of(None)), MOST_GROUPS);
        assert_eq!(most_groups(40, &most_of(None)), groups_in(1 << 20) - BATCH);
        assert_eq!(most_groups(40, &most_of(Some(usize::MAX))), groups_in(1 << 20) - BATCH);
        assert_eq!(most_groups(32, &most_of(Some(1 << 20))), groups_in(1 << 15) - BATCH);
        assert_eq!(most_groups(32, &most_of(Some(0))), 0);
    }

    #[test]
    fn the_number_of_keys_is_estimated_by_those_that_came_twice() {
        for keys in [300_000_u64, 1_000_000, 5_000_000] {
            let mut seen = std::collections::HashSet::new();
            let mut number = 1_u64;
            let values = 140_000;
            for _ in 0..values {
                number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                seen.insert((number >> 33) % keys);
            }
            let estimate = estimated_keys(values, seen.len()) as f64 / keys as f64;
            assert!((0.8..1.3).contains(&estimate), "{estimate} of {keys}");
        }
        assert!(estimated_keys(140_000, 140_000) > 1 << 30);
    }
}
