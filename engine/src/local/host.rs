//! What a bundle in this process gets from its runner.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use purlin_proto::fn_execution::StateKey;
use purlin_sdk::Timestamp;
use purlin_sdk::exec::{BundleControl, Chunk, Failure, Host, StatePage};

use super::lock;
use crate::bundle::{Bundle, Output};
use crate::keyed::{KeyedBundle, is_user_state};
use crate::plan::{SdkStage, StageId};
use crate::random::Random;
use crate::shuffle::Shuffle;
use crate::side_inputs::SideInputs;
use crate::side_pages::{read_side_input, side_input_token};

/// What a running bundle has put out so far.
pub(super) struct Collected {
    pub(super) outputs: Vec<Output>,
    random: Option<Random>,
}

impl Collected {
    pub(super) fn new(random: Option<Random>) -> Self {
        Self { outputs: Vec::new(), random }
    }
}

/// The host of one bundle.
pub(super) struct LocalHost {
    shuffle: Arc<Shuffle>,
    stage: StageId,
    side_inputs: SideInputs,
    /// What the bundle knows of its keys, where the stage has state.
    keyed: Option<Arc<Mutex<KeyedBundle>>>,
    control: BundleControl,
    /// How many bytes may still be put out before the bundle is asked to stop.
    room: Option<usize>,
    collected: Arc<Mutex<Collected>>,
}

impl LocalHost {
    pub(super) fn new(
        shuffle: &Arc<Shuffle>,
        bundle: &Bundle,
        keyed: Option<&Arc<Mutex<KeyedBundle>>>,
        control: &BundleControl,
        collected: &Arc<Mutex<Collected>>,
    ) -> Self {
        Self {
            shuffle: Arc::clone(shuffle),
            stage: bundle.stage,
            side_inputs: bundle.side_inputs.clone(),
            keyed: keyed.cloned(),
            control: control.clone(),
            room: bundle.output_limit,
            collected: Arc::clone(collected),
        }
    }

    fn stage(&self) -> Result<&SdkStage, Box<Failure>> {
        let sdk = self.shuffle.plan().stages[self.stage.0].sdk();
        sdk.ok_or_else(|| Failure::new("a stage of the runner has no user code"))
    }

    fn keyed(&self) -> Result<&Arc<Mutex<KeyedBundle>>, Box<Failure>> {
        self.keyed.as_ref().ok_or_else(|| Failure::new("the stage has no state or timers"))
    }

    fn charge(&mut self, bytes: usize) {
        if let Some(room) = &mut self.room {
            *room = room.saturating_sub(bytes);
            if *room == 0 {
                self.control.checkpoint();
            }
        }
    }
}

impl Host for LocalHost {
    fn emit(&mut self, sink: &str, chunk: Chunk) -> Result<(), Box<Failure>> {
        self.charge(chunk.data.len());
        let found = self.stage()?.outputs.iter().find(|(id, _)| id == sink);
        let Some((_, collection)) = found else {
            return Err(Failure::new(format!("the stage has no write node `{sink}`")));
        };
        let mut collected = lock(&self.collected);
        let Collected { outputs, random } = &mut *collected;
        self.shuffle.prepare(*collection, chunk, random.as_mut(), outputs)
    }

    fn get_state(&mut self, key: &StateKey, token: &Bytes) -> Result<StatePage, Box<Failure>> {
        match &self.keyed {
            Some(keyed) if is_user_state(key) => lock(keyed).get(key, token),
            _ => read_side_input(&self.shuffle, self.stage, &self.side_inputs, key, token),
        }
    }

    fn cache_token(&mut self, key: &StateKey) -> Option<Bytes> {
        side_input_token(&self.shuffle, self.stage, &self.side_inputs, key)
    }

    fn append_state(&mut self, key: &StateKey, data: Bytes) -> Result<(), Box<Failure>> {
        lock(self.keyed()?).append(key, data)
    }

    fn clear_state(&mut self, key: &StateKey) -> Result<(), Box<Failure>> {
        lock(self.keyed()?).clear(key)
    }

    fn replace_state(&mut self, key: &StateKey, data: Bytes) -> Result<(), Box<Failure>> {
        lock(self.keyed()?).replace(key, data)
    }

    fn processing_time(&mut self) -> Timestamp {
        match &self.keyed {
            Some(keyed) => lock(keyed).processing_time(),
            None => Timestamp::now(),
        }
    }

    fn set_timers(
        &mut self,
        _transform_id: &str,
        family: &str,
        timers: Bytes,
    ) -> Result<(), Box<Failure>> {
        lock(self.keyed()?).set_timers(family, &timers, None)
    }
}
