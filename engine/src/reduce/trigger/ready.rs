//! Whether a trigger lets its window put out a pane.

use super::{Kind, Trigger, TriggerState, View, first_of};

impl Trigger {
    /// Whether the window may put out a pane now.
    pub(in crate::reduce) fn is_ready(&self, state: &TriggerState, view: &View<'_>) -> bool {
        self.ready(0, state, view)
    }

    pub(super) fn ready(&self, id: usize, state: &TriggerState, view: &View<'_>) -> bool {
        match self.kind(id) {
            Kind::Default | Kind::EndOfWindow => view.is_past_end(),
            Kind::Never => false,
            Kind::Always => true,
            Kind::Count(wanted) => state.count(id) >= *wanted,
            Kind::Delay(domain, _) => {
                state.target(id).is_some_and(|target| view.clocks.now(*domain) > target)
            }
            Kind::EarlyAndLate { has_late } => {
                let early = first_of(id);
                if !state.is_finished(early) {
                    return self.ready(early, state, view) || view.is_past_end();
                }
                *has_late && self.ready(self.nodes[early].end, state, view)
            }
            Kind::Each => self
                .first_unfinished(id, state)
                .is_some_and(|current| self.ready(current, state, view)),
            Kind::All => self.children(id).all(|child| self.is_done_or_ready(child, state, view)),
            Kind::Any => self.children(id).any(|child| self.is_done_or_ready(child, state, view)),
            Kind::OrFinally => self.children(id).any(|child| self.ready(child, state, view)),
            Kind::Repeat => self.ready(first_of(id), state, view),
        }
    }

    fn is_done_or_ready(&self, id: usize, state: &TriggerState, view: &View<'_>) -> bool {
        state.is_finished(id) || self.ready(id, state, view)
    }
}
