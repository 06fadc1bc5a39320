//! The bundles that a worker was given and has not answered.

use std::collections::HashMap;
use std::sync::Mutex;

use purlin_sdk::exec::BundleControl;

use crate::sync::lock;

/// Open bundles by instruction id.
#[derive(Default)]
pub(super) struct Active(Mutex<HashMap<String, Progress>>);

enum Progress {
    /// It waits for a thread; whether it is to be checkpointed as soon as it runs.
    Waiting { checkpoint: bool },
    /// It runs.
    Running(BundleControl),
}

impl Active {
    pub(super) fn accepted(&self, instruction: &str) {
        let waiting = Progress::Waiting { checkpoint: false };
        lock(&self.0).insert(instruction.to_owned(), waiting);
    }

    /// The bundle has begun. A checkpoint that was asked for before is done now: beginning a
    /// bundle resets what was asked of its processor.
    pub(super) fn started(&self, instruction: &str, control: BundleControl) {
        let mut all = lock(&self.0);
        if matches!(all.get(instruction), Some(Progress::Waiting { checkpoint: true })) {
            control.checkpoint();
        }
        all.insert(instruction.to_owned(), Progress::Running(control));
    }

    pub(super) fn finished(&self, instruction: &str) {
        lock(&self.0).remove(instruction);
    }

    /// Asks a bundle to stop early; one that is not open any more needs no asking.
    pub(super) fn checkpoint(&self, instruction: &str) {
        match lock(&self.0).get_mut(instruction) {
            Some(Progress::Waiting { checkpoint }) => *checkpoint = true,
            Some(Progress::Running(control)) => control.checkpoint(),
            None => {}
        }
    }

    /// Whether a bundle runs.
    pub(super) fn is_running(&self, instruction: &str) -> bool {
        matches!(lock(&self.0).get(instruction), Some(Progress::Running(_)))
    }
}
