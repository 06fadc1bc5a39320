//! What a pane does to the trigger that asked for it.

use super::{Kind, Trigger, TriggerState, View, first_of};

impl Trigger {
    /// Tells a trigger that was ready that the window puts out a pane.
    pub(in crate::reduce) fn on_fire(&self, state: &mut TriggerState, view: &View<'_>) {
        self.fire(0, state, view);
    }

    fn fire(&self, id: usize, state: &mut TriggerState, view: &View<'_>) {
        match self.kind(id) {
            Kind::Default | Kind::Never | Kind::Always => {}
            Kind::EndOfWindow => state.finish(id, true),
            Kind::Count(_) | Kind::Delay(..) => {
                state.clear(self.subtree(id));
                state.finish(id, true);
            }
            Kind::EarlyAndLate { has_late } => self.fire_phase(id, *has_late, state, view),
            Kind::Each => self.fire_current(id, state, view),
            Kind::All => {
                self.children(id).for_each(|child| self.fire(child, state, view));
                state.finish(id, true);
            }
            Kind::Any => {
                self.children(id).for_each(|child| self.fire_or_clear(child, state, view));
                state.finish(id, true);
            }
            Kind::OrFinally => self.fire_or_finally(id, state, view),
            Kind::Repeat => {
                let child = first_of(id);
                self.fire(child, state, view);
                if state.is_finished(child) {
                    state.reset(self.subtree(child));
                }
            }
        }
    }

    fn fire_phase(&self, id: usize, has_late: bool, state: &mut TriggerState, view: &View<'_>) {
        let early = first_of(id);
        let late = self.nodes[early].end;
        if !state.is_finished(early) {
            // Early firings repeat, and so do late ones.
            state.reset(self.subtree(early));
            if view.is_past_end() {
                state.finish(early, true);
                state.finish(id, !has_late);
                if has_late {
                    // It may have been told of elements that are in this pane.
                    state.reset(self.subtree(late));
                }
            }
        } else if has_late {
            state.reset(self.subtree(late));
        } else {
            state.finish(id, true);
        }
    }

    fn fire_current(&self, id: usize, state: &mut TriggerState, view: &View<'_>) {
        if let Some(current) = self.first_unfinished(id, state) {
            self.fire(current, state, view);
        }
        if self.merges {
            // They were all told of the elements of this pane.
            state.clear(self.subtree(id));
        }
        state.finish(id, self.first_unfinished(id, state).is_none());
    }

    fn fire_or_clear(&self, id: usize, state: &mut TriggerState, view: &View<'_>) {
        if self.ready(id, state, view) {
            self.fire(id, state, view);
        } else {
            state.clear(self.subtree(id));
        }
    }

    fn fire_or_finally(&self, id: usize, state: &mut TriggerState, view: &View<'_>) {
        let main = first_of(id);
        let until = self.nodes[main].end;
        if self.ready(until, state, view) {
            self.fire(until, state, view);
            state.clear(self.subtree(main));
        } else {
            // `until` goes on over the panes of `main`.
            self.fire(main, state, view);
        }
        state.finish(id, state.is_finished(main) || state.is_finished(until));
    }
}
