//! The runner's end of one running bundle: what the worker sends about it.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use purlin_engine::plan::StageId;
use purlin_engine::{Shuffle, SideInputs, read_side_input};
use purlin_proto::fn_execution::{
    StateGetResponse, StateKey, StateRequest, StateResponse, state_request, state_response,
};
use purlin_sdk::Failure;
use tokio::sync::Notify;

use crate::fn_api::BundleEnd;
use crate::stage::Terminators;
use crate::sync::lock;

/// A bundle that is running on a worker.
pub(super) struct OpenBundle {
    shuffle: Arc<Shuffle>,
    stage: StageId,
    side_inputs: SideInputs,
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
        stage: StageId,
        side_inputs: SideInputs,
        outputs: Terminators,
        limit: Option<usize>,
    ) -> Arc<Self> {
        let received = Received {
            data: Vec::new(),
            bytes: 0,
            limit: limit.unwrap_or(usize::MAX),
            open: outputs,
            offence: None,
        };
        let ended = Notify::new();
        if received.open.is_empty() {
            ended.notify_one();
        }
        Arc::new(Self {
            shuffle: Arc::clone(shuffle),
            stage,
            side_inputs,
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

    fn page(
        &self,
        key: &StateKey,
        request: &StateRequest,
    ) -> Result<StateGetResponse, Box<Failure>> {
        match &request.request {
            Some(state_request::Request::Get(get)) => {
                let token = &get.continuation_token;
                let page =
                    read_side_input(&self.shuffle, self.stage, &self.side_inputs, key, token)?;
                Ok(StateGetResponse { continuation_token: page.next, data: page.data })
            }
            _ => Err(Failure::new("this runner does not support user state")),
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
        if !timers.is_empty() {
            let offence =
                format!("the worker set timers of `{transform}`, which are not supported");
            received.offence.get_or_insert(offence);
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
        match self.page(&key, request) {
            Ok(page) => StateResponse {
                response: Some(state_response::Response::Get(page)),
                ..Default::default()
            },
            Err(failure) => {
                StateResponse { error: failure.causes.join(": "), ..Default::default() }
            }
        }
    }
}
