//! Claims positions of a restriction, and splits it where a runner asks to stop.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Restriction;
use super::router::Router;

/// What a splittable DoFn claims its positions from.
///
/// Claim a position before doing its work; when a claim fails, stop without doing it: the rest is
/// done, or was given away.
pub struct Tracker<R: Restriction> {
    restriction: R,
    claimed: Option<R::Position>,
    residual: Option<R>,
    is_over: bool,
    router: Arc<Router>,
}

impl<R: Restriction> Tracker<R> {
    pub(super) fn new(restriction: R, router: &Arc<Router>) -> Self {
        let router = Arc::clone(router);
        Self { restriction, claimed: None, residual: None, is_over: false, router }
    }

    /// The restriction; it shrinks when a runner splits it.
    #[must_use]
    pub fn restriction(&self) -> &R {
        &self.restriction
    }

    /// Claims the work at `position`, which must be after all claimed ones. `false`: do not do it,
    /// return.
    #[must_use = "unclaimed work must not be done"]
    pub fn try_claim(&mut self, position: R::Position) -> bool {
        if self.is_over || self.router.has_failed() {
            return false;
        }
        if self.claimed.is_some_and(|last| position <= last) {
            // Claiming backwards would do work twice; the check after the call reports it.
            return false;
        }
        if !self.restriction.contains(position) {
            self.is_over = true;
            return false;
        }
        if self.is_stop_asked() && self.give_rest_away() {
            return false;
        }
        self.claimed = Some(position);
        true
    }

    /// Declares all work of the restriction done, as at the end of a file that is shorter than
    /// expected.
    pub fn finish(&mut self) {
        self.is_over = true;
    }

    /// Whether the runner wants this call to return soon; a source that waits for data should
    /// then return [`Continuation::Resume`](super::Continuation).
    #[must_use]
    pub fn is_stop_asked(&self) -> bool {
        self.router.checkpoint_flag().load(Ordering::Relaxed) || self.router.has_failed()
    }

    /// Moves what is unclaimed into the residual. `false` where nothing is left.
    pub(super) fn give_rest_away(&mut self) -> bool {
        if self.is_over {
            return false;
        }
        match self.restriction.split(self.claimed, 0.0) {
            Some((primary, residual)) => {
                self.restriction = primary;
                self.residual = Some(residual);
                self.is_over = true;
                true
            }
            None => false,
        }
    }

    pub(super) fn take_residual(&mut self) -> Option<R> {
        self.residual.take()
    }

    /// Whether all work was claimed, given away or declared done.
    pub(super) fn is_done(&self) -> bool {
        self.is_over || self.restriction.is_complete(self.claimed)
    }
}
