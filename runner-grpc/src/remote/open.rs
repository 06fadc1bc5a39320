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
use tokio::sync::Notify;

use crate::fn_api::BundleEnd;
use crate::stage::Terminators;
use crate::sync::lock;

/// A bundle that is running on a worker.
pub(super) struct OpenBundle {
    shuffle: Arc<Shuffle>,
    stage: StageId,
    side_inputs: SideInputs,
    /// What the bundle knows of its keys, where the stage has state; taken when it is closed.
    keyed: Mutex<Option<KeyedBundle>>,
    received: Mutex<Received>,
    /// Told when all streams have ended.
    pub(super) ended: Notify,
    /// Told when more came than the bundle should put out.
    pub(super) is_over_limit: Notify,
}

struct Received {
    /// The write node and elements of each message, in their order.
    data: Vec<(String, Bytes)>,
    bytes: usize,
    limit: usize,
    open: Terminators,
    /// What a worker did that no worker may do.
    offence: Option<String>,
}

impl OpenBundle {
    /// The end of a bundle of which `outputs` is expected, and no more than about `limit` bytes.
    pub(super) fn new(
        shuffle: &Arc<Shuffle>,
        bundle: &Bundle,
        keyed: Option<KeyedBundle>,
        outputs: Terminators,
    ) -> Arc<Self> {
        let received = Received {
            data: Vec::new(),
            bytes: 0,
            limit: bundle.output_limit.unwrap_or(usize::MAX),
            open: outputs,
            offence: None,
        };
        let ended = Notify::new();
        if received.open.is_empty() {
            ended.notify_one();
        }
        Arc::new(Self {
            shuffle: Arc::clone(shuffle),
            stage: bundle.stage,
            side_inputs: bundle.side_inputs.clone(),
            keyed: Mutex::new(keyed),
            received: Mutex::new(received),
            ended,
            is_over_limit: Notify::new(),
        })
    }

    /// What came for each write node.
    pub(super) fn take(&self) -> Result<Vec<(String, Bytes)>, Box<Failure>> {
        let mut received = lock(&self.received);
        match received.offence.take() {
            Some(offence) => Err(Failure::new(offence)),
            None => Ok(std::mem::take(&mut received.data)),
        }
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
        let mut received = lock(&self.received);
        if !received.open.data.contains(transform) {
            let offence = format!("the worker sent elements for `{transform}`, which takes none");
            received.offence.get_or_insert(offence);
            return;
        }
        let before = received.bytes;
        received.bytes += data.len();
        if before < received.limit && received.bytes >= received.limit {
            self.is_over_limit.notify_one();
        }
        if !data.is_empty() {
            received.data.push((transform.to_owned(), data));
        }
        if is_last {
            received.open.data.remove(transform);
            if received.open.is_empty() {
                self.ended.notify_one();
            }
        }
    }

    fn timers(&self, transform: &str, family: &str, timers: Bytes, is_last: bool) {
        let mut received = lock(&self.received);
        if !timers.is_empty()
            && let Err(failure) = self.set_timers(family, &timers)
        {
            received.offence.get_or_insert(failure.causes.join(": "));
        }
        if is_last {
            received.open.timers.remove(&(transform.to_owned(), family.to_owned()));
            if received.open.is_empty() {
                self.ended.notify_one();
            }
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
