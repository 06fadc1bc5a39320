//! Which timers of a partition fire next.
//!
//! The queue knows of each key only when its first timer is due. Which that is, the table says: so a
//! key that waits costs one place here, however many timers it has.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use bytes::Bytes;
use purlin_sdk::Timestamp;

use super::change::{Timer, TimerId};
use super::facts::{Domain, KeyedFacts, Rank};
use super::kept_bytes::KeptBytes;
use super::small_map::SmallMap;
use super::table::{KeyState, Table};

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

/// The keys of one partition in the order in which their first timers fire.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct TimerQueue {
    event: BTreeSet<Place>,
    processing: BTreeSet<Place>,
}

/// By the first time at which the clock lets a timer of the key fire.
type Place = (Timestamp, KeptBytes);

/// The clocks of a stage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Now {
    pub(crate) watermark: Timestamp,
    pub(crate) processing_time: Timestamp,
}

impl Now {
    /// The time of a clock up to which timers are due. At the end of the input nothing is worth
    /// waiting for: what is set for later fires before the state goes.
    fn limit(self, domain: Domain) -> Timestamp {
        match domain {
            Domain::Processing if self.watermark != Timestamp::MAX => self.processing_time,
            _ => self.watermark,
        }
    }
}

/// When the first timers of a key are due.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Firsts {
    event: Option<Timestamp>,
    processing: Option<Timestamp>,
}

impl Firsts {
    pub(super) fn of(facts: &KeyedFacts, state: Option<&KeyState>) -> Self {
        let mut firsts = Self::default();
        for (id, timer) in state.into_iter().flat_map(|state| state.timers.iter()) {
            if let Some((domain, at)) = facts.place(id.family, *timer) {
                let first = match domain {
                    Domain::Event => &mut firsts.event,
                    Domain::Processing => &mut firsts.processing,
                };
                *first = Some(first.map_or(at, |first| first.min(at)));
            }
        }
        firsts
    }
}

impl TimerQueue {
    /// Has a key wait for other times than before.
    pub(super) fn reposition(&mut self, key: &[u8], before: Firsts, after: Firsts) {
        let sets = [
            (&mut self.event, before.event, after.event),
            (&mut self.processing, before.processing, after.processing),
        ];
        for (set, before, after) in sets.into_iter().filter(|(_, before, after)| before != after) {
            if let Some(before) = before {
                set.remove(&(before, key.into()));
            }
            if let Some(after) = after {
                set.insert((after, key.into()));
            }
        }
    }

    /// Whether a timer is due.
    pub(crate) fn is_due(&self, now: Now) -> bool {
        let is_due = |domain| self.due_keys(domain, now).next().is_some();
        is_due(Domain::Event) || is_due(Domain::Processing)
    }

    /// When the first timer of processing time is due.
    pub(crate) fn next_processing(&self) -> Option<Timestamp> {
        self.processing.first().map(|(at, _)| *at)
    }

    /// At most `limit` timers that are due.
    pub(super) fn due(
        &self,
        facts: &KeyedFacts,
        table: &Table,
        now: Now,
        limit: usize,
    ) -> Vec<DueTimer> {
        let mut found = Vec::new();
        for domain in [Domain::Processing, Domain::Event] {
            for key in self.due_keys(domain, now) {
                let Some(state) = table.key(key) else { continue };
                let timers = KeyTimers { facts, timers: &state.timers, now };
                let due = if facts.is_one_timer_a_key() {
                    timers.first(domain).into_iter().collect()
                } else {
                    timers.all(domain)
                };
                let due = due.into_iter().map(|(id, timer)| (id.clone(), timer));
                found.extend(due.map(|(id, timer)| DueTimer { key: key.to_bytes(), id, timer }));
                if found.len() >= limit {
                    found.truncate(limit);
                    return found;
                }
            }
        }
        found
    }

    fn due_keys(&self, domain: Domain, now: Now) -> impl Iterator<Item = &KeptBytes> {
        let set = match domain {
            Domain::Event => &self.event,
            Domain::Processing => &self.processing,
        };
        let limit = now.limit(domain);
        set.iter().take_while(move |(at, _)| *at <= limit).map(|(_, key)| key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.event.is_empty() && self.processing.is_empty()
    }
}

/// The timers of one key.
#[derive(Clone, Copy)]
struct KeyTimers<'a> {
    facts: &'a KeyedFacts,
    timers: &'a SmallMap<TimerId, Timer>,
    now: Now,
}

/// Which of the timers of a key of a user's function fires next, if any is due.
pub(super) fn next_due(
    facts: &KeyedFacts,
    timers: &SmallMap<TimerId, Timer>,
    now: Now,
) -> Option<(TimerId, Timer)> {
    let timers = KeyTimers { facts, timers, now };
    let next = timers.first(Domain::Processing).or_else(|| timers.first(Domain::Event));
    next.map(|(id, timer)| (id.clone(), timer))
}

impl<'a> KeyTimers<'a> {
    /// All that are due, in the order in which they fire. What a grouping does at a time depends on
    /// the clocks alone.
    fn all(self, domain: Domain) -> Vec<(&'a TimerId, Timer)> {
        let mut due: Vec<_> = self.due(domain).collect();
        due.sort_unstable_by_key(|(turn, _)| *turn);
        due.into_iter().map(|((.., id), timer)| (id, timer)).collect()
    }

    /// The first that is due, unless one of processing time comes before it. What a user's function
    /// does may take the others back, or set one that fires before them.
    fn first(self, domain: Domain) -> Option<(&'a TimerId, Timer)> {
        let ((.., id), timer) = self.due(domain).min_by_key(|(turn, _)| *turn)?;
        if domain == Domain::Event && self.due(Domain::Processing).next().is_some() {
            return None;
        }
        let is_last = self.facts.is_expiry(id.family);
        let before = is_last.then(|| self.before_expiry(&id.window)).flatten();
        Some(before.unwrap_or((id, timer)))
    }

    /// What waits in a window that expires now: it happens before.
    fn before_expiry(self, window: &KeptBytes) -> Option<(&'a TimerId, Timer)> {
        let waiting = self.turns(Domain::Event).filter(|((.., id), _)| id.window == *window);
        let others = waiting.filter(|((.., id), _)| !self.facts.is_expiry(id.family));
        others.min_by_key(|(turn, _)| *turn).map(|((.., id), timer)| (id, timer))
    }

    fn due(self, domain: Domain) -> impl Iterator<Item = (Turn<'a>, Timer)> {
        let limit = self.now.limit(domain);
        self.turns(domain).filter(move |((at, ..), _)| *at <= limit)
    }

    fn turns(self, domain: Domain) -> impl Iterator<Item = (Turn<'a>, Timer)> {
        self.timers.iter().filter_map(move |(id, timer)| {
            let (its, at) = self.facts.place(id.family, *timer)?;
            (its == domain).then(|| ((at, self.facts.rank(id.family), id), *timer))
        })
    }
}

/// The order in which the timers of a key fire.
type Turn<'a> = (Timestamp, Rank, &'a TimerId);
