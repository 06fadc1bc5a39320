//! What the engine is told, and what it asks for.

use purlin_sdk::Timestamp;
use purlin_sdk::exec::{BundleSplit, Failure};

use crate::bundle::{Bundle, BundleId, BundleResult};
use crate::outcome::Outcome;

/// Something that happened outside the engine.
pub enum Event {
    /// The job begins; sent once, first.
    Start {
        /// The wall-clock time.
        now: Timestamp,
    },
    /// A bundle came to its end.
    BundleDone {
        /// Which.
        id: BundleId,
        /// What came of it.
        result: Box<BundleResult>,
    },
    /// An attempt at a bundle failed; nothing of it counts.
    BundleFailed {
        /// Which.
        id: BundleId,
        /// Why.
        failure: Box<Failure>,
    },
    /// A running bundle gave a part of its work away, as [`Action::Split`] asked.
    BundleSplit {
        /// Which.
        id: BundleId,
        /// Which of the splits that it was asked for.
        ask: u32,
        /// What it goes on with, and what it gave away.
        split: Box<BundleSplit>,
    },
    /// Time passed.
    Tick {
        /// The wall-clock time.
        now: Timestamp,
    },
    /// Stop reading, finish what was read.
    Drain,
    /// Stop at once.
    Cancel,
    /// The job cannot go on because of the world around, such as a worker that cannot be started.
    Abort(String),
}

/// Something to do outside the engine.
#[derive(Debug)]
pub enum Action {
    /// Run a bundle, and report it by [`Event::BundleDone`] or [`Event::BundleFailed`].
    Run(Bundle),
    /// Ask a running bundle to stop at its next claim and to leave the rest as residuals. It may
    /// have ended already.
    Checkpoint(BundleId),
    /// Ask a bundle, which may not have begun yet, to keep this fraction of what is left of its
    /// element and to give the rest away; it answers by [`Event::BundleSplit`], before it ends, or
    /// not at all. An executor that cannot do so does nothing.
    Split {
        /// Which.
        id: BundleId,
        /// The number of this split, which the answer repeats.
        ask: u32,
        /// How much the bundle keeps, between 0 and 1.
        fraction: f64,
    },
    /// Call the finalisers of a committed bundle.
    Finalize(BundleId),
    /// Drop the finalisers of a bundle, which will never be called.
    Forget(BundleId),
    /// Send [`Event::Tick`] at this time; a later `WakeAt` replaces an earlier one.
    WakeAt(Timestamp),
    /// The job has ended; nothing follows.
    Finished(Outcome),
}
