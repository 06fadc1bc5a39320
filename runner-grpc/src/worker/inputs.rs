//! The data stream of a worker, divided by bundle.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use bytes::Bytes;
use purlin_proto::fn_execution::Elements;
use tokio::sync::Notify;

use crate::sync::lock;

/// Above this, the reader of the data stream waits for a running bundle. It never waits for one
/// that does not run yet: the data of another, running one may be behind it in the stream.
const QUEUE_BYTES: usize = 16 << 20;
/// How many finished bundles are remembered, whose late data is dropped.
const REMEMBERED: usize = 4096;

/// Something that arrives for a bundle.
pub(super) enum Arrival {
    /// Elements for a read node.
    Data(String, Bytes),
    /// The end of a read node's elements.
    DataEnd(String),
    /// Fired timers of a transform's family.
    Timers(String, String, Bytes),
    /// The end of a family's timers.
    TimersEnd(String, String),
}

/// The queues of all bundles.
#[derive(Default)]
pub(super) struct Inputs(Mutex<State>);

#[derive(Default)]
struct State {
    queues: HashMap<String, Arc<Queue>>,
    finished: HashSet<String>,
    order: VecDeque<String>,
    is_closed: bool,
}

impl Inputs {
    /// The queue of a bundle, whichever of its request and its data comes first. `None` for a
    /// bundle that has ended.
    pub(super) fn queue(&self, instruction: &str) -> Option<Arc<Queue>> {
        let mut state = lock(&self.0);
        if state.is_closed || state.finished.contains(instruction) {
            return None;
        }
        let queue = state.queues.entry(instruction.to_owned()).or_default();
        Some(Arc::clone(queue))
    }

    /// Puts all that a message has into the queues of its bundles.
    pub(super) async fn accept(&self, elements: Elements) {
        for data in elements.data {
            let Some(queue) = self.queue(&data.instruction_id) else { continue };
            if !data.data.is_empty() {
                queue.push(Arrival::Data(data.transform_id.clone(), data.data)).await;
            }
            if data.is_last {
                queue.push(Arrival::DataEnd(data.transform_id)).await;
            }
        }
        for timers in elements.timers {
            let Some(queue) = self.queue(&timers.instruction_id) else { continue };
            let (transform, family) = (timers.transform_id, timers.timer_family_id);
            if !timers.timers.is_empty() {
                let fired = Arrival::Timers(transform.clone(), family.clone(), timers.timers);
                queue.push(fired).await;
            }
            if timers.is_last {
                queue.push(Arrival::TimersEnd(transform, family)).await;
            }
        }
    }

    /// Forgets a bundle; what still comes for it is dropped.
    pub(super) fn finish(&self, instruction: &str) {
        let mut state = lock(&self.0);
        if let Some(queue) = state.queues.remove(instruction) {
            queue.close();
        }
        state.finished.insert(instruction.to_owned());
        state.order.push_back(instruction.to_owned());
        if state.order.len() > REMEMBERED
            && let Some(oldest) = state.order.pop_front()
        {
            state.finished.remove(&oldest);
        }
    }

    /// Ends all bundles: nothing will come any more.
    pub(super) fn close(&self) {
        let mut state = lock(&self.0);
        state.is_closed = true;
        state.queues.drain().for_each(|(_, queue)| queue.close());
    }
}

/// What has arrived for one bundle.
#[derive(Default)]
pub(super) struct Queue {
    content: Mutex<Content>,
    filled: Condvar,
    drained: Notify,
}

#[derive(Default)]
struct Content {
    arrivals: VecDeque<Arrival>,
    bytes: usize,
    is_running: bool,
    is_closed: bool,
}

impl Queue {
    async fn push(&self, arrival: Arrival) {
        loop {
            // Made before the look, so that no notification in between is lost.
            let drained = self.drained.notified();
            {
                let content = lock(&self.content);
                if content.is_closed {
                    return;
                }
                if !content.is_running || content.bytes < QUEUE_BYTES {
                    break;
                }
            }
            drained.await;
        }
        let mut content = lock(&self.content);
        content.bytes += arrival.size_bytes();
        content.arrivals.push_back(arrival);
        self.filled.notify_one();
    }

    /// Says that from now on somebody takes what is here.
    pub(super) fn run(&self) {
        lock(&self.content).is_running = true;
    }

    /// The next arrival; blocks until there is one. `None` once the runner has gone.
    pub(super) fn next(&self) -> Option<Arrival> {
        let mut content = lock(&self.content);
        loop {
            if let Some(arrival) = content.arrivals.pop_front() {
                content.bytes -= arrival.size_bytes();
                self.drained.notify_one();
                return Some(arrival);
            }
            if content.is_closed {
                return None;
            }
            content = self.filled.wait(content).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        let mut content = lock(&self.content);
        content.is_closed = true;
        content.arrivals.clear();
        content.bytes = 0;
        self.filled.notify_all();
        self.drained.notify_one();
    }
}

impl Arrival {
    fn size_bytes(&self) -> usize {
        match self {
            Self::Data(_, bytes) | Self::Timers(_, _, bytes) => bytes.len(),
            Self::DataEnd(_) | Self::TimersEnd(..) => 0,
        }
    }
}
