//! What bundles are asked while they wait or run.

use std::collections::BTreeMap;
use std::sync::Mutex;

use purlin_sdk::exec::{BundleControl, SplitAnswer};

use super::lock;
use crate::bundle::BundleId;

/// The ways to stop or split bundles, which may be asked for before a bundle has begun.
#[derive(Default)]
pub(super) struct Controls(Mutex<BTreeMap<BundleId, Control>>);

#[derive(Default)]
struct Control {
    running: Option<BundleControl>,
    is_to_stop: bool,
    split: Option<(f64, SplitAnswer)>,
}

impl Control {
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

impl Controls {
    /// A bundle has begun.
    pub(super) fn started(&self, id: BundleId, control: BundleControl) {
        let mut all = lock(&self.0);
        let known = all.entry(id).or_default();
        known.running = Some(control);
        known.pass_on();
    }

    pub(super) fn ended(&self, id: BundleId) {
        lock(&self.0).remove(&id);
    }

    pub(super) fn checkpoint(&self, id: BundleId) {
        let mut all = lock(&self.0);
        let control = all.entry(id).or_default();
        control.is_to_stop = true;
        control.pass_on();
    }

    pub(super) fn split(&self, id: BundleId, fraction: f64, answer: SplitAnswer) {
        let mut all = lock(&self.0);
        let control = all.entry(id).or_default();
        control.split = Some((fraction, answer));
        control.pass_on();
    }
}
