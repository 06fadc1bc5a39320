//! How far the scripts of tests have come.

use std::collections::BTreeMap;

use purlin_sdk::Timestamp;

use super::{Effects, Facts, State};
use crate::bundle::Output;
use crate::plan::{CollectionId, StageId, StageKind};
use crate::script::{Step, script, step};

/// How far the script of a stage has come.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct Script {
    /// How many events have happened; one more than there are once the script is over.
    happened: usize,
    watermarks: BTreeMap<CollectionId, Timestamp>,
    pub(super) is_over: bool,
}

impl Script {
    /// The watermark of an output.
    pub(super) fn watermark(&self, collection: CollectionId) -> Timestamp {
        match self.is_over {
            true => Timestamp::MAX,
            false => self.watermarks.get(&collection).copied().unwrap_or(Timestamp::MIN),
        }
    }

    /// The watermark of all outputs.
    pub(super) fn least(&self, outputs: &[(String, CollectionId)]) -> Timestamp {
        let all = outputs.iter().map(|(_, collection)| self.watermark(*collection));
        all.min().unwrap_or(Timestamp::MAX)
    }
}

impl State {
    /// Whether a script decides about processing time.
    pub(crate) fn is_scripted(&self) -> bool {
        self.clock.is_some()
    }

    /// The processing time, when the wall clock says `now`.
    pub(crate) fn processing_time(&self, now: Timestamp) -> Timestamp {
        self.clock.unwrap_or(now)
    }

    /// The script whose turn it is, and its next event.
    pub(crate) fn next_scripted(&self, facts: &Facts) -> Option<(StageId, usize)> {
        let stages = facts.plan.stages.iter().map(|stage| stage.id);
        let scripts = stages.filter(|stage| script(&facts.plan, *stage).is_some());
        let open = scripts.filter(|stage| !self.stages[stage.0].script.is_over);
        let turns = open.map(|stage| (self.stages[stage.0].script.happened, stage));
        turns.min().map(|(happened, stage)| (stage, happened))
    }

    pub(super) fn start_clock(&mut self, facts: &Facts) {
        let stages = &facts.plan.stages;
        let is_scripted =
            stages.iter().any(|stage| matches!(stage.kind, StageKind::TestStream { .. }));
        self.clock = is_scripted.then_some(Timestamp(0));
    }

    pub(super) fn apply_script(
        &mut self,
        facts: &Facts,
        stage: StageId,
        outputs: &[Output],
        effects: &mut Effects,
    ) {
        let script = &mut self.stages[stage.0].script;
        let next = step(&facts.plan, stage, script.happened);
        script.happened += 1;
        match next {
            Step::Elements => {}
            Step::Watermark(collection, to) => {
                let watermark = script.watermarks.entry(collection).or_insert(Timestamp::MIN);
                *watermark = to.max(*watermark);
            }
            Step::ProcessingTime(by) => {
                self.clock = self.clock.map(|now| Timestamp(now.0.saturating_add(by.max(0))));
            }
            Step::End => script.is_over = true,
        }
        for output in outputs {
            self.deliver(facts, output, &None, effects);
        }
        if self.next_scripted(facts).is_none() {
            // Nothing is worth waiting for any more.
            self.clock = Some(Timestamp::MAX);
        }
    }
}
