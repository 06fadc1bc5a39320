//! A bundle of a user's stage with state: what its function gets, and what it does to its keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use purlin_proto::fn_execution::StateKey;
use purlin_sdk::coders::CoderError;
use purlin_sdk::coders::timer::Firing;
use purlin_sdk::exec::{Chunk, Failure, MetricValue, StatePage};
use purlin_sdk::{Timestamp, Window};

use super::change::{Timer, TimerId};
use super::facts::{Clock, KeyedFacts, Kind, User};
use super::kept_bytes::KeptBytes;
use super::queue::{DueTimer, Now, next_due};
use super::sorting;
use super::table::Table;
use super::timer_coding::{put_due, read_timers, read_window, window_bytes};
use super::view::View;
use super::{late, user_state};
use crate::bundle::{Bundle, BundleInput, BundleResult};
use crate::shuffle::Shuffle;
use crate::state::DROPPED;

/// While fewer timers than this have fired in a bundle, those go on that set another.
const MOST_TIMERS: usize = 4096;

type Result<T> = std::result::Result<T, Box<Failure>>;

/// The keys that a bundle works on.
#[derive(Clone, Debug)]
pub struct KeyedInput {
    /// The partition of all its keys.
    pub partition: u32,
    /// The timers that fire, of each key one.
    pub timers: Vec<DueTimer>,
    /// What was committed about the keys of the partition. To be let go of before the end of the
    /// bundle is reported, since it is changed then.
    pub table: Arc<Table>,
    /// The clocks of the stage.
    pub clocks: Clocks,
}

/// The clocks of a stage when a bundle was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clocks {
    /// The watermark of the stage's input.
    pub input_watermark: Timestamp,
    /// The watermark of the stage's outputs.
    pub output_watermark: Timestamp,
    /// The wall clock; that of the script where a test scripts it.
    pub processing_time: Timestamp,
    /// Whether the wall clock is scripted, so that times of worker processes mean delays.
    pub is_scripted: bool,
}

/// Timers for the user's function, by family.
pub struct FiredTimers {
    /// The transform.
    pub transform_id: String,
    /// The family.
    pub family: String,
    /// The encoded timers.
    pub timers: Bytes,
}

/// A running bundle of a user's stage with state.
///
/// Whoever runs the stage hands [`elements`](Self::elements) and [`timers`](Self::timers) to the
/// function, answers its requests by the other methods, and ends with [`close`](Self::close). Before,
/// it may go on with further timers of the same keys by [`fire_next`](Self::fire_next).
pub struct KeyedBundle {
    shuffle: Arc<Shuffle>,
    stage: usize,
    view: View,
    clocks: Clocks,
    fired: Vec<DueTimer>,
    /// How many of them are of earlier rounds.
    rounds: usize,
    elements: Vec<Arc<Chunk>>,
    dropped: i64,
}

impl KeyedBundle {
    /// Opens a bundle; `None` where its stage has no state.
    ///
    /// # Errors
    /// When its elements are not what the stage's coders say.
    pub fn open(shuffle: &Arc<Shuffle>, bundle: &Bundle) -> Result<Option<Self>> {
        let Some(keyed) = &bundle.keyed else { return Ok(None) };
        let KeyedInput { timers, table, clocks, .. } = keyed.as_ref();
        let mut this = Self {
            shuffle: Arc::clone(shuffle),
            stage: bundle.stage.0,
            view: View::new(Arc::clone(table)),
            clocks: *clocks,
            fired: timers.clone(),
            rounds: 0,
            elements: Vec::new(),
            dropped: 0,
        };
        let shuffle = Arc::clone(shuffle);
        let (facts, user) = user_of(&shuffle, this.stage)?;
        for due in timers {
            this.view.set_timer(&due.key, due.id.clone(), None);
        }
        let opened = match &bundle.input {
            BundleInput::Elements(chunks) => this.take_elements(facts, user, chunks),
            BundleInput::Groups(_) | BundleInput::Compact(_) | BundleInput::Windows(_) => {
                Err(CoderError::new("groups came to a user's stage"))
            }
        };
        let released = opened.and_then(|()| this.release_sorted(facts, user));
        released.map_err(|error| Failure::from_error(&error))?;
        Ok(Some(this))
    }

    fn take_elements(
        &mut self,
        facts: &KeyedFacts,
        user: &User,
        chunks: &[Arc<Chunk>],
    ) -> std::result::Result<(), CoderError> {
        for chunk in chunks {
            let (kept, dropped) = late::in_time(facts, chunk, self.clocks.input_watermark)?;
            self.dropped += dropped;
            let Some(kept) = kept else { continue };
            if user.on_expiration.is_some() {
                self.expect_expiration(facts, user, &kept)?;
            }
            if user.is_time_sorted {
                let watermark = self.clocks.input_watermark;
                self.dropped += sorting::buffer(facts, user, &mut self.view, &kept, watermark)?;
            } else {
                self.elements.push(kept);
            }
        }
        Ok(())
    }

    fn release_sorted(
        &mut self,
        facts: &KeyedFacts,
        user: &User,
    ) -> std::result::Result<(), CoderError> {
        if !user.is_time_sorted {
            return Ok(());
        }
        let watermark = self.clocks.input_watermark;
        for due in self.fired.iter().filter(|due| due.id.family == user.sorting) {
            let released = sorting::release(facts, user, &mut self.view, due, watermark)?;
            self.elements.extend(released.map(Arc::new));
        }
        Ok(())
    }

    /// Has the function told of the end of each window that an element is in.
    fn expect_expiration(
        &mut self,
        facts: &KeyedFacts,
        user: &User,
        chunk: &Chunk,
    ) -> std::result::Result<(), CoderError> {
        super::for_each_element(facts.windows, chunk, |element| {
            for window in element.stamp.windows.as_slice() {
                let encoded = window_bytes(window, facts.windows);
                expect(facts, user, &mut self.view, &element.key, encoded, window);
            }
            Ok(())
        })
    }

    /// The elements for the function, none of which is late.
    #[must_use]
    pub fn elements(&self) -> &[Arc<Chunk>] {
        &self.elements
    }

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
        let last = self.rounds..self.fired.len();
        if last.end >= MOST_TIMERS {
            return Ok(false);
        }
        self.rounds = last.end;
        for at in last {
            let key = self.fired[at].key.clone();
            // What the engine's own timers do is done when a bundle opens and closes.
            let next = next_due(facts, &self.view.timers(&key), now);
            if let Some((id, timer)) = next.filter(|(id, _)| id.family < user.sorting) {
                self.view.set_timer(&key, id.clone(), None);
                self.fired.push(DueTimer { key, id, timer });
            }
        }
        Ok(self.rounds < self.fired.len())
    }

    /// The timers for the function that fire next.
    ///
    /// # Errors
    /// When a window cannot be read.
    pub fn timers(&self) -> Result<Vec<FiredTimers>> {
        let (facts, user) = user_of(&self.shuffle, self.stage)?;
        let mut by_family: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
        for due in &self.fired[self.rounds..] {
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

    /// A page of a state cell.
    ///
    /// # Errors
    /// When the stage declares no such state.
    pub fn get(&self, key: &StateKey, token: &Bytes) -> Result<StatePage> {
        user_state::get(user_of(&self.shuffle, self.stage)?.0, &self.view, key, token)
    }

    /// Appends to a state cell.
    ///
    /// # Errors
    /// When the stage declares no such state.
    pub fn append(&mut self, key: &StateKey, data: Bytes) -> Result<()> {
        let shuffle = Arc::clone(&self.shuffle);
        user_state::append(user_of(&shuffle, self.stage)?.0, &mut self.view, key, data)
    }

    /// Puts values in the place of all that a bag holds.
    ///
    /// # Errors
    /// When the stage declares no such bag.
    pub fn replace(&mut self, key: &StateKey, data: Bytes) -> Result<()> {
        let shuffle = Arc::clone(&self.shuffle);
        user_state::replace(user_of(&shuffle, self.stage)?.0, &mut self.view, key, data)
    }

    /// Empties a state cell.
    ///
    /// # Errors
    /// When the stage declares no such state.
    pub fn clear(&mut self, key: &StateKey) -> Result<()> {
        let shuffle = Arc::clone(&self.shuffle);
        user_state::clear(user_of(&shuffle, self.stage)?.0, &mut self.view, key)
    }

    /// The time of the clock that timers of processing time wait for.
    #[must_use]
    pub fn processing_time(&self) -> Timestamp {
        self.clocks.processing_time
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

    /// Adds what the bundle changed about its keys to its result, and how many elements were too late.
    ///
    /// # Errors
    /// When a window cannot be read.
    pub fn close(mut self, result: &mut BundleResult) -> Result<()> {
        let shuffle = Arc::clone(&self.shuffle);
        let (facts, user) = user_of(&shuffle, self.stage)?;
        let expired = self.fired.iter().filter(|due| due.id.family == user.expiry);
        for due in expired {
            for id in self.view.cells_in(&due.key, &due.id.window) {
                self.view.drop_cell(&due.key, &id);
            }
            for id in self.view.timers_in(&due.key, &due.id.window) {
                self.view.set_timer(&due.key, id, None);
            }
        }
        if facts.windows_may_expire() {
            for key in self.view.changed_keys() {
                for window in self.view.changed_windows(&key) {
                    settle_expiry(facts, user, &mut self.view, &key, window)
                        .map_err(|error| Failure::from_error(&error))?;
                }
            }
        }
        result.changes = self.view.into_changes();
        if self.dropped > 0 {
            let name = (user.transform_id.clone(), DROPPED.to_owned());
            result.metrics.values.insert(name, MetricValue::Counter(self.dropped));
        }
        Ok(())
    }
}

/// Sets or takes back the timer that drops the state of a window.
fn settle_expiry(
    facts: &KeyedFacts,
    user: &User,
    view: &mut View,
    key: &Bytes,
    window: KeptBytes,
) -> std::result::Result<(), CoderError> {
    let decoded = read_window(&window, facts.windows)?;
    let id = TimerId { window: window.clone(), family: user.expiry, tag: KeptBytes::default() };
    let is_set = view.timer(key, &id).is_some();
    let is_used = view.has_timer_beside(key, &id) || view.has_cells(key, &window);
    // What is told of the end of its windows is told even if it kept nothing.
    let is_kept = is_set && user.on_expiration.is_some();
    if is_used && !is_set {
        expect(facts, user, view, key, window, &decoded);
    } else if is_set && !is_used && !is_kept {
        view.set_timer(key, id, None);
    }
    Ok(())
}

/// Sets the timer that drops the state of a window.
fn expect(
    facts: &KeyedFacts,
    user: &User,
    view: &mut View,
    key: &Bytes,
    encoded: KeptBytes,
    window: &Window,
) {
    let id = TimerId { window: encoded, family: user.expiry, tag: KeptBytes::default() };
    let hold = match user.on_expiration {
        Some(_) => window.max_timestamp(),
        None => Timestamp::MAX,
    };
    view.set_timer(key, id, Some(Timer { fire: facts.expires_at(window), hold }));
}

fn user_of(shuffle: &Shuffle, stage: usize) -> Result<(&KeyedFacts, &User)> {
    match shuffle.keyed_facts(stage) {
        Some(facts) => match &facts.kind {
            Kind::User(user) => Ok((facts, user)),
            Kind::Grouping(_) => Err(Failure::new("a grouping has no user's function")),
        },
        None => Err(Failure::new("the stage has no state")),
    }
}
