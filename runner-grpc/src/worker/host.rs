//! The host of a bundle in a worker: its outputs, state and timers go to the runner by the Fn API.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use purlin_proto::fn_execution::process_bundle_request::{CacheToken, cache_token};
use purlin_proto::fn_execution::state_key::Type;
use purlin_proto::fn_execution::{
    StateAppendRequest, StateClearRequest, StateGetRequest, StateKey, state_request, state_response,
};
use purlin_sdk::Failure;
use purlin_sdk::exec::{Chunk, Host, StatePage};

use super::outbox::Outbox;
use super::state::{StateClient, Writes};
use crate::sync::lock;

/// The Fn API as a bundle sees it.
pub(super) struct FnApiHost {
    pub(super) instruction: String,
    /// Shared with the bundle's thread, which sends what is left once the stage has finished.
    pub(super) outbox: Arc<Mutex<Outbox>>,
    pub(super) state: Arc<StateClient>,
    /// Shared with the bundle's thread, which waits for them at the end.
    pub(super) writes: Arc<Writes>,
    /// What may be kept for other bundles, and until when.
    pub(super) cache_tokens: Vec<CacheToken>,
}

impl Host for FnApiHost {
    fn emit(&mut self, sink: &str, chunk: Chunk) -> Result<(), Box<Failure>> {
        lock(&self.outbox).data(sink, chunk.data)
    }

    fn get_state(&mut self, key: &StateKey, token: &Bytes) -> Result<StatePage, Box<Failure>> {
        let request = StateGetRequest { continuation_token: token.clone() };
        let response =
            self.state.read(&self.instruction, key, state_request::Request::Get(request))?;
        // Those before it were answered before it.
        self.writes.check()?;
        match response.response {
            Some(state_response::Response::Get(page)) => {
                Ok(StatePage { data: page.data, next: page.continuation_token })
            }
            _ => Err(Failure::new("the runner answered a read of state with something else")),
        }
    }

    fn cache_token(&mut self, key: &StateKey) -> Option<Bytes> {
        token_of(&self.cache_tokens, key)
    }

    fn append_state(&mut self, key: &StateKey, data: Bytes) -> Result<(), Box<Failure>> {
        let request = state_request::Request::Append(StateAppendRequest { data });
        self.state.write(&self.instruction, key, request, &self.writes)
    }

    fn clear_state(&mut self, key: &StateKey) -> Result<(), Box<Failure>> {
        let request = state_request::Request::Clear(StateClearRequest {});
        self.state.write(&self.instruction, key, request, &self.writes)
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

/// The token of the side input that a key is of.
fn token_of(tokens: &[CacheToken], key: &StateKey) -> Option<Bytes> {
    let (transform, side) = side_input_of(key)?;
    let found = tokens.iter().find(|token| match &token.r#type {
        Some(cache_token::Type::SideInput(of)) => {
            of.transform_id == transform && of.side_input_id == side
        }
        _ => false,
    });
    found.map(|token| token.token.clone())
}

/// The transform and local name of the side input that a key is of.
fn side_input_of(key: &StateKey) -> Option<(&str, &str)> {
    Some(match key.r#type.as_ref()? {
        Type::IterableSideInput(key) => (&key.transform_id, &key.side_input_id),
        Type::MultimapSideInput(key) => (&key.transform_id, &key.side_input_id),
        Type::MultimapKeysSideInput(key) => (&key.transform_id, &key.side_input_id),
        Type::MultimapKeysValuesSideInput(key) => (&key.transform_id, &key.side_input_id),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use purlin_proto::fn_execution::state_key::{BagUserState, IterableSideInput};

    use super::*;

    fn iterable(transform: &str, side: &str) -> StateKey {
        let key = IterableSideInput {
            transform_id: transform.to_owned(),
            side_input_id: side.to_owned(),
            window: Bytes::from_static(b"w"),
        };
        StateKey { r#type: Some(Type::IterableSideInput(key)) }
    }

    fn token(transform: &str, side: &str, token: &'static [u8]) -> CacheToken {
        let of = cache_token::SideInput {
            transform_id: transform.to_owned(),
            side_input_id: side.to_owned(),
        };
        CacheToken {
            token: Bytes::from_static(token),
            r#type: Some(cache_token::Type::SideInput(of)),
        }
    }

    #[test]
    fn a_token_is_of_one_side_input_of_one_transform() {
        let state = cache_token::Type::UserState(cache_token::UserState {});
        let state = CacheToken { token: Bytes::from_static(b"0"), r#type: Some(state) };
        let tokens = [state, token("a", "x", b"1"), token("a", "y", b"2"), token("b", "x", b"3")];
        let found = |key: &StateKey| token_of(&tokens, key);
        assert_eq!(found(&iterable("a", "x")).as_deref(), Some(b"1".as_slice()));
        assert_eq!(found(&iterable("a", "y")).as_deref(), Some(b"2".as_slice()));
        assert_eq!(found(&iterable("b", "x")).as_deref(), Some(b"3".as_slice()));
        assert_eq!(found(&iterable("b", "y")), None);
        let bag = StateKey { r#type: Some(Type::BagUserState(BagUserState::default())) };
        assert_eq!(found(&bag), None);
    }
}
