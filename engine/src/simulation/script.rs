//! What has happened of the scripts, and what watermarks follow from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use purlin_sdk::Timestamp;

use super::plan::{Happening, Setup};
use crate::plan::StageId;
use crate::state::State;

/// What has happened of the scripts.
pub(super) struct Played {
    setup: Arc<Setup>,
    happened: BTreeMap<usize, usize>,
    watermarks: Vec<Timestamp>,
    clock: Timestamp,
}

impl Played {
    pub(super) fn new(setup: &Arc<Setup>) -> Self {
        Self {
            setup: Arc::clone(setup),
            happened: BTreeMap::new(),
            watermarks: vec![Timestamp::MIN; setup.streams],
            clock: Timestamp(0),
        }
    }

    /// The next happening of a stage.
    pub(super) fn play(&mut self, stage: StageId) {
        let happened = |it: &usize| self.happened.get(it).copied().unwrap_or(0);
        let is_open = |it: &&usize| happened(it) <= self.setup.scripts[*it].len();
        let least = self.setup.scripts.keys().filter(is_open).map(happened).min();
        assert_eq!(least, Some(happened(&stage.0)), "scripts take turns");
        let happened = self.happened.entry(stage.0).or_default();
        let script = &self.setup.scripts[&stage.0];
        match script.get(*happened) {
            Some(Happening::Elements(..)) => {}
            Some(Happening::Watermark(stream, to)) => {
                let watermark = &mut self.watermarks[*stream];
                *watermark = Timestamp(*to).max(*watermark);
            }
            Some(Happening::ProcessingTime(by)) => self.clock.0 += by,
            None => {
                for stream in 0..self.setup.streams {
                    if self.setup.scripts.len() == 1 || stream == stage.0 {
                        self.watermarks[stream] = Timestamp::MAX;
                    }
                }
            }
        }
        *happened += 1;
    }

    /// When nothing runs and nothing waits, watermarks are where the scripts have brought them.
    pub(super) fn check_rest(&self, state: &State) {
        for (stage, streams) in &self.setup.followers {
            let expected = streams.iter().map(|stream| self.watermarks[*stream]).min();
            let (input, _) = state.stage_watermarks(*stage);
            assert_eq!(Some(input), expected, "I5: the watermark of a job at rest");
        }
        assert_eq!(state.processing_time(Timestamp::MAX), self.clock);
    }
}
