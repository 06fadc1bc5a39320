//! The handle of a job that the engine runs.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use purlin_sdk::runner::{Job, JobState, Metrics};
use purlin_sdk::{Error, Result};
use tracing::info;

use crate::event::Event;
use crate::local::lock;
use crate::outcome::Outcome;

/// A job as its users see it: state, metrics, and the ways to stop it. Copies are the same job.
#[derive(Clone)]
pub struct JobHandle {
    shared: Arc<Shared>,
    events: Sender<Event>,
}

struct Shared {
    progress: Mutex<Progress>,
    ended: Condvar,
}

struct Progress {
    state: JobState,
    metrics: Metrics,
    outcome: Option<Outcome>,
}

impl JobHandle {
    /// A job that runs, and the events for [`drive`](crate::drive).
    #[must_use]
    pub fn new() -> (Self, Receiver<Event>) {
        let (events, receiver) = channel();
        let progress =
            Progress { state: JobState::Running, metrics: Metrics::default(), outcome: None };
        let shared = Shared { progress: Mutex::new(progress), ended: Condvar::new() };
        (Self { shared: Arc::new(shared), events }, receiver)
    }

    /// Where executors report.
    #[must_use]
    pub fn events(&self) -> &Sender<Event> {
        &self.events
    }

    /// Makes committed metrics visible.
    pub fn publish(&self, metrics: &Metrics) {
        lock(&self.shared.progress).metrics.clone_from(metrics);
    }

    pub(crate) fn set_state(&self, state: JobState) {
        info!(?state, "job");
        lock(&self.shared.progress).state = state;
    }

    /// Ends the job for all who wait.
    pub fn finish(&self, outcome: Outcome) {
        self.set_state(outcome.state());
        lock(&self.shared.progress).outcome = Some(outcome);
        self.shared.ended.notify_all();
    }

    /// How the job ended; blocks until it has.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let mut progress = lock(&self.shared.progress);
        loop {
            if let Some(outcome) = &progress.outcome {
                return outcome.clone();
            }
            progress = self.shared.ended.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Job for JobHandle {
    fn state(&self) -> JobState {
        lock(&self.shared.progress).state
    }

    fn metrics(&self) -> Metrics {
        lock(&self.shared.progress).metrics.clone()
    }

    fn cancel(&self) {
        // A job that has ended does not listen.
        let _ = self.events.send(Event::Cancel);
    }

    fn drain(&self) {
        let _ = self.events.send(Event::Drain);
    }

    fn wait(&self) -> Result<JobState> {
        let outcome = self.outcome();
        match outcome.error() {
            Some(error) => Err(error),
            None if outcome == Outcome::Cancelled => Err(Error::Cancelled),
            None => Ok(outcome.state()),
        }
    }
}
