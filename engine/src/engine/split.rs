//! How idle executors get a part of what others work on.

use purlin_sdk::exec::{BundleSplit, Residual};
use tracing::debug;

use super::Engine;
use crate::bundle::BundleId;
use crate::commit::{Change, SplitCommit};
use crate::event::Action;
use crate::outcome::Outcome;
use crate::residual::residual_work;

impl Engine {
    /// Asks the bundles that run for long to share their work while executors are idle: nothing
    /// else could be started for them.
    pub(super) fn split_long(&mut self, actions: &mut Vec<Action>) {
        let splits = self.schedule.long(&self.facts, &self.config, self.now);
        let splits = splits.into_iter();
        actions.extend(splits.map(|(id, ask)| match ask {
            Some(ask) => Action::Split { id, ask, fraction: 0.5 },
            None => Action::Checkpoint(id),
        }));
    }

    /// Where choices are to vary, a bundle may be split at its first claim.
    pub(super) fn split_at_random(&mut self, id: BundleId) -> Option<Action> {
        let (ask, fraction) = self.schedule.split_at_random(&self.facts, id)?;
        Some(Action::Split { id, ask, fraction })
    }

    /// Makes both parts of a split durable. The answer of a bundle that has ended, and one that
    /// was not asked for or comes again, says nothing.
    pub(super) fn bundle_split(
        &mut self,
        id: BundleId,
        ask: u32,
        split: BundleSplit,
        actions: &mut Vec<Action>,
    ) {
        let Some((stage, entry)) = self.schedule.answer_split(id, ask, self.now) else { return };
        debug!(stage = stage.0, bundle = id.0, "split");
        let descriptor = self.descriptor(stage);
        let now = self.state.processing_time(self.now);
        let primary = Residual { application: Some(split.primary), requested_time_delay: None };
        let works = residual_work(descriptor, primary, now)
            .and_then(|primary| Ok((primary, residual_work(descriptor, split.residual, now)?)));
        match works {
            Ok((primary, residual)) => {
                let commit = SplitCommit { stage, entry, primary, residual };
                self.commit(Change::Split(Box::new(commit)), actions);
            }
            Err(message) => self.outcome = Some(Outcome::Internal(message)),
        }
    }
}
