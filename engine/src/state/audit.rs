//! Checks on the durable state: what is counted as it changes is counted again from nothing.

use std::collections::BTreeMap;

#[cfg(test)]
use purlin_sdk::{Timestamp, Window};

use super::{Facts, Holds, StageState, State};
use crate::bundle::BundleId;
#[cfg(test)]
use crate::plan::{CollectionId, StageId};

impl State {
    /// Checks what must hold after every commit.
    ///
    /// # Errors
    /// When a window of waiting elements (I2), a hold (I5), a timer (I6), a bundle to be finalised
    /// (I7) or a byte (I9) is counted wrongly.
    pub(crate) fn audit(&self, facts: &Facts) -> Result<(), String> {
        for (stage, described) in self.stages.iter().zip(&facts.plan.stages) {
            let at = |problem: String| format!("{problem}, in stage `{}`", described.name);
            stage.audit_entries().map_err(at)?;
            if let Some(keyed) = &facts.keyed[described.id.0] {
                stage.keyed.audit(keyed).map_err(at)?;
            }
        }
        self.audit_finalisers()
    }

    /// What holds the input and the output watermark of a stage.
    #[cfg(test)]
    pub(crate) fn least_holds(&self, stage: StageId) -> (Timestamp, Timestamp) {
        let stage = &self.stages[stage.0];
        (stage.input_holds.least(), stage.output_holds.least())
    }

    /// Whether nothing holds any watermark.
    #[cfg(test)]
    pub(crate) fn has_no_holds(&self) -> bool {
        let none = Holds::default();
        self.stages.iter().all(|stage| stage.input_holds == none && stage.output_holds == none)
    }

    /// The windows of a side input that are kept.
    #[cfg(test)]
    pub(crate) fn side_contents(&self, id: CollectionId) -> impl Iterator<Item = &Window> {
        self.side_inputs.windows(id)
    }

    fn audit_finalisers(&self) -> Result<(), String> {
        let mut counted: BTreeMap<BundleId, usize> = BTreeMap::new();
        let entries = self.stages.iter().flat_map(|stage| stage.entries.values());
        for token in entries.flat_map(|entry| entry.tokens.iter()).flat_map(|set| set.iter()) {
            *counted.entry(*token).or_default() += 1;
        }
        for (bundle, count) in self.quiescence.waiting() {
            let found = counted.get(bundle).copied().unwrap_or(0);
            if found != *count {
                return Err(format!(
                    "I7: {found} entries derive from bundle {bundle}, not {count}"
                ));
            }
        }
        Ok(())
    }
}

impl StageState {
    fn audit_entries(&self) -> Result<(), String> {
        let bytes: usize = self.entries.values().map(|entry| entry.bytes).sum();
        if bytes != self.entry_bytes {
            return Err(format!("I9: {} queued bytes are {bytes}", self.entry_bytes));
        }
        self.groups.audit()?;
        self.side_windows.audit(self.entries.values().flat_map(|entry| &entry.windows))?;
        let (mut inputs, mut outputs) = (Holds::default(), Holds::default());
        for entry in self.entries.values() {
            inputs.add(entry.hold.input);
            outputs.add(entry.hold.output);
        }
        self.groups.holds().for_each(|hold| outputs.add(hold));
        self.keyed.holds().for_each(|hold| outputs.add(hold));
        if inputs != self.input_holds {
            return Err(format!(
                "I5: {:?} are held at the input, not {inputs:?}",
                self.input_holds
            ));
        }
        if outputs != self.output_holds {
            let held = &self.output_holds;
            return Err(format!("I5: {held:?} are held at the output, not {outputs:?}"));
        }
        Ok(())
    }
}
