//! What an element does to a trigger.

use super::{Kind, Trigger, TriggerState, View};

impl Trigger {
    /// Tells a trigger of an element.
    pub(in crate::reduce) fn on_element(&self, state: &mut TriggerState, view: &View<'_>) {
        self.element(0, state, view);
    }

    fn element(&self, id: usize, state: &mut TriggerState, view: &View<'_>) {
        match self.kind(id) {
            Kind::Default | Kind::EndOfWindow | Kind::Never | Kind::Always => {}
            Kind::Count(_) => state.add(id, 1),
            Kind::Delay(_, transforms) => {
                // Later elements would only make it wait for longer. Also the synchronised clock has
                // to get to where the plain one is now.
                if state.target(id).is_none() {
                    let now = view.clocks.processing_time;
                    state.wait_for(id, transforms.iter().fold(now, |time, t| t.apply(time)));
                }
            }
            Kind::EarlyAndLate { .. } | Kind::Each if !self.merges => {
                if let Some(child) = self.first_unfinished(id, state) {
                    self.element(child, state, view);
                }
            }
            Kind::All => {
                for child in self.children(id) {
                    if !state.is_finished(child) {
                        self.element(child, state, view);
                    }
                }
            }
            // A merge may give any of them another turn.
            Kind::EarlyAndLate { .. } | Kind::Each => self.every(id, state, view),
            Kind::Any | Kind::OrFinally | Kind::Repeat => self.every(id, state, view),
        }
    }

    fn every(&self, id: usize, state: &mut TriggerState, view: &View<'_>) {
        self.children(id).for_each(|child| self.element(child, state, view));
    }
}
