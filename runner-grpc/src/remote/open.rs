//! The runner's end of one running bundle: what the worker sends about it.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use purlin_engine::plan::StageId;
use purlin_engine::{
    Bundle, BundleResult, KeyedBundle, Shuffle, SideInputs, is_user_state, read_side_input,
    side_input_tokens,
};
use purlin_proto::fn_execution::process_bundle_request::{CacheToken, cache_token};
use purlin_proto::fn_execution::{
    StateAppendResponse, StateClearResponse, StateGetResponse, StateKey, StateRequest,
    StateResponse, state_request, state_response,
};
use purlin_sdk::{Failure, Timestamp};

use super::intake::Intake;
use crate::fn_api::BundleEnd;
use crate::sync::lock;

/// A bundle that is running on a worker.
pub(super) struct OpenBundle {
    shuffle: Arc<Shuffle>,
    stage: StageId,
    side_inputs: SideInputs,
    /// What the bundle knows of its keys, where the stage has state; taken when it is closed.
    keyed: Mutex<Option<KeyedBundle>>,
    pub(super) intake: Arc<Intake>,
}

impl OpenBundle {
    /// The end of a bundle whose outputs `intake` takes.
    pub(super) fn new(
        shuffle: &Arc<Shuffle>,
        bundle: &Bundle,
        keyed: Option<KeyedBundle>,
        intake: Arc<Intake>,
    ) -> Arc<Self> {
        Arc::new(Self {
            shuffle: Arc::clone(shuffle),
            stage: bundle.stage,
            side_inputs: bundle.side_inputs.clone(),
            keyed: Mutex::new(keyed),
            intake,
        })
    }

    /// Adds what the bundle changed about its keys to its result.
    pub(super) fn close(&self, result: &mut BundleResult) -> Result<(), Box<Failure>> {
        let keyed = lock(&self.keyed).take();
        keyed.map_or(Ok(()), |keyed| keyed.close(result))
    }

    /// What the worker may keep of the side inputs for other bundles: a token stays the same as long
    /// as the contents do.
    pub(super) fn cache_tokens(&self) -> Vec<CacheToken> {
        let tokens = side_input_tokens(&self.shuffle, self.stage, &self.side_inputs);
        let tokens = tokens.map(|(side, token)| {
            let of = cache_token::SideInput {
                transform_id: side.transform_id.clone(),
                side_input_id: side.local_name.clone(),
            };
            CacheToken { token, r#type: Some(cache_token::Type::SideInput(of)) }
        });
        tokens.collect()
    }

    fn set_timers(&self, family: &str, timers: &Bytes) -> Result<(), Box<Failure>> {
        match &mut *lock(&self.keyed) {
            Some(keyed) => keyed.set_timers(family, timers, Some(Timestamp::now())),
            None => Err(Failure::new("the worker set timers of a stage without keys")),
        }
    }

    fn answer(
        &self,
        key: &StateKey,
        request: &StateRequest,
    ) -> Result<state_response::Response, Box<Failure>> {
        use state_request::Request;
        use state_response::Response;
        let mut keyed = lock(&self.keyed);
        let of_keys = if is_user_state(key) { keyed.as_mut() } else { None };
        match (&request.request, of_keys) {
            (Some(Request::Get(get)), of_keys) => {
                let token = &get.continuation_token;
                let page = match of_keys {
                    Some(keyed) => keyed.get(key, token)?,
                    None => {
                        read_side_input(&self.shuffle, self.stage, &self.side_inputs, key, token)?
                    }
                };
                let page = StateGetResponse { continuation_token: page.next, data: page.data };
                Ok(Response::Get(page))
            }
            (Some(Request::Append(append)), Some(keyed)) => {
                keyed.append(key, append.data.clone())?;
                Ok(Response::Append(StateAppendResponse {}))
            }
            (Some(Request::Clear(_)), Some(keyed)) => {
                keyed.clear(key)?;
                Ok(Response::Clear(StateClearResponse {}))
            }
            _ => Err(Failure::new("the stage has no such state, or nothing was asked of it")),
        }
    }
}

impl BundleEnd for OpenBundle {
    fn data(&self, transform: &str, data: Bytes, is_last: bool) {
        self.intake.data(transform, data, is_last);
    }

    fn timers(&self, transform: &str, family: &str, timers: Bytes, is_last: bool) {
        if !timers.is_empty()
            && let Err(failure) = self.set_timers(family, &timers)
        {
            self.intake.fail(failure);
        }
        if is_last {
            self.intake.timers_ended(transform, family);
        }
    }

    fn state(&self, request: &StateRequest) -> StateResponse {
        let key = request.state_key.clone().unwrap_or_default();
        match self.answer(&key, request) {
            Ok(answer) => StateResponse { response: Some(answer), ..Default::default() },
            Err(failure) => {
                StateResponse { error: failure.causes.join(": "), ..Default::default() }
            }
        }
    }
}
