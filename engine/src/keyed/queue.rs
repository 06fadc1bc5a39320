//! Which timers of a partition fire next.

use std::collections::BTreeSet;

use bytes::Bytes;
use hashbrown::HashSet;
use purlin_sdk::Timestamp;

use super::change::{Timer, TimerId};
use super::facts::{Clock, KeyedFacts};

/// How many timers are looked at, per timer that is wanted, before the search is given up for now.
const LOOKS: usize = 8;

/// A timer that is due.
#[derive(Clone, PartialEq, Debug)]
pub struct DueTimer {
    /// The encoded key.
    pub key: Bytes,
    /// Which of its timers.
    pub id: TimerId,
    /// As it was set.
    pub timer: Timer,
}

/// The timers of one partition in the order in which they fire.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct TimerQueue {
    event: BTreeSet<Place>,
    processing: BTreeSet<Place>,
}

/// By the first time at which the clock lets it fire.
type Place = (Timestamp, Bytes, TimerId);

/// The clocks of a stage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Now {
    pub(crate) watermark: Timestamp,
    pub(crate) processing_time: Timestamp,
}

impl TimerQueue {
    pub(super) fn insert(&mut self, facts: &KeyedFacts, key: &Bytes, id: &TimerId, timer: Timer) {
        if let Some((set, at)) = self.place(facts, id, timer) {
            set.insert((at, key.clone(), id.clone()));
        }
    }

    pub(super) fn remove(&mut self, facts: &KeyedFacts, key: &Bytes, id: &TimerId, timer: Timer) {
        if let Some((set, at)) = self.place(facts, id, timer) {
            set.remove(&(at, key.clone(), id.clone()));
        }
    }

    fn place(
        &mut self,
        facts: &KeyedFacts,
        id: &TimerId,
        timer: Timer,
    ) -> Option<(&mut BTreeSet<Place>, Timestamp)> {
        let after = Timestamp(timer.fire.0.saturating_add(1));
        match facts.clock(id.family) {
            Clock::EventTime => Some((&mut self.event, timer.fire)),
            Clock::AfterEventTime => Some((&mut self.event, after)),
            Clock::ProcessingTime => Some((&mut self.processing, timer.fire)),
            Clock::AfterProcessingTime => Some((&mut self.processing, after)),
            Clock::Never => None,
        }
    }

    /// Whether a timer is due.
    pub(crate) fn is_due(&self, now: Now) -> bool {
        let is_passed = |place: Option<&Place>, time| place.is_some_and(|(at, ..)| *at <= time);
        is_passed(self.event.first(), now.watermark)
            || is_passed(self.processing.first(), processing_limit(now))
    }

    /// When the first timer of processing time is due.
    pub(crate) fn next_processing(&self) -> Option<Timestamp> {
        self.processing.first().map(|(at, ..)| *at)
    }

    /// At most `limit` timers that are due. Of each key only the first, where `is_one_a_key` says
    /// so: what it does may take the others back, or set one that fires before them.
    pub(crate) fn due(&self, now: Now, limit: usize, is_one_a_key: bool) -> Vec<(Bytes, TimerId)> {
        let mut due = Vec::new();
        let mut keys = HashSet::new();
        let processing = up_to(&self.processing, processing_limit(now));
        let event = up_to(&self.event, now.watermark);
        for (_, key, id) in processing.chain(event).take(limit.saturating_mul(LOOKS)) {
            if due.len() >= limit {
                break;
            }
            if !is_one_a_key || keys.insert(key.clone()) {
                due.push((key.clone(), id.clone()));
            }
        }
        due
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.event.is_empty() && self.processing.is_empty()
    }
}

/// The processing time up to which timers are due. At the end of the input nothing is worth waiting
/// for: what is set for later fires before the state goes.
fn processing_limit(now: Now) -> Timestamp {
    if now.watermark == Timestamp::MAX { Timestamp::MAX } else { now.processing_time }
}

fn up_to(set: &BTreeSet<Place>, limit: Timestamp) -> impl Iterator<Item = &Place> {
    set.iter().take_while(move |(at, ..)| *at <= limit)
}
