//! A worker's requests for state and side inputs.
//!
//! Reads wait for their answer. Writes do not: the runner takes requests in their order, so a later
//! read sees them, and a bundle does not end before all its writes were answered.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

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
    waiting: Mutex<Option<HashMap<String, Waiter>>>,
}

/// Who is told of an answer.
enum Waiter {
    Read(oneshot::Sender<StateResponse>),
    Write(Written),
}

/// The writes of one bundle that were not answered yet.
#[derive(Default)]
pub(super) struct Writes {
    progress: Mutex<Progress>,
    settled: Condvar,
}

#[derive(Default)]
struct Progress {
    open: usize,
    /// What the first that failed was answered with.
    error: Option<String>,
}

/// A write on its way. One that is dropped will not be answered any more.
struct Written {
    writes: Arc<Writes>,
    is_answered: bool,
}

impl StateClient {
    pub(super) fn new(stream: Sender<StateRequest>) -> Self {
        Self { stream, next: AtomicU64::new(1), waiting: Mutex::new(Some(HashMap::new())) }
    }

    /// Sends a read and blocks until it is answered.
    pub(super) fn read(
        &self,
        instruction: &str,
        key: &StateKey,
        request: state_request::Request,
    ) -> Result<StateResponse, Box<Failure>> {
        let (answer, answered) = oneshot::channel();
        self.send(instruction, key, request, Waiter::Read(answer))?;
        let response = answered.blocking_recv().map_err(|_| lost())?;
        if response.error.is_empty() { Ok(response) } else { Err(Failure::new(response.error)) }
    }

    /// Sends a write; `writes` tells later how it ended.
    pub(super) fn write(
        &self,
        instruction: &str,
        key: &StateKey,
        request: state_request::Request,
        writes: &Arc<Writes>,
    ) -> Result<(), Box<Failure>> {
        self.send(instruction, key, request, Waiter::Write(Written::open(writes)))
    }

    /// Blocks while the stream is full.
    fn send(
        &self,
        instruction: &str,
        key: &StateKey,
        request: state_request::Request,
        waiter: Waiter,
    ) -> Result<(), Box<Failure>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed).to_string();
        match &mut *lock(&self.waiting) {
            Some(waiting) => waiting.insert(id.clone(), waiter),
            None => return Err(lost()),
        };
        let request = StateRequest {
            id,
            instruction_id: instruction.to_owned(),
            state_key: Some(key.clone()),
            request: Some(request),
        };
        self.stream.blocking_send(request).map_err(|_| lost())
    }

    /// Hands an answer to whoever waits for it.
    pub(super) fn answered(&self, response: StateResponse) {
        let waiter = lock(&self.waiting).as_mut().and_then(|all| all.remove(&response.id));
        match waiter {
            // The bundle may have been given up.
            Some(Waiter::Read(waiter)) => drop(waiter.send(response)),
            Some(Waiter::Write(written)) => written.answered(response.error),
            None => {}
        }
    }

    /// No further answer will come.
    pub(super) fn close(&self) {
        let waiting = lock(&self.waiting).take();
        drop(waiting);
    }
}

impl Writes {
    /// Fails if a write is known to have failed.
    pub(super) fn check(&self) -> Result<(), Box<Failure>> {
        lock(&self.progress).result()
    }

    /// Blocks until all writes were answered, and fails if one did.
    pub(super) fn settle(&self) -> Result<(), Box<Failure>> {
        let mut progress = lock(&self.progress);
        while progress.open > 0 {
            progress = self.settled.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
        progress.result()
    }

    fn ended(&self, error: String) {
        let mut progress = lock(&self.progress);
        progress.open -= 1;
        if !error.is_empty() {
            progress.error.get_or_insert(error);
        }
        if progress.open == 0 {
            self.settled.notify_all();
        }
    }
}

impl Progress {
    fn result(&self) -> Result<(), Box<Failure>> {
        self.error.as_ref().map_or(Ok(()), |error| Err(Failure::new(error)))
    }
}

impl Written {
    fn open(writes: &Arc<Writes>) -> Self {
        lock(&writes.progress).open += 1;
        Self { writes: Arc::clone(writes), is_answered: false }
    }

    fn answered(mut self, error: String) {
        self.is_answered = true;
        self.writes.ended(error);
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if !self.is_answered {
            self.writes.ended(LOST.to_owned());
        }
    }
}

const LOST: &str = "the state stream to the runner has ended";

fn lost() -> Box<Failure> {
    Failure::new(LOST)
}

#[cfg(test)]
mod tests {
    use purlin_proto::fn_execution::{StateClearRequest, StateGetRequest};
    use tokio::sync::mpsc;

    use super::*;

    fn clear() -> state_request::Request {
        state_request::Request::Clear(StateClearRequest {})
    }

    fn client() -> (StateClient, mpsc::Receiver<StateRequest>) {
        let (stream, requests) = mpsc::channel(16);
        (StateClient::new(stream), requests)
    }

    fn answer(request: &StateRequest, error: &str) -> StateResponse {
        StateResponse { id: request.id.clone(), error: error.to_owned(), response: None }
    }

    #[test]
    fn writes_do_not_wait_and_are_settled_once_all_were_answered() {
        let (client, mut requests) = client();
        let writes = Arc::<Writes>::default();
        for _ in 0..3 {
            client.write("i", &StateKey::default(), clear(), &writes).unwrap();
        }
        let settling = Arc::clone(&writes);
        let settled = std::thread::spawn(move || settling.settle());
        for _ in 0..3 {
            assert!(!settled.is_finished());
            let request = requests.blocking_recv().unwrap();
            client.answered(answer(&request, ""));
        }
        assert!(settled.join().unwrap().is_ok());
    }

    #[test]
    fn a_write_that_failed_is_known_to_the_next_read_and_to_the_end() {
        let (client, mut requests) = client();
        let writes = Arc::<Writes>::default();
        client.write("i", &StateKey::default(), clear(), &writes).unwrap();
        client.answered(answer(&requests.blocking_recv().unwrap(), "no such state"));
        assert!(writes.check().unwrap_err().causes.concat().contains("no such state"));
        assert!(writes.settle().unwrap_err().causes.concat().contains("no such state"));
    }

    #[test]
    fn the_end_of_the_stream_ends_reads_and_writes() {
        let (client, mut requests) = client();
        let client = Arc::new(client);
        let writes = Arc::<Writes>::default();
        client.write("i", &StateKey::default(), clear(), &writes).unwrap();
        let reader = Arc::clone(&client);
        let read = std::thread::spawn(move || {
            let get = state_request::Request::Get(StateGetRequest::default());
            reader.read("i", &StateKey::default(), get).map(drop)
        });
        requests.blocking_recv().unwrap();
        requests.blocking_recv().unwrap();
        client.close();
        assert!(read.join().unwrap().is_err());
        assert!(writes.settle().is_err());
        assert!(client.write("i", &StateKey::default(), clear(), &writes).is_err());
        assert!(writes.settle().is_err());
    }
}
