//! What a bundle in this process gets from its runner.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use purlin_proto::fn_execution::StateKey;
use purlin_proto::fn_execution::state_key::{IterableSideInput, Type};
use purlin_sdk::Window;
use purlin_sdk::exec::{BundleControl, Chunk, Failure, Framing, Host, StatePage};

use super::lock;
use crate::bundle::{Bundle, GroupSlice, Output};
use crate::plan::{CollectionId, SdkStage, StageId, StageKind};
use crate::random::Random;
use crate::shuffle::{Shuffle, end_of};
use crate::side_inputs::SideInputs;

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
    control: BundleControl,
    /// How many bytes may still be put out before the bundle is asked to stop.
    room: Option<usize>,
    collected: Arc<Mutex<Collected>>,
}

impl LocalHost {
    pub(super) fn new(
        shuffle: &Arc<Shuffle>,
        bundle: &Bundle,
        control: &BundleControl,
        collected: &Arc<Mutex<Collected>>,
    ) -> Self {
        Self {
            shuffle: Arc::clone(shuffle),
            stage: bundle.stage,
            side_inputs: bundle.side_inputs.clone(),
            control: control.clone(),
            room: bundle.output_limit,
            collected: Arc::clone(collected),
        }
    }

    fn stage(&self) -> Result<&SdkStage, Box<Failure>> {
        match &self.shuffle.plan().stages[self.stage.0].kind {
            StageKind::Sdk(sdk) => Ok(sdk),
            _ => Err(Failure::new("a stage of the runner has no user code")),
        }
    }

    fn charge(&mut self, bytes: usize) {
        if let Some(room) = &mut self.room {
            *room = room.saturating_sub(bytes);
            if *room == 0 {
                self.control.checkpoint();
            }
        }
    }

    fn iterable(&self, key: &IterableSideInput, token: &Bytes) -> Result<StatePage, Box<Failure>> {
        let mut sides = self.stage()?.side_inputs.iter();
        let side = sides.find(|side| {
            side.transform_id == key.transform_id && side.local_name == key.side_input_id
        });
        let Some(side) = side else {
            return Err(Failure::new(format!("no side input is named `{}`", key.side_input_id)));
        };
        let Some(window) = self.side_window(side.collection, &key.window) else {
            // A window without elements.
            return Ok(StatePage::default());
        };
        page(self.side_inputs.window(side.collection, window), token)
    }

    fn side_window(&self, collection: CollectionId, encoded: &[u8]) -> Option<&Window> {
        let coder = self.shuffle.window_coder(collection);
        self.side_inputs.windows(collection).find(|window| {
            let mut bytes = Vec::new();
            coder.put_window(&mut bytes, window);
            bytes == encoded
        })
    }
}

/// The page that a token asks for: one slice a page.
fn page(slices: &[GroupSlice], token: &Bytes) -> Result<StatePage, Box<Failure>> {
    let position = match token.as_ref() {
        [] => 0,
        bytes => {
            let bytes = <[u8; 8]>::try_from(bytes)
                .map_err(|_| Failure::new("a continuation token is not one of this runner's"))?;
            usize::try_from(u64::from_be_bytes(bytes)).unwrap_or(usize::MAX)
        }
    };
    let Some(slice) = slices.get(position) else { return Ok(StatePage::default()) };
    let next = if position + 1 < slices.len() {
        Bytes::copy_from_slice(&(position as u64 + 1).to_be_bytes())
    } else {
        Bytes::new()
    };
    Ok(StatePage { data: values(slice), next })
}

/// The values of a slice without their headers.
fn values(slice: &GroupSlice) -> Bytes {
    let chunk = &slice.chunk;
    match (&chunk.framing, &chunk.index, &slice.elements) {
        (Framing::Constant(_), _, None) => chunk.data.clone(),
        (_, Some(index), elements) => {
            let mut data = Vec::new();
            let mut add = |row: usize| {
                let start = index[row].value as usize;
                data.extend_from_slice(&chunk.data[start..end_of(chunk, index, row)]);
            };
            match elements {
                Some(rows) => rows.iter().for_each(|row| add(*row as usize)),
                None => (0..index.len()).for_each(add),
            }
            data.into()
        }
        // The shuffle indexes chunks with headers wherever a side input reads them.
        (_, None, _) => Bytes::new(),
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
        match &key.r#type {
            Some(Type::IterableSideInput(key)) => self.iterable(key, token),
            Some(Type::MultimapSideInput(_)) => Err(unsupported("side inputs read by key")),
            Some(Type::MultimapKeysSideInput(_) | Type::MultimapKeysValuesSideInput(_)) => {
                Err(unsupported("the keys of a side input"))
            }
            _ => Err(unsupported("user state")),
        }
    }

    fn append_state(&mut self, _key: &StateKey, _data: Bytes) -> Result<(), Box<Failure>> {
        Err(unsupported("user state"))
    }

    fn clear_state(&mut self, _key: &StateKey) -> Result<(), Box<Failure>> {
        Err(unsupported("user state"))
    }

    fn set_timers(
        &mut self,
        _transform_id: &str,
        _family: &str,
        _timers: Bytes,
    ) -> Result<(), Box<Failure>> {
        Err(unsupported("timers"))
    }
}

fn unsupported(feature: &str) -> Box<Failure> {
    Failure::new(format!("this runner does not support {feature}"))
}
