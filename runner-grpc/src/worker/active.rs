//! The bundles that a worker was given and has not answered.

use std::collections::HashMap;
use std::sync::Mutex;

use purlin_sdk::exec::{BundleControl, SplitAnswer};

use crate::sync::lock;

/// Open bundles by instruction id.
#[derive(Default)]
pub(super) struct Active(Mutex<HashMap<String, Progress>>);

/// A bundle, and what was asked of it while it waited for a thread: beginning a bundle resets what
/// was asked of its processor.
#[derive(Default)]
struct Progress {
    running: Option<BundleControl>,
    is_to_stop: bool,
    split: Option<(f64, SplitAnswer)>,
}

impl Progress {
    fn pass_on(&mut self) {
        let Some(running) = &self.running else { return };
        if let Some((fraction, answer)) = self.split.take() {
            running.split(fraction, answer);
        }
        if self.is_to_stop {
            running.checkpoint();
        }
    }
}

impl Active {
    pub(super) fn accepted(&self, instruction: &str) {
        lock(&self.0).insert(instruction.to_owned(), Progress::default());
    }

    /// The bundle has begun.
    pub(super) fn started(&self, instruction: &str, control: BundleControl) {
        if let Some(progress) = lock(&self.0).get_mut(instruction) {
            progress.running = Some(control);
            progress.pass_on();
        }
    }

    /// The bundle gives nothing away any more. A split that it did not answer is dropped.
    pub(super) fn finished(&self, instruction: &str) {
        let ended = lock(&self.0).remove(instruction);
        if let Some(control) = ended.and_then(|progress| progress.running) {
            control.forget_split();
        }
    }

    /// Asks a bundle to stop early; one that is not open any more needs no asking.
    pub(super) fn checkpoint(&self, instruction: &str) {
        if let Some(progress) = lock(&self.0).get_mut(instruction) {
            progress.is_to_stop = true;
            progress.pass_on();
        }
    }

    /// Asks a bundle to give a part of its element away. `answer` is dropped where it cannot, and at
    /// the latest when it ends.
    pub(super) fn split(&self, instruction: &str, fraction: f64, answer: SplitAnswer) {
        if let Some(progress) = lock(&self.0).get_mut(instruction) {
            progress.split = Some((fraction, answer));
            progress.pass_on();
        }
    }

    /// Whether a bundle runs.
    pub(super) fn is_running(&self, instruction: &str) -> bool {
        lock(&self.0).get(instruction).is_some_and(|progress| progress.running.is_some())
    }
}
