//! What the engine is told, and what it asks for.

use purlin_sdk::Timestamp;
use purlin_sdk::exec::Failure;

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
    /// Call the finalisers of a committed bundle.
    Finalize(BundleId),
    /// Drop the finalisers of a bundle, which will never be called.
    Forget(BundleId),
    /// Send [`Event::Tick`] at this time; a later `WakeAt` replaces an earlier one.
    WakeAt(Timestamp),
    /// The job has ended; nothing follows.
    Finished(Outcome),
}
