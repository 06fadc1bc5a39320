//! Claims positions of a restriction, and splits it where a runner asks for it.

use std::ops::Range;
use std::sync::Arc;

use super::roots::Seam;
use super::router::Router;
use super::{GrowableOffsetRange, OffsetRange, Restriction};

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
    seam: Box<dyn Seam<R>>,
}

impl<R: Restriction> Tracker<R> {
    pub(super) fn new(restriction: R, router: &Arc<Router>, seam: Box<dyn Seam<R>>) -> Self {
        let router = Arc::clone(router);
        Self { restriction, claimed: None, residual: None, is_over: false, router, seam }
    }

    /// The restriction; it shrinks when a runner splits it.
    #[must_use]
    pub fn restriction(&self) -> &R {
        &self.restriction
    }

    /// The work that is left, in the unit of [`Restriction::size`].
    #[must_use]
    pub fn remaining(&self) -> f64 {
        if self.is_over { 0.0 } else { self.restriction.size(self.claimed) }
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
        if self.router.requests().any() && !self.serve(position) {
            return false;
        }
        self.claimed = Some(position);
        true
    }

    /// Declares all work of the restriction done, as at the end of a file that is shorter than
    /// expected. It says nothing about a part that was given away before: that one is worked on by
    /// itself, and finds the end again.
    pub fn finish(&mut self) {
        self.is_over = true;
    }

    /// Whether the runner wants this call to return soon; a source that waits for data should
    /// then return [`Continuation::Resume`](super::Continuation).
    #[must_use]
    pub fn is_stop_asked(&self) -> bool {
        self.router.requests().is_stop_asked() || self.router.has_failed()
    }

    /// Does what the runner asks for; `false` where `position` was given away by that.
    fn serve(&mut self, position: R::Position) -> bool {
        if self.is_stop_asked() {
            return !self.give_rest_away();
        }
        self.split();
        self.is_over = !self.restriction.contains(position);
        !self.is_over
    }

    /// Gives a part of what is unclaimed to the runner. One that cannot be split, or not be
    /// encoded, is worked on as a whole.
    fn split(&mut self) {
        let Some(request) = self.router.requests().take_split() else { return };
        let parts = self.restriction.split(self.claimed, request.fraction);
        let Some((primary, residual)) = parts else { return };
        if let Ok(split) = self.seam.parts(primary.clone(), residual) {
            self.restriction = primary;
            (request.answer)(split);
        }
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

impl Tracker<OffsetRange> {
    /// Claims the work from `first` on, of at most so many offsets, at the price of claiming one:
    /// all that it returns must be done, and where that is nothing, return.
    #[must_use = "claimed work must be done"]
    pub fn try_claim_many(&mut self, first: u64, most: u64) -> Range<u64> {
        if most == 0 || !self.try_claim(first) {
            return first..first;
        }
        // The runner is heard in `try_claim` alone, so the end is what it is until the next.
        let end = first.saturating_add(most).min(self.restriction.end);
        self.claimed = Some(end - 1);
        first..end
    }
}

impl Tracker<GrowableOffsetRange> {
    /// Says how far the range reaches now: the first offset after what is there.
    pub fn estimate_end(&mut self, end: u64) {
        self.restriction.estimated_end = end;
    }
}
