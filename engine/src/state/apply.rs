//! How a commit changes the state.

use std::sync::Arc;

use bytes::Bytes;
use purlin_sdk::exec::{Chunk, Framing};
use purlin_sdk::{Stamp, Window};

use super::entry::Hold;
use super::quiescence::{Tokens, union, with_token};
use super::{Entry, Facts, Part, StageState, State, Work};
use crate::bundle::{BundleId, Output};
use crate::commit::{BundleCommit, Change, Commit, KeyChanges, ResidualWork, SplitCommit};
use crate::plan::{StageId, StageKind};

/// What follows from a commit for scheduling.
#[derive(Default, Debug)]
pub(crate) struct Effects {
    /// New queue entries.
    pub(crate) added: Vec<(StageId, u64)>,
    /// Bundles whose finalisers may be called now.
    pub(crate) finalize: Vec<BundleId>,
    /// Where accumulators were added to those that wait.
    pub(crate) grown: Vec<(StageId, Part)>,
}

impl State {
    /// Applies a commit: the only change of the durable state there is.
    pub(crate) fn apply(&mut self, facts: &Facts, commit: &Commit) -> Effects {
        let mut effects = Effects::default();
        match &commit.change {
            Change::Start => self.starts += 1,
            Change::Impulse(stage) => self.apply_impulse(facts, *stage, &mut effects),
            Change::Bundle(bundle) => self.apply_bundle(facts, bundle, &mut effects),
            Change::Split(split) => self.apply_split(split, &mut effects),
            Change::Fire { stage, windows } => {
                self.apply_fire(facts, *stage, windows, &mut effects);
            }
            Change::Script { stage, outputs } => {
                self.apply_script(facts, *stage, outputs, &mut effects);
            }
            Change::Compact { stage, parts } => self.apply_compact(*stage, parts, &mut effects),
            Change::Drain { dropped } => self.apply_drain(dropped),
        }
        self.propagate(facts);
        effects.finalize = self.quiescence.quiescent();
        effects
    }

    fn apply_impulse(&mut self, facts: &Facts, stage: StageId, effects: &mut Effects) {
        self.stages[stage.0].has_emitted = true;
        if let StageKind::Impulse { output } = facts.plan.stages[stage.0].kind {
            let output = Output { collection: output, chunk: impulse().into(), slices: Vec::new() };
            self.deliver(facts, &output, &None, effects);
        }
    }

    fn apply_bundle(&mut self, facts: &Facts, commit: &BundleCommit, effects: &mut Effects) {
        let consumed: Vec<Entry> =
            commit.consumed.iter().filter_map(|id| self.dequeue(commit.stage, *id)).collect();
        debug_assert_eq!(consumed.len(), commit.consumed.len(), "I2: what is consumed was pending");
        let inherited: Vec<Tokens> = consumed.iter().map(|entry| entry.tokens.clone()).collect();
        let tokens = union(&inherited);
        let mut output_tokens = tokens.clone();
        if commit.finalizes {
            self.quiescence.open(commit.bundle);
            output_tokens = with_token(&tokens, commit.bundle);
        }
        for answer in &commit.seen {
            self.stages[commit.stage.0].side_windows.learn(answer);
        }
        if let Some(keyed) = &commit.keyed {
            self.change_keys(facts, commit, keyed, &output_tokens);
        }
        for output in &commit.outputs {
            self.deliver(facts, output, &output_tokens, effects);
        }
        self.end_compactions(commit, &consumed);
        // What a bundle leaves for later does not derive from its outputs.
        self.leave(commit, &consumed, &tokens, effects);
        for (transform, name, value) in &commit.metrics {
            let key = (transform.clone(), name.clone());
            self.metrics.entry(key).and_modify(|old| old.merge(*value)).or_insert(*value);
        }
        inherited.iter().for_each(|tokens| self.quiescence.release(tokens));
    }

    fn change_keys(
        &mut self,
        facts: &Facts,
        commit: &BundleCommit,
        keyed: &KeyChanges,
        tokens: &Tokens,
    ) {
        let Some(stage_facts) = &facts.keyed[commit.stage.0] else { return };
        if !keyed.changes.is_empty() {
            // What state derives from cannot be followed any further.
            self.quiescence.lose(tokens);
        }
        let StageState { keyed: state, output_holds, .. } = &mut self.stages[commit.stage.0];
        state.transfer(keyed.partition, &keyed.transfers);
        state.change(stage_facts, keyed.partition, &keyed.changes, output_holds);
    }

    /// Puts back what a bundle left of its input.
    fn leave(
        &mut self,
        commit: &BundleCommit,
        consumed: &[Entry],
        tokens: &Tokens,
        effects: &mut Effects,
    ) {
        let stage = commit.stage;
        for residual in &commit.residuals {
            let entry = residual_entry(residual, tokens.clone());
            effects.added.push((stage, self.enqueue(stage, entry)));
        }
        let hold = consumed.iter().fold(Hold::NONE, |hold, entry| hold.min(entry.hold));
        for chunk in &commit.unprocessed {
            let entry = Entry {
                work: Work::Elements(Arc::clone(chunk)),
                bytes: chunk.size_bytes(),
                // The bundle had begun, so the side inputs were ready.
                windows: Vec::new(),
                hold,
                tokens: tokens.clone(),
            };
            effects.added.push((stage, self.enqueue(stage, entry)));
        }
    }

    fn apply_fire(
        &mut self,
        facts: &Facts,
        stage: StageId,
        windows: &[Window],
        effects: &mut Effects,
    ) {
        let handed_to = facts.topology.handed_to(stage);
        for window in windows {
            let Some((groups, hold)) = self.stages[stage.0].groups.fire(window) else {
                continue;
            };
            for group in groups {
                let entry = Entry {
                    bytes: group.size_bytes(),
                    windows: Vec::new(),
                    work: Work::Groups(group),
                    hold: handed_to.map_or(Hold::output(hold), |_| Hold::input(hold)),
                    tokens: None,
                };
                let reader = handed_to.unwrap_or(stage);
                effects.added.push((reader, self.enqueue(reader, entry)));
            }
            self.stages[stage.0].output_holds.remove(hold);
        }
    }

    fn apply_compact(&mut self, stage: StageId, parts: &[Part], effects: &mut Effects) {
        for part in parts {
            let Some(group) = self.stages[stage.0].groups.take(part) else { continue };
            let last = part.0.max_timestamp();
            let entry = Entry {
                bytes: group.size_bytes(),
                windows: Vec::new(),
                work: Work::Compact(group),
                // The window must not fire without them. What it holds at the output stays.
                hold: Hold::input(last),
                tokens: None,
            };
            effects.added.push((stage, self.enqueue(stage, entry)));
        }
    }

    /// What was taken out to be merged is back.
    fn end_compactions(&mut self, commit: &BundleCommit, consumed: &[Entry]) {
        let left = commit.outputs.iter().map(|output| output.chunk.size_bytes()).sum();
        for entry in consumed {
            if let Work::Compact(group) = &entry.work {
                let part = (group.window.clone(), group.partition);
                self.stages[commit.stage.0].groups.put_back(&part, left);
            }
        }
    }

    fn apply_split(&mut self, commit: &SplitCommit, effects: &mut Effects) {
        let SplitCommit { stage, entry, primary, residual } = commit;
        if let Some(tokens) = self.stages[stage.0].replace(*entry, work_of(primary)) {
            let rest = residual_entry(residual, tokens);
            effects.added.push((*stage, self.enqueue(*stage, rest)));
        }
    }

    fn apply_drain(&mut self, dropped: &[(StageId, u64)]) {
        self.is_draining = true;
        for (stage, id) in dropped {
            if let Some(entry) = self.dequeue(*stage, *id) {
                self.quiescence.release(&entry.tokens);
            }
        }
    }
}

fn residual_entry(residual: &ResidualWork, tokens: Tokens) -> Entry {
    Entry {
        work: work_of(residual),
        bytes: residual.chunk.size_bytes(),
        // Its element was begun, so its side inputs were ready.
        windows: Vec::new(),
        hold: Hold::output(residual.hold),
        tokens,
    }
}

fn work_of(residual: &ResidualWork) -> Work {
    Work::Residual {
        chunk: Arc::clone(&residual.chunk),
        resume_at: residual.resume_at,
        is_bounded: residual.is_bounded,
    }
}

/// The one element of an impulse: no bytes, behind their length.
fn impulse() -> Chunk {
    Chunk {
        data: Bytes::from_static(&[0]),
        framing: Framing::Constant(Stamp::default()),
        count: 1,
        partition: None,
        index: None,
    }
}
