//! A worker's requests for state and side inputs.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use purlin_proto::fn_execution::{StateKey, StateRequest, StateResponse, state_request};
use purlin_sdk::Failure;
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;

use crate::sync::lock;

/// The worker's state stream.
pub(super) struct StateClient {
    stream: Sender<StateRequest>,
    next: AtomicU64,
    /// Who waits for which answer; `None` once the stream has ended.
    waiting: Mutex<Option<HashMap<String, oneshot::Sender<StateResponse>>>>,
}

impl StateClient {
    pub(super) fn new(stream: Sender<StateRequest>) -> Self {
        Self { stream, next: AtomicU64::new(1), waiting: Mutex::new(Some(HashMap::new())) }
    }

    /// Sends a request and blocks until it is answered.
    pub(super) fn call(
        &self,
        instruction: &str,
        key: &StateKey,
        request: state_request::Request,
    ) -> Result<StateResponse, Box<Failure>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        let (answer, answered) = oneshot::channel();
        match &mut *lock(&self.waiting) {
            Some(waiting) => waiting.insert(id.clone(), answer),
            None => return Err(lost()),
        };
        let request = StateRequest {
            id,
            instruction_id: instruction.to_owned(),
            state_key: Some(key.clone()),
            request: Some(request),
        };
        self.stream.blocking_send(request).map_err(|_| lost())?;
        let response = answered.blocking_recv().map_err(|_| lost())?;
        if response.error.is_empty() { Ok(response) } else { Err(Failure::new(response.error)) }
    }

    /// Hands an answer to whoever waits for it.
    pub(super) fn answered(&self, response: StateResponse) {
        let waiter = lock(&self.waiting).as_mut().and_then(|all| all.remove(&response.id));
        if let Some(waiter) = waiter {
            // The bundle may have been given up.
            drop(waiter.send(response));
        }
    }

    /// No further answer will come.
    pub(super) fn close(&self) {
        lock(&self.waiting).take();
    }
}

fn lost() -> Box<Failure> {
    Failure::new("the state stream to the runner has ended")
}
