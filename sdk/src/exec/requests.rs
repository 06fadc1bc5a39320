//! What a runner asks of a running bundle: to stop early, or to give a part of its work away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use purlin_proto::fn_execution::BundleApplication;

use super::Residual;

/// A restriction in the middle of its work, cut in two.
#[derive(Clone, PartialEq, Debug)]
pub struct BundleSplit {
    /// What the bundle goes on with, from its beginning: a retry of the bundle does this.
    pub primary: BundleApplication,
    /// What it does not do any more.
    pub residual: Residual,
}

/// Called with the answer to a split, on the thread of the bundle and before the bundle ends.
pub type SplitAnswer = Box<dyn FnOnce(BundleSplit) + Send>;

/// A split that was asked for.
pub(crate) struct SplitRequest {
    /// How much of what is left the bundle keeps.
    pub(crate) fraction: f64,
    pub(crate) answer: SplitAnswer,
}

/// The requests of one bundle after another.
#[derive(Default)]
pub(crate) struct Requests {
    /// Whether there is any: the only thing that a claim looks at.
    any: AtomicBool,
    stop: AtomicBool,
    split: Mutex<Option<SplitRequest>>,
}

impl Requests {
    pub(crate) fn clear(&self) {
        self.put_split(None);
        self.stop.store(false, Ordering::Relaxed);
        self.any.store(false, Ordering::Relaxed);
    }

    /// Whether a claim has to look closer.
    pub(crate) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    pub(crate) fn is_stop_asked(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// The split that was asked for; it is dropped unanswered where it is not possible.
    pub(crate) fn take_split(&self) -> Option<SplitRequest> {
        let request = self.split.lock().unwrap_or_else(PoisonError::into_inner).take();
        if !self.is_stop_asked() {
            self.any.store(false, Ordering::Relaxed);
        }
        request
    }

    fn put_split(&self, request: Option<SplitRequest>) {
        *self.split.lock().unwrap_or_else(PoisonError::into_inner) = request;
    }
}

/// A way to stop or split a running bundle, from any thread.
#[derive(Clone)]
pub struct BundleControl(pub(super) Arc<Requests>);

impl BundleControl {
    /// Asks a running splittable DoFn to stop at its next claim and leave the rest as a residual.
    /// A bundle that has no such function, or has finished with it, goes on as before.
    pub fn checkpoint(&self) {
        self.0.stop.store(true, Ordering::Relaxed);
        self.0.any.store(true, Ordering::Relaxed);
    }

    /// Asks a running splittable DoFn to keep `fraction` of what is left at its next claim, and to
    /// give the rest away. `answer` is called before the bundle ends, or dropped where the bundle
    /// ends before or has nothing to give. A new request replaces one that is not answered yet.
    pub fn split(&self, fraction: f64, answer: SplitAnswer) {
        self.0.put_split(Some(SplitRequest { fraction, answer }));
        self.0.any.store(true, Ordering::Relaxed);
    }

    /// Drops the request for a split that was not answered; for a bundle that has ended.
    pub fn forget_split(&self) {
        self.0.put_split(None);
    }
}

/// What was asked of a bundle that waits or runs: beginning a bundle resets what was asked of its
/// processor.
#[derive(Default)]
pub struct AskedControl {
    running: Option<BundleControl>,
    is_to_stop: bool,
    split: Option<(f64, SplitAnswer)>,
}

impl AskedControl {
    /// The bundle has begun: it gets to know what was asked of it.
    pub fn start(&mut self, control: BundleControl) {
        self.running = Some(control);
        self.pass_on();
    }

    /// As [`BundleControl::checkpoint`].
    pub fn checkpoint(&mut self) {
        self.is_to_stop = true;
        self.pass_on();
    }

    /// As [`BundleControl::split`].
    pub fn split(&mut self, fraction: f64, answer: SplitAnswer) {
        self.split = Some((fraction, answer));
        self.pass_on();
    }

    /// The bundle, once it has begun.
    #[must_use]
    pub fn running(&self) -> Option<&BundleControl> {
        self.running.as_ref()
    }

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
