//! How a job stops reading and finishes what it has read.

use super::{Engine, is_splittable};
use crate::bundle::BundleId;
use crate::commit::{Change, ResidualWork};
use crate::event::Action;
use crate::schedule::Flight;
use crate::state::Work;

impl Engine {
    /// Suspends what is being read. From now on restrictions are truncated before they are worked
    /// on; unbounded ones of an SDK that cannot truncate are dropped.
    pub(super) fn drain(&mut self, actions: &mut Vec<Action>) {
        if self.state.is_draining() {
            return;
        }
        let plan = &self.facts.plan;
        let dropped = self.schedule.drop_waiting(&self.state, |stage, work| {
            matches!(work, Work::Residual { is_bounded: false, .. }) && !plan.truncates(stage)
        });
        self.schedule.hasten(|stage| plan.truncates(stage));
        self.commit(Change::Drain { dropped }, actions);
        let splittable: Vec<BundleId> = self
            .schedule
            .flights()
            .filter(|(_, flight)| is_splittable(&self.facts, flight.stage))
            .map(|(id, _)| id)
            .collect();
        actions.extend(splittable.into_iter().map(Action::Checkpoint));
    }

    /// Of what a bundle left for later in a drain: what is still to be truncated is so at once;
    /// what was truncated, or cannot be, goes on where it ends by itself.
    pub(super) fn drain_residuals(&self, flight: &Flight, residuals: &mut Vec<ResidualWork>) {
        if flight.truncates || !self.facts.plan.truncates(flight.stage) {
            residuals.retain(|residual| residual.is_bounded);
        } else {
            let now = self.state.processing_time(self.now);
            residuals.iter_mut().for_each(|residual| residual.resume_at = now);
        }
    }
}
