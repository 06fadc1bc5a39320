//! What the merging of windows does to a trigger.

use purlin_sdk::Timestamp;

use super::{Kind, Trigger, TriggerState, View, first_of};

impl Trigger {
    /// The state of a window into which windows with other states have merged.
    ///
    /// `own` is the state of the window itself if it was there before, and else a fresh one; then it
    /// is among the `sources` too.
    pub(in crate::reduce) fn on_merge(
        &self,
        own: TriggerState,
        sources: &[&TriggerState],
        view: &View<'_>,
    ) -> TriggerState {
        let mut state = own;
        self.merge(0, &mut state, sources, view);
        state
    }

    fn merge(
        &self,
        id: usize,
        state: &mut TriggerState,
        sources: &[&TriggerState],
        view: &View<'_>,
    ) {
        match self.kind(id) {
            Kind::Default | Kind::Never | Kind::Always => {}
            Kind::EndOfWindow => {
                let finished = view.is_past_end() && sources.iter().all(|s| s.is_finished(id));
                state.finish(id, finished);
            }
            Kind::Count(_) => {
                let finished = sources.iter().any(|source| source.is_finished(id));
                state.finish(id, finished);
                state.clear(self.subtree(id));
                if !finished {
                    TriggerState::values_of(id, sources).for_each(|count| state.add(id, count));
                }
            }
            Kind::Delay(..) => {
                let least = TriggerState::values_of(id, sources).min();
                state.clear(self.subtree(id));
                if let (Some(target), false) = (least, state.is_finished(id)) {
                    state.wait_for(id, Timestamp(target));
                }
            }
            Kind::EarlyAndLate { has_late } => {
                self.merge_phases(id, *has_late, state, sources, view);
            }
            Kind::Each => self.merge_in_turn(id, state, sources, view),
            Kind::All => {
                self.merge_children(id, state, sources, view);
                state.finish(id, self.children(id).all(|child| state.is_finished(child)));
            }
            Kind::Any | Kind::OrFinally => {
                self.merge_children(id, state, sources, view);
                state.finish(id, self.children(id).any(|child| state.is_finished(child)));
            }
            Kind::Repeat => self.merge_children(id, state, sources, view),
        }
    }

    fn merge_children(
        &self,
        id: usize,
        state: &mut TriggerState,
        sources: &[&TriggerState],
        view: &View<'_>,
    ) {
        self.children(id).for_each(|child| self.merge(child, state, sources, view));
    }

    fn merge_phases(
        &self,
        id: usize,
        has_late: bool,
        state: &mut TriggerState,
        sources: &[&TriggerState],
        view: &View<'_>,
    ) {
        let early = first_of(id);
        let late = self.nodes[early].end;
        // Where one of the windows was not done with it, its elements are still to be put out.
        let is_early =
            !view.is_past_end() || sources.iter().any(|source| !source.is_finished(early));
        if is_early {
            self.merge(early, state, sources, view);
        }
        state.finish(early, !is_early);
        state.finish(id, !is_early && !has_late);
        if has_late && is_early {
            state.reset(self.subtree(late));
        } else if has_late {
            self.merge(late, state, sources, view);
        }
    }

    fn merge_in_turn(
        &self,
        id: usize,
        state: &mut TriggerState,
        sources: &[&TriggerState],
        view: &View<'_>,
    ) {
        let mut had_their_turn = true;
        for child in self.children(id) {
            if had_their_turn {
                self.merge(child, state, sources, view);
                had_their_turn = state.is_finished(child);
            } else {
                state.clear(self.subtree(child));
            }
        }
        state.finish(id, had_their_turn);
    }
}
