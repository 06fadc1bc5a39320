//! Which running bundles share their work.

use purlin_sdk::Timestamp;

use super::{Flight, Schedule, may_not_end};
use crate::bundle::BundleId;
use crate::config::EngineConfig;
use crate::engine::is_splittable;
use crate::plan::StageId;
use crate::state::Facts;

/// What an attempt was asked to give away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sharing {
    /// When it began, or gave something away.
    pub(super) since: Timestamp,
    /// How often it was asked.
    asks: u32,
    /// Whether the last was not answered yet. One that never is was not possible, and is not
    /// repeated: a restriction that cannot be split now will hardly be later.
    is_open: bool,
}

impl Default for Sharing {
    fn default() -> Self {
        Self { since: Timestamp::MIN, asks: 0, is_open: false }
    }
}

impl Sharing {
    pub(super) fn begun(now: Timestamp) -> Self {
        Self { since: now, ..Self::default() }
    }

    fn ask(&mut self) -> u32 {
        self.asks += 1;
        self.is_open = true;
        self.asks
    }
}

/// Whether an attempt can give some of its work away. A source that does not end is suspended instead.
fn can_give(facts: &Facts, flight: &Flight) -> bool {
    is_splittable(facts, flight.stage)
        && !flight.entries.is_empty()
        && !flight.was_asked_to_stop
        && !flight.sharing.is_open
        && (flight.is_bounded || !may_not_end(facts, flight.stage))
}

/// Whether an attempt can give a part of its one element away. One that has several would have to
/// say which part of its input is left: it stops, and leaves what it has not begun.
fn can_share(facts: &Facts, flight: &Flight) -> bool {
    flight.entries.len() == 1 && can_give(facts, flight)
}

impl Schedule {
    /// The attempts that have run for long while executors are idle, one for each of those, with
    /// the number of the split that each is asked for; none where it is to stop.
    pub(crate) fn long(
        &mut self,
        facts: &Facts,
        config: &EngineConfig,
        now: Timestamp,
    ) -> Vec<(BundleId, Option<u32>)> {
        let idle = config.executors.saturating_sub(self.in_flight.len());
        let flights = self.in_flight.iter_mut();
        let long = flights.filter(|(_, flight)| {
            can_give(facts, flight) && now >= flight.sharing.since + config.split_after
        });
        let ask = |flight: &mut Flight| {
            let is_one = flight.entries.len() == 1;
            flight.was_asked_to_stop |= !is_one;
            is_one.then(|| flight.sharing.ask())
        };
        long.take(idle).map(|(id, flight)| (*id, ask(flight))).collect()
    }

    /// When an attempt will have run for long while executors are idle.
    pub(super) fn next_split(&self, facts: &Facts, config: &EngineConfig) -> Option<Timestamp> {
        let is_idle = self.in_flight.len() < config.executors;
        let flights = self.in_flight.values().filter(|flight| is_idle && can_give(facts, flight));
        flights.map(|flight| flight.sharing.since + config.split_after).min()
    }

    /// For a schedule that varies: a split of a new attempt, now and then.
    pub(crate) fn split_at_random(&mut self, facts: &Facts, id: BundleId) -> Option<(u32, f64)> {
        let random = self.random.as_mut()?;
        let flight = self.in_flight.get_mut(&id).filter(|flight| can_share(facts, flight))?;
        let quarters = u8::try_from(random.below(8)).ok().filter(|it| (1..=3).contains(it))?;
        Some((flight.sharing.ask(), f64::from(quarters) / 4.0))
    }

    /// Takes the answer to a split: the queue entry that was split. `None` where the attempt has
    /// ended or did not have this question.
    pub(crate) fn answer_split(
        &mut self,
        id: BundleId,
        ask: u32,
        now: Timestamp,
    ) -> Option<(StageId, u64)> {
        let flight = self.in_flight.get_mut(&id)?;
        if !flight.sharing.is_open || flight.sharing.asks != ask {
            return None;
        }
        flight.sharing.is_open = false;
        flight.sharing.since = now;
        Some((flight.stage, *flight.entries.first()?))
    }
}
