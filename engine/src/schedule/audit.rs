//! Checks on what waits and what runs.

use std::collections::BTreeMap;

use super::Schedule;
use crate::plan::StageId;
use crate::state::{Facts, State};

impl Schedule {
    /// Checks what must hold between events, after a start.
    ///
    /// # Errors
    /// When an element is lost or would be processed twice (I2), or two bundles work on the keys of
    /// a partition (I4).
    pub(crate) fn audit(&self, facts: &Facts, state: &State) -> Result<(), String> {
        let mut places: BTreeMap<(StageId, u64), usize> = BTreeMap::new();
        let ready = self.ready.iter().enumerate();
        let ready = ready.flat_map(|(stage, ids)| ids.iter().map(move |id| (StageId(stage), *id)));
        let delayed = self.delayed.iter().map(|(_, stage, id)| (*stage, *id));
        let flights = || self.in_flight.values().chain(&self.retries);
        let flying = flights().flat_map(|it| it.entries.iter().map(|id| (it.stage, *id)));
        for place in ready.chain(delayed).chain(flying) {
            *places.entry(place).or_default() += 1;
        }
        for stage in facts.plan.stages.iter().map(|stage| stage.id) {
            for (id, _) in state.entries(stage) {
                let count = places.remove(&(stage, id)).unwrap_or(0);
                if count != 1 {
                    return Err(format!("I2: entry {id} of stage {} is {count} times", stage.0));
                }
            }
        }
        if let Some((stage, id)) = places.keys().next() {
            return Err(format!("I2: entry {id} of stage {} was consumed and waits", stage.0));
        }
        let mut open = BTreeMap::new();
        for flight in flights() {
            let count = open.entry((flight.stage, flight.partition)).or_insert(0);
            *count += 1;
            if flight.partition.is_some() && *count > 1 {
                let (stage, partition) = (flight.stage.0, flight.partition);
                return Err(format!("I4: two bundles of stage {stage} have {partition:?}"));
            }
        }
        Ok(())
    }
}
