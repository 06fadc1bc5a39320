//! The host of a bundle in a worker: its outputs, state and timers go to the runner by the Fn API.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use purlin_proto::fn_execution::{
    StateAppendRequest, StateClearRequest, StateGetRequest, StateKey, state_request, state_response,
};
use purlin_sdk::Failure;
use purlin_sdk::exec::{Chunk, Host, StatePage};

use super::outbox::Outbox;
use super::state::StateClient;
use crate::sync::lock;

/// The Fn API as a bundle sees it.
pub(super) struct FnApiHost {
    pub(super) instruction: String,
    /// Shared with the bundle's thread, which sends what is left once the stage has finished.
    pub(super) outbox: Arc<Mutex<Outbox>>,
    pub(super) state: Arc<StateClient>,
}

impl Host for FnApiHost {
    fn emit(&mut self, sink: &str, chunk: Chunk) -> Result<(), Box<Failure>> {
        lock(&self.outbox).data(sink, chunk.data)
    }

    fn get_state(&mut self, key: &StateKey, token: &Bytes) -> Result<StatePage, Box<Failure>> {
        let request = StateGetRequest { continuation_token: token.clone() };
        let response =
            self.state.call(&self.instruction, key, state_request::Request::Get(request))?;
        match response.response {
            Some(state_response::Response::Get(page)) => {
                Ok(StatePage { data: page.data, next: page.continuation_token })
            }
            _ => Err(Failure::new("the runner answered a read of state with something else")),
        }
    }

    fn append_state(&mut self, key: &StateKey, data: Bytes) -> Result<(), Box<Failure>> {
        let request = state_request::Request::Append(StateAppendRequest { data });
        self.state.call(&self.instruction, key, request).map(drop)
    }

    fn clear_state(&mut self, key: &StateKey) -> Result<(), Box<Failure>> {
        let request = state_request::Request::Clear(StateClearRequest {});
        self.state.call(&self.instruction, key, request).map(drop)
    }

    fn set_timers(
        &mut self,
        transform_id: &str,
        family: &str,
        timers: Bytes,
    ) -> Result<(), Box<Failure>> {
        lock(&self.outbox).timers(transform_id, family, timers)
    }
}
