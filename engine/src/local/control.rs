//! What bundles are asked while they wait or run.

use std::collections::BTreeMap;
use std::sync::Mutex;

use purlin_sdk::exec::{AskedControl, BundleControl, SplitAnswer};

use super::lock;
use crate::bundle::BundleId;

/// The ways to stop or split bundles, which may be asked for before a bundle has begun.
#[derive(Default)]
pub(super) struct Controls(Mutex<BTreeMap<BundleId, AskedControl>>);

impl Controls {
    /// A bundle has begun.
    pub(super) fn started(&self, id: BundleId, control: BundleControl) {
        lock(&self.0).entry(id).or_default().start(control);
    }

    pub(super) fn ended(&self, id: BundleId) {
        lock(&self.0).remove(&id);
    }

    pub(super) fn checkpoint(&self, id: BundleId) {
        lock(&self.0).entry(id).or_default().checkpoint();
    }

    pub(super) fn split(&self, id: BundleId, fraction: f64, answer: SplitAnswer) {
        lock(&self.0).entry(id).or_default().split(fraction, answer);
    }
}
