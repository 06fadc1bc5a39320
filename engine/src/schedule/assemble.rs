//! Makes the bundle of what was chosen.

use std::sync::Arc;

use purlin_sdk::Timestamp;

use super::limits::time_limit;
use super::{Flight, Schedule};
use crate::bundle::{Bundle, BundleId, BundleInput};
use crate::config::EngineConfig;
use crate::engine::is_splittable;
use crate::keyed::{Clocks, KeyedInput};
use crate::random::Random;
use crate::state::{Facts, State, Work};

impl Schedule {
    /// The bundle of an attempt.
    pub(super) fn bundle(
        &mut self,
        id: BundleId,
        flight: &Flight,
        facts: &Facts,
        state: &State,
        config: &EngineConfig,
        now: Timestamp,
    ) -> Bundle {
        let stage = flight.stage;
        let is_splittable = is_splittable(facts, stage);
        let works = flight.entries.iter().filter_map(|id| state.entry(stage, *id));
        let mut chunks = Vec::new();
        let mut groups = Vec::new();
        let mut compaction = None;
        for work in works.map(|entry| &entry.work) {
            match work {
                Work::Elements(chunk) | Work::Residual { chunk, .. } => {
                    chunks.push(Arc::clone(chunk));
                }
                Work::Groups(group) => groups.push(group.clone()),
                Work::Compact(group) => compaction = Some(group.clone()),
            }
        }
        let (input_watermark, output_watermark) = state.stage_watermarks(stage);
        let clocks = Clocks {
            input_watermark,
            output_watermark,
            processing_time: state.processing_time(now),
            is_scripted: state.is_scripted(),
        };
        let keyed = flight.partition.map(|partition| {
            Box::new(KeyedInput {
                partition,
                timers: flight.timers.clone(),
                table: state.table(stage, partition),
                clocks,
            })
        });
        Bundle {
            id,
            stage,
            attempt: flight.attempt,
            input: match compaction {
                _ if flight.spills => BundleInput::Spill,
                _ if !flight.questions.is_empty() => BundleInput::Windows(flight.questions.clone()),
                Some(group) => BundleInput::Compact(group),
                None if groups.is_empty() => BundleInput::Elements(chunks),
                None => BundleInput::Groups(groups),
            },
            keyed,
            truncates: flight.truncates,
            side_inputs: state.side_inputs_of(facts, stage),
            output_limit: is_splittable.then_some(config.source_bytes),
            time_limit: time_limit(facts, state, config, flight),
            seed: self.random.as_mut().map(Random::next_u64),
        }
    }
}
