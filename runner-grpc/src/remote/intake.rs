//! What a bundle on a worker puts out.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use purlin_engine::plan::CollectionId;
use purlin_engine::{Output, Shuffle};
use purlin_sdk::Failure;
use purlin_sdk::exec::panic_failure;
use tokio::sync::Notify;

use crate::stage::Terminators;
use crate::sync::lock;
use crate::threads::Threads;

/// Elements of fewer bytes leave the message that they came in: it may be much larger, and would be
/// kept as long as they are.
const OWN_BUFFER_BYTES: usize = 64 << 10;

/// Takes the outputs of a bundle and prepares them for their readers as they arrive, which takes
/// less room than messages: headers that all elements share are gone.
pub(super) struct Intake {
    shuffle: Arc<Shuffle>,
    /// The collections of the stage's write nodes.
    sinks: Arc<BTreeMap<String, CollectionId>>,
    /// Where outputs are prepared.
    cores: Arc<Threads>,
    received: Mutex<Received>,
    /// Told when all streams have ended and all that came is prepared.
    pub(super) ended: Notify,
    /// Told when more came than the bundle should put out.
    pub(super) is_over_limit: Notify,
}

struct Received {
    /// What is not prepared yet, in the order of arrival.
    waiting: VecDeque<(CollectionId, Bytes)>,
    /// Whether one of the cores takes from `waiting`; never two, because the order counts.
    is_preparing: bool,
    outputs: Vec<Output>,
    bytes: usize,
    limit: usize,
    open: Terminators,
    /// What a worker did that no worker may do, or what its elements are not fit for.
    failure: Option<Box<Failure>>,
}

impl Intake {
    /// For a bundle that ends the streams `open` and should put out no more than `limit` bytes.
    pub(super) fn new(
        shuffle: &Arc<Shuffle>,
        sinks: &Arc<BTreeMap<String, CollectionId>>,
        cores: &Arc<Threads>,
        open: Terminators,
        limit: Option<usize>,
    ) -> Arc<Self> {
        let received = Received {
            waiting: VecDeque::new(),
            is_preparing: false,
            outputs: Vec::new(),
            bytes: 0,
            limit: limit.unwrap_or(usize::MAX),
            open,
            failure: None,
        };
        let intake = Self {
            shuffle: Arc::clone(shuffle),
            sinks: Arc::clone(sinks),
            cores: Arc::clone(cores),
            ended: Notify::new(),
            is_over_limit: Notify::new(),
            received: Mutex::new(received),
        };
        intake.notify_end(&lock(&intake.received));
        Arc::new(intake)
    }

    /// Takes elements of a write node, or their end. Never blocks.
    pub(super) fn data(self: &Arc<Self>, transform: &str, data: Bytes, is_last: bool) {
        let mut received = lock(&self.received);
        let collection = self.sinks.get(transform);
        let (true, Some(collection)) = (received.open.data.contains(transform), collection) else {
            let offence = format!("the worker sent elements for `{transform}`, which takes none");
            received.fail(Failure::new(offence));
            return;
        };
        let before = received.bytes;
        received.bytes += data.len();
        if before < received.limit && received.bytes >= received.limit {
            self.is_over_limit.notify_one();
        }
        if !data.is_empty() && received.failure.is_none() {
            received.waiting.push_back((*collection, data));
            if !received.is_preparing {
                received.is_preparing = true;
                let intake = Arc::clone(self);
                self.cores.submit(move || intake.prepare());
            }
        }
        if is_last {
            received.open.data.remove(transform);
            self.notify_end(&received);
        }
    }

    /// The timers of a family have ended.
    pub(super) fn timers_ended(&self, transform: &str, family: &str) {
        let mut received = lock(&self.received);
        received.open.timers.remove(&(transform.to_owned(), family.to_owned()));
        self.notify_end(&received);
    }

    /// The bundle cannot succeed any more.
    pub(super) fn fail(&self, failure: Box<Failure>) {
        lock(&self.received).fail(failure);
    }

    /// All that came, once it has ended.
    pub(super) fn take(&self) -> Result<Vec<Output>, Box<Failure>> {
        let mut received = lock(&self.received);
        match received.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(std::mem::take(&mut received.outputs)),
        }
    }

    fn prepare(&self) {
        while let Some((collection, data)) = self.next() {
            let mut outputs = Vec::new();
            let data =
                if data.len() < OWN_BUFFER_BYTES { Bytes::copy_from_slice(&data) } else { data };
            let prepared = catch_unwind(AssertUnwindSafe(|| {
                self.shuffle.from_wire(collection, data, &mut outputs)
            }));
            let mut received = lock(&self.received);
            match prepared {
                Ok(Ok(())) => received.outputs.append(&mut outputs),
                Ok(Err(failure)) => received.fail(failure),
                Err(panic) => received.fail(panic_failure(panic.as_ref())),
            }
        }
    }

    fn next(&self) -> Option<(CollectionId, Bytes)> {
        let mut received = lock(&self.received);
        let next = received.waiting.pop_front();
        if next.is_none() {
            received.is_preparing = false;
            self.notify_end(&received);
        }
        next
    }

    fn notify_end(&self, received: &Received) {
        if received.open.is_empty() && !received.is_preparing {
            self.ended.notify_one();
        }
    }
}

impl Received {
    /// The first failure counts; what is not prepared yet never will be.
    fn fail(&mut self, failure: Box<Failure>) {
        self.failure.get_or_insert(failure);
        self.waiting.clear();
    }
}
