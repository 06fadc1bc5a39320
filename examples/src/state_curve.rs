//! A stateful transform whose keys are idle but for a few, and the source that drives it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use purlin::Continuation;
use purlin::prelude::*;

use crate::machine::{cpu_time, resident_mib};

/// Touches all keys, then the hot ones in turn, and marks the time before, between and after.
#[derive(Clone, Debug, Default)]
pub struct Touches {
    /// How many keys there are.
    pub keys: u64,
    /// How many of them are hot.
    pub hot: u64,
    /// How many elements these get.
    pub elements: u64,
    /// How many elements come at a time; the watermark moves behind them.
    pub bundle: u64,
    /// How many bytes of state each key has beside its count.
    pub state_bytes: usize,
    /// How far it has come.
    pub progress: Arc<Progress>,
}

/// How far source and transform have come, in the process that runs both.
#[derive(Debug, Default)]
pub struct Progress {
    /// In the lower half how many elements were processed, in the upper the sum of what they found.
    processed: AtomicU64,
    fired: AtomicU64,
    marks: Mutex<Vec<Mark>>,
}

/// The end of a phase.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// When it was reached.
    pub at: Instant,
    /// How many timers had fired.
    pub fired: u64,
    /// The CPU time of the process.
    pub cpu: Duration,
    /// The memory of the process.
    pub resident_mib: u64,
}

impl Progress {
    /// The start, and the end of each phase.
    #[must_use]
    pub fn marks(&self) -> Vec<Mark> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn processed(&self) -> u64 {
        self.processed.load(Ordering::Relaxed) & LOWER
    }

    fn found(&self) -> u64 {
        self.processed.load(Ordering::Relaxed) >> 32
    }

    fn mark(&self, phase: usize) {
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.len() == phase {
            let fired = self.fired.load(Ordering::Relaxed);
            let (cpu, resident_mib) = (cpu_time(), resident_mib());
            marks.push(Mark { at: Instant::now(), fired, cpu, resident_mib });
        }
    }
}

/// The lower half of a number.
const LOWER: u64 = u32::MAX as u64;

impl Touches {
    /// Whether the elements have found as many before them as there were of their keys.
    #[must_use]
    pub fn is_right(&self) -> bool {
        let hot = self.hot.max(1);
        let (all, more) = (self.elements / hot, self.elements % hot);
        // The last key that is touched `n` times has found 1 to `n`.
        let of_key = |touches: u64| touches * (touches + 1) / 2;
        let found = of_key(all) * (hot - more) + of_key(all + 1) * more;
        self.progress.found() == found & LOWER
    }

    /// Whether everything before `position` was processed, if that ends a phase: then it is marked.
    fn is_reached(&self, position: u64) -> bool {
        let ends = [0, self.keys, self.keys + self.elements];
        let Some(phase) = ends.iter().position(|end| *end == position) else { return true };
        let is_reached = self.progress.processed() == position;
        if is_reached {
            self.progress.mark(phase);
        }
        is_reached
    }

    fn end_of_bundle(&self, position: u64) -> u64 {
        let phase_end = if position < self.keys { self.keys } else { self.keys + self.elements };
        (position + self.bundle.max(1)).min(phase_end)
    }
}

impl SplittableDoFn for Touches {
    type In = u8;
    type Out = (u64, u64);
    type Restriction = OffsetRange;

    fn initial_restriction(&self, _: &u8) -> Result<OffsetRange, BoxError> {
        // One more, which waits for the end of the last phase.
        Ok(OffsetRange::new(0, self.keys + self.elements + 1))
    }

    fn process(
        &mut self,
        _: &u8,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<(u64, u64)>,
    ) -> Result<Continuation, BoxError> {
        let start = tracker.restriction().start;
        // The watermark moves by a second a bundle, and what is hot sets its timer within that.
        let now = Timestamp(i64::try_from(start / self.bundle.max(1) * 1000)?);
        cx.set_watermark(now);
        if !self.is_reached(start) {
            return Ok(Continuation::Resume(Duration::from_micros(100)));
        }
        if start == self.keys + self.elements {
            tracker.finish();
            return Ok(Continuation::Stop);
        }
        for position in start..self.end_of_bundle(start) {
            if !tracker.try_claim(position) {
                return Ok(Continuation::Stop);
            }
            let touch = match position.checked_sub(self.keys) {
                None => (position, FAR_MS),
                Some(element) => (element % self.hot.max(1), 1),
            };
            cx.output_with_timestamp(touch, now);
        }
        Ok(Continuation::Resume(Duration::ZERO))
    }
}

/// How far ahead the timers of idle keys are: a thousand days.
const FAR_MS: u64 = 1000 * 24 * 3600 * 1000;

/// Counts the elements of each key, and sets its timer as far ahead as they say.
#[derive(Clone, Debug)]
pub struct Count {
    count: Value<u64>,
    beside: Value<Vec<u8>>,
    timer: EventTimer,
    state_bytes: usize,
    progress: Arc<Progress>,
}

impl Count {
    /// The transform, which says how far it has come.
    pub fn new(s: &mut StateSpecs, touches: &Touches) -> Self {
        Self {
            count: s.value("count"),
            beside: s.value("beside"),
            timer: s.event_timer("timer"),
            state_bytes: touches.state_bytes,
            progress: Arc::clone(&touches.progress),
        }
    }
}

impl StatefulDoFn for Count {
    type Key = u64;
    type In = u64;
    type Out = u64;

    fn process(&mut self, _: &u64, ahead_ms: u64, cx: &mut Context<u64>) -> Result<(), BoxError> {
        let count = self.count.read(cx)?.unwrap_or(0);
        self.progress.processed.fetch_add((count << 32) + 1, Ordering::Relaxed);
        if count == 0 && self.state_bytes > 0 {
            self.beside.write(cx, vec![7; self.state_bytes])?;
        }
        self.timer.set(cx, cx.timestamp() + Duration::from_millis(ahead_ms));
        self.count.write(cx, count + 1)
    }

    fn on_timer(&mut self, _: Timer, _: &u64, _: &mut Context<u64>) -> Result<(), BoxError> {
        self.progress.fired.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
