//! The bundles that a worker was given and has not answered.

use std::collections::HashMap;
use std::sync::Mutex;

use purlin_sdk::exec::{AskedControl, BundleControl, SplitAnswer};

use crate::sync::lock;

/// Open bundles by instruction id.
#[derive(Default)]
pub(super) struct Active(Mutex<HashMap<String, AskedControl>>);

impl Active {
    pub(super) fn accepted(&self, instruction: &str) {
        lock(&self.0).insert(instruction.to_owned(), AskedControl::default());
    }

    /// The bundle has begun.
    pub(super) fn started(&self, instruction: &str, control: BundleControl) {
        if let Some(bundle) = lock(&self.0).get_mut(instruction) {
            bundle.start(control);
        }
    }

    /// The bundle gives nothing away any more. A split that it did not answer is dropped.
    pub(super) fn finished(&self, instruction: &str) {
        let ended = lock(&self.0).remove(instruction);
        if let Some(control) = ended.as_ref().and_then(AskedControl::running) {
            control.forget_split();
        }
    }

    /// Asks a bundle to stop early; one that is not open any more needs no asking.
    pub(super) fn checkpoint(&self, instruction: &str) {
        if let Some(bundle) = lock(&self.0).get_mut(instruction) {
            bundle.checkpoint();
        }
    }

    /// Asks a bundle to give a part of its element away. `answer` is dropped where it cannot, and at
    /// the latest when it ends.
    pub(super) fn split(&self, instruction: &str, fraction: f64, answer: SplitAnswer) {
        if let Some(bundle) = lock(&self.0).get_mut(instruction) {
            bundle.split(fraction, answer);
        }
    }

    /// Whether a bundle runs.
    pub(super) fn is_running(&self, instruction: &str) -> bool {
        lock(&self.0).get(instruction).is_some_and(|bundle| bundle.running().is_some())
    }
}
