//! A worker as its runner sees it: the streams it has open, and what is to come from them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use purlin_proto::fn_execution::{
    Elements, InstructionRequest, InstructionResponse, ProcessBundleDescriptor, ProvisionInfo,
    StateRequest, StateResponse, instruction_request,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::Answers;
use crate::sync::lock;

/// Requests that wait to be sent.
const CONTROL_WAITING: usize = 256;
/// Messages of elements that wait to be sent, of up to a mebibyte each.
const DATA_WAITING: usize = 8;

/// Gets what a worker sends about one bundle. Called on threads of the runtime, so nothing here
/// may block.
pub(crate) trait BundleEnd: Send + Sync {
    /// Takes elements of a write node, or their end.
    fn data(&self, transform: &str, data: Bytes, is_last: bool);
    /// Takes timers of a family, or their end.
    fn timers(&self, transform: &str, family: &str, timers: Bytes, is_last: bool);
    /// Answers a request for state.
    fn state(&self, request: &StateRequest) -> StateResponse;
}

/// What all workers of one kind are told.
pub(crate) struct WorkerKind {
    /// What they get before they begin.
    pub(crate) provision: ProvisionInfo,
    /// The descriptors that they may ask for.
    pub(crate) descriptors: HashMap<String, ProcessBundleDescriptor>,
}

/// Where a worker is in its life.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum WorkerStatus {
    /// It has not called yet.
    Starting,
    /// It takes instructions.
    Connected,
    /// It was told that there is nothing more to do.
    Stopped,
    /// It went without being told, for this reason.
    Lost(String),
}

/// A worker.
pub(crate) struct Worker {
    /// The secret by which it calls; never shown.
    pub(super) id: String,
    /// What it is called in messages.
    pub(crate) label: String,
    /// Whether it came by itself.
    pub(crate) has_joined: bool,
    pub(super) kind: Arc<WorkerKind>,
    pub(super) control: Outgoing<InstructionRequest>,
    pub(super) data: Outgoing<Elements>,
    answers: Mutex<HashMap<String, oneshot::Sender<InstructionResponse>>>,
    bundles: Mutex<HashMap<String, Arc<dyn BundleEnd>>>,
    status: watch::Sender<WorkerStatus>,
    was_connected: AtomicBool,
}

impl Worker {
    /// A worker that is expected to call by the secret `id`.
    pub(crate) fn new(id: String, label: String, kind: Arc<WorkerKind>) -> Arc<Self> {
        Arc::new(Self::made(id, label, false, kind))
    }

    /// A worker that comes by itself.
    pub(crate) fn joined(id: String, label: String, kind: Arc<WorkerKind>) -> Arc<Self> {
        Arc::new(Self::made(id, label, true, kind))
    }

    fn made(id: String, label: String, has_joined: bool, kind: Arc<WorkerKind>) -> Self {
        Self {
            id,
            label,
            has_joined,
            kind,
            control: Outgoing::new(CONTROL_WAITING),
            data: Outgoing::new(DATA_WAITING),
            answers: Mutex::default(),
            bundles: Mutex::default(),
            status: watch::Sender::new(WorkerStatus::Starting),
            was_connected: AtomicBool::new(false),
        }
    }

    /// Whether it has ever taken instructions.
    pub(crate) fn was_connected(&self) -> bool {
        self.was_connected.load(Ordering::Relaxed)
    }

    /// The secret id, for whoever starts the worker.
    pub(crate) fn secret_id(&self) -> &str {
        &self.id
    }

    /// Where it is in its life, now and later.
    pub(crate) fn status(&self) -> watch::Receiver<WorkerStatus> {
        self.status.subscribe()
    }

    /// Sends an instruction and waits for its answer; `None` if the worker is lost before.
    pub(crate) async fn ask(
        &self,
        instruction: &str,
        request: instruction_request::Request,
    ) -> Option<InstructionResponse> {
        self.send(instruction, request).await?.await.ok()
    }

    /// Sends an instruction; its answer comes later.
    pub(crate) async fn send(
        &self,
        instruction: &str,
        request: instruction_request::Request,
    ) -> Option<oneshot::Receiver<InstructionResponse>> {
        let (answer, answered) = oneshot::channel();
        lock(&self.answers).insert(instruction.to_owned(), answer);
        let request =
            InstructionRequest { instruction_id: instruction.to_owned(), request: Some(request) };
        self.control.sender()?.send(request).await.ok()?;
        Some(answered)
    }

    /// Sends elements; waits while the stream is full.
    pub(crate) async fn send_data(&self, elements: Elements) -> Option<()> {
        self.data.sender()?.send(elements).await.ok()
    }

    /// From now on, what comes about `instruction` goes to `end`.
    pub(crate) fn register(&self, instruction: &str, end: Arc<dyn BundleEnd>) {
        lock(&self.bundles).insert(instruction.to_owned(), end);
    }

    /// What still comes about `instruction` is dropped.
    pub(crate) fn unregister(&self, instruction: &str) {
        lock(&self.bundles).remove(instruction);
        lock(&self.answers).remove(instruction);
    }

    pub(super) fn bundle(&self, instruction: &str) -> Option<Arc<dyn BundleEnd>> {
        lock(&self.bundles).get(instruction).cloned()
    }

    pub(super) fn answered(&self, response: InstructionResponse) {
        let waiter = lock(&self.answers).remove(&response.instruction_id);
        if let Some(waiter) = waiter {
            // Whoever asked may have stopped waiting.
            drop(waiter.send(response));
        }
    }

    pub(super) fn connected(&self) {
        self.was_connected.store(true, Ordering::Relaxed);
        self.status.send_if_modified(|status| {
            let is_first = *status == WorkerStatus::Starting;
            if is_first {
                *status = WorkerStatus::Connected;
            }
            is_first
        });
    }

    /// Tells the worker that there is nothing more to do: its control stream ends.
    pub(crate) fn stop(&self) {
        self.end(WorkerStatus::Stopped);
    }

    /// Notes that the worker went without being told. Whoever waits for it hears so.
    pub(crate) fn lost(&self, reason: &str) {
        self.end(WorkerStatus::Lost(reason.to_owned()));
    }

    /// What a stream to the worker answers with: `messages`, and at the end the reason why the
    /// worker was given up, if it was.
    pub(super) fn answers<T: Send + 'static>(
        self: &Arc<Self>,
        messages: mpsc::Receiver<T>,
    ) -> Answers<T> {
        let worker = Arc::clone(self);
        let reason = std::iter::once_with(move || match &*worker.status.borrow() {
            WorkerStatus::Lost(reason) => Some(Err(Status::aborted(reason))),
            _ => None,
        });
        let messages = ReceiverStream::new(messages).map(Ok);
        Box::pin(messages.chain(tokio_stream::iter(reason.flatten())))
    }

    fn end(&self, end: WorkerStatus) {
        self.status.send_if_modified(|status| {
            let is_open = matches!(status, WorkerStatus::Starting | WorkerStatus::Connected);
            if is_open {
                *status = end;
            }
            is_open
        });
        self.control.close();
        self.data.close();
        lock(&self.answers).clear();
        lock(&self.bundles).clear();
    }
}

/// The runner's half of a stream, which the worker may open later than the first message is sent.
pub(super) struct Outgoing<T> {
    sender: Mutex<Option<mpsc::Sender<T>>>,
    receiver: Mutex<Option<mpsc::Receiver<T>>>,
}

impl<T> Outgoing<T> {
    fn new(size: usize) -> Self {
        let (sender, receiver) = mpsc::channel(size);
        Self { sender: Mutex::new(Some(sender)), receiver: Mutex::new(Some(receiver)) }
    }

    fn sender(&self) -> Option<mpsc::Sender<T>> {
        lock(&self.sender).clone()
    }

    /// What is to be sent; once.
    pub(super) fn attach(&self) -> Option<mpsc::Receiver<T>> {
        lock(&self.receiver).take()
    }

    fn close(&self) {
        lock(&self.sender).take();
    }
}
