//! A bundle of a user's stage with state: what its function gets, and what it does to its keys.

use std::sync::Arc;

use bytes::Bytes;
use purlin_proto::fn_execution::StateKey;
use purlin_sdk::coders::CoderError;
use purlin_sdk::exec::{Chunk, Failure, MetricValue, StatePage};
use purlin_sdk::{Timestamp, Window};

use super::change::{Timer, TimerId};
use super::facts::{KeyedFacts, Kind, User};
use super::kept_bytes::KeptBytes;
use super::queue::DueTimer;
use super::sorting;
use super::table::Table;
use super::timer_coding::{read_window, window_bytes};
use super::view::View;
use super::{late, user_state};
use crate::bundle::{Bundle, BundleInput, BundleResult};
use crate::shuffle::Shuffle;
use crate::state::DROPPED;

pub(super) type Result<T> = std::result::Result<T, Box<Failure>>;

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

/// A running bundle of a user's stage with state.
///
/// Whoever runs the stage hands [`elements`](Self::elements) and [`timers`](Self::timers) to the
/// function, answers its requests by the other methods, and ends with [`close`](Self::close). Before,
/// it may go on with further timers of the same keys by [`fire_next`](Self::fire_next).
pub struct KeyedBundle {
    pub(super) shuffle: Arc<Shuffle>,
    pub(super) stage: usize,
    pub(super) view: View,
    pub(super) clocks: Clocks,
    pub(super) fired: Vec<DueTimer>,
    /// How many of them are of earlier rounds.
    pub(super) earlier: usize,
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
        let KeyedInput { timers, clocks, .. } = keyed.as_ref();
        let mut this = Self {
            shuffle: Arc::clone(shuffle),
            stage: bundle.stage.0,
            view: View::new(keyed, &bundle.input)?,
            clocks: *clocks,
            fired: timers.clone(),
            earlier: 0,
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
            _ => Err(CoderError::new("groups came to a user's stage")),
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
        self.view.finish(result);
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

pub(super) fn user_of(shuffle: &Shuffle, stage: usize) -> Result<(&KeyedFacts, &User)> {
    match shuffle.keyed_facts(stage) {
        Some(facts) => match &facts.kind {
            Kind::User(user) => Ok((facts, user)),
            Kind::Grouping(_) => Err(Failure::new("a grouping has no user's function")),
        },
        None => Err(Failure::new("the stage has no state")),
    }
}
