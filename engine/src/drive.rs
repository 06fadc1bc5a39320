//! Turns the engine's actions into work, until the job ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use purlin_sdk::exec::panic_failure;
use purlin_sdk::runner::JobState;
use purlin_sdk::{Error, Timestamp};

use crate::bundle::{Bundle, BundleId};
use crate::engine::Engine;
use crate::event::{Action, Event};
use crate::job::JobHandle;
use crate::outcome::Outcome;

/// How often the metrics of a running job are published.
const PUBLISH_EVERY: Duration = Duration::from_millis(200);

/// Runs bundles somewhere. No call blocks for long; results come as events.
pub trait Executor {
    /// Runs a bundle, whose end is reported as an event.
    fn run(&self, bundle: Bundle);
    /// Asks a bundle to stop early, if it still runs.
    fn checkpoint(&self, id: BundleId);
    /// Asks a bundle to give a part of its work away, as [`Action::Split`] says; an executor that
    /// cannot do that does nothing.
    fn split(&self, _id: BundleId, _ask: u32, _fraction: f64) {}
    /// Calls the finalisers of a bundle.
    fn finalize(&self, id: BundleId);
    /// Drops the finalisers of a bundle.
    fn forget(&self, id: BundleId);
}

/// Runs a job to its end, as [`drive`] does, on a thread of its own with this name.
///
/// # Errors
/// When the system starts no more threads.
pub fn drive_on_thread<E: Executor + Send + 'static>(
    name: &str,
    engine: Engine,
    executor: E,
    events: Receiver<Event>,
    job: JobHandle,
) -> Result<(), Error> {
    Builder::new()
        .name(name.to_owned())
        .spawn(move || drive(engine, executor, &events, &job))
        .map(drop)
        .map_err(|error| Error::caused("a thread cannot be started", error))
}

/// Runs a job to its end on this thread, and reports the end to `job`.
///
/// A job that ends orderly has dropped the executor, and so torn down user code, before its end is
/// reported; any other end is reported first, because user code may not let go.
pub fn drive<E: Executor>(
    mut engine: Engine,
    executor: E,
    events: &Receiver<Event>,
    job: &JobHandle,
) {
    let driven = catch_unwind(AssertUnwindSafe(|| run(&mut engine, &executor, events, job)));
    let outcome = driven.unwrap_or_else(|panic| {
        Outcome::Internal(format!("the engine panicked: {}", panic_failure(panic.as_ref())))
    });
    job.publish(engine.state().metrics());
    engine.shuffle().close();
    if outcome.is_orderly() {
        drop(executor);
        job.finish(outcome);
    } else {
        job.finish(outcome);
        drop(executor);
    }
}

fn run<E: Executor>(
    engine: &mut Engine,
    executor: &E,
    events: &Receiver<Event>,
    job: &JobHandle,
) -> Outcome {
    let mut wake_at = None;
    let mut published = Instant::now();
    // Whether metrics may have changed since.
    let mut is_stale = false;
    let mut event = Event::Start { now: Timestamp::now() };
    loop {
        if matches!(event, Event::Drain) {
            job.set_state(JobState::Draining);
        }
        is_stale |= !matches!(event, Event::Tick { .. });
        for action in engine.step(event) {
            match action {
                Action::Run(bundle) => executor.run(bundle),
                Action::Checkpoint(id) => executor.checkpoint(id),
                Action::Split { id, ask, fraction } => executor.split(id, ask, fraction),
                Action::Finalize(id) => executor.finalize(id),
                Action::Forget(id) => executor.forget(id),
                Action::WakeAt(at) => wake_at = Some(at),
                Action::Finished(outcome) => return outcome,
            }
        }
        if is_stale && published.elapsed() >= PUBLISH_EVERY {
            job.publish(engine.state().metrics());
            published = Instant::now();
            is_stale = false;
        }
        event = match next_event(events, &mut wake_at, is_stale) {
            Some(event) => event,
            None => return Outcome::Internal("nobody is left to end the job's bundles".to_owned()),
        };
        engine.advance_clock(Timestamp::now());
    }
}

/// The next event, or a tick: at the time that the engine asked for, or soon where metrics are still
/// to be published. `None` once no event can come.
fn next_event(
    events: &Receiver<Event>,
    wake_at: &mut Option<Timestamp>,
    is_stale: bool,
) -> Option<Event> {
    let until = |at: Timestamp| {
        let wait = at.millis().saturating_sub(Timestamp::now().millis());
        Duration::from_millis(u64::try_from(wait).unwrap_or(0))
    };
    let publish = is_stale.then_some(PUBLISH_EVERY);
    let Some(wait) = wake_at.map(until).into_iter().chain(publish).min() else {
        return events.recv().ok();
    };
    match events.recv_timeout(wait) {
        Ok(event) => Some(event),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => {
            let now = Timestamp::now();
            wake_at.take_if(|at| *at <= now);
            Some(Event::Tick { now })
        }
    }
}
