//! The timers of a bundle of a user's stage: those that fire, and those that its function sets.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use purlin_sdk::coders::timer::Firing;
use purlin_sdk::exec::Failure;
use purlin_sdk::{Timestamp, Window};

use super::bundle::{Clocks, KeyedBundle, Result, user_of};
use super::change::{Timer, TimerId};
use super::facts::{Clock, KeyedFacts};
use super::kept_bytes::KeptBytes;
use super::queue::{DueTimer, Now, next_due};
use super::timer_coding::{put_due, read_timers, window_bytes};

/// While fewer timers than this have fired in a bundle, those go on that set another.
const MOST_TIMERS: usize = 4096;

/// Timers for the user's function, by family.
pub struct FiredTimers {
    /// The transform.
    pub transform_id: String,
    /// The family.
    pub family: String,
    /// The encoded timers.
    pub timers: Bytes,
}

impl KeyedBundle {
    /// Has the next timers fire of the keys whose timers have just fired: those that are due too, or
    /// are due now that the function has set them. `false` where there are none, or enough have fired
    /// for one bundle. What the function did must be here.
    ///
    /// # Errors
    /// When the stage has no function.
    pub fn fire_next(&mut self) -> Result<bool> {
        let shuffle = Arc::clone(&self.shuffle);
        let (facts, user) = user_of(&shuffle, self.stage)?;
        let Clocks { input_watermark: watermark, processing_time, .. } = self.clocks;
        let now = Now { watermark, processing_time };
        let last = self.earlier..self.fired.len();
        if last.end >= MOST_TIMERS {
            return Ok(false);
        }
        self.earlier = last.end;
        for at in last {
            let key = self.fired[at].key.clone();
            // What the engine's own timers do is done when a bundle opens and closes.
            let next = next_due(facts, &self.view.timers(&key), now);
            if let Some((id, timer)) = next.filter(|(id, _)| id.family < user.sorting) {
                self.view.set_timer(&key, id.clone(), None);
                self.fired.push(DueTimer { key, id, timer });
            }
        }
        Ok(self.earlier < self.fired.len())
    }

    /// The timers for the function that fire next.
    ///
    /// # Errors
    /// When a window cannot be read.
    pub fn timers(&self) -> Result<Vec<FiredTimers>> {
        let (facts, user) = user_of(&self.shuffle, self.stage)?;
        let mut by_family: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
        for due in &self.fired[self.earlier..] {
            let family = match (due.id.family == user.expiry, user.on_expiration) {
                (true, Some(family)) => family,
                _ if due.id.family >= user.sorting => continue,
                _ => due.id.family,
            };
            put_due(by_family.entry(family).or_default(), due, facts.windows)
                .map_err(|error| Failure::from_error(&error))?;
        }
        let name = |family: u16| facts.families[usize::from(family)].name.clone();
        let fired = by_family.into_iter().map(|(family, timers)| FiredTimers {
            transform_id: user.transform_id.clone(),
            family: name(family),
            timers: timers.into(),
        });
        Ok(fired.collect())
    }

    /// Sets and takes back timers of a family. Where they come from a worker with a clock of its own,
    /// `worker_now` is what that clock shows.
    ///
    /// # Errors
    /// When the stage declares no such family, the bytes are no timers, or one is set for a time
    /// after its window expires.
    pub fn set_timers(
        &mut self,
        family: &str,
        timers: &Bytes,
        worker_now: Option<Timestamp>,
    ) -> Result<()> {
        let shuffle = Arc::clone(&self.shuffle);
        let (facts, user) = user_of(&shuffle, self.stage)?;
        let number = facts.family(family).filter(|number| *number < user.sorting);
        let Some(number) = number else {
            return Err(Failure::new(format!("the stage declares no timers `{family}`")));
        };
        let asked = read_timers(timers, &user.key, facts.windows)
            .map_err(|error| Failure::from_error(&error))?;
        for asked in asked {
            self.view.check_key(&asked.key)?;
            let tag = KeptBytes::from(asked.tag.as_bytes());
            for window in asked.windows.as_slice() {
                let encoded = window_bytes(window, facts.windows);
                let id = TimerId { window: encoded, family: number, tag: tag.clone() };
                let timer = match asked.firing {
                    Some(Firing { fire, hold, .. }) => {
                        let timer = Timer { fire, hold };
                        let timer = self.rebased(facts, number, timer, worker_now);
                        self.accepted(facts, number, timer, window)?
                    }
                    None => None,
                };
                self.view.set_timer(&asked.key, id, timer);
            }
        }
        Ok(())
    }

    /// A timer that a worker with a clock of its own has set: where the clock here is scripted, only
    /// the delay counts.
    fn rebased(
        &self,
        facts: &KeyedFacts,
        family: u16,
        timer: Timer,
        worker_now: Option<Timestamp>,
    ) -> Timer {
        match (facts.clock(family), worker_now) {
            (Clock::ProcessingTime, Some(now)) if self.clocks.is_scripted => {
                let delay = timer.fire.0.saturating_sub(now.0).max(0);
                let fire = Timestamp(self.clocks.processing_time.0.saturating_add(delay));
                Timer { fire, ..timer }
            }
            _ => timer,
        }
    }

    /// The timer as it is kept. After the end of the input no time passes any more, so that a timer
    /// of processing time would fire at once, and again and again.
    fn accepted(
        &self,
        facts: &KeyedFacts,
        family: u16,
        timer: Timer,
        window: &Window,
    ) -> Result<Option<Timer>> {
        let expires_at = facts.expires_at(window);
        let hold = timer.hold.min(expires_at);
        match facts.clock(family) {
            Clock::ProcessingTime if self.clocks.input_watermark == Timestamp::MAX => Ok(None),
            Clock::EventTime if timer.fire > expires_at => Err(Failure::new(format!(
                "the timer `{}` is set for {}, after its window expires at {expires_at}",
                facts.families[usize::from(family)].name,
                timer.fire
            ))),
            _ => Ok(Some(Timer { fire: timer.fire, hold })),
        }
    }
}
