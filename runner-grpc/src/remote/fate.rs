//! What becomes of a job whose worker is lost.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use purlin_engine::Event;
use tracing::warn;

use super::pool::Pool;
use super::running::Running;
use crate::fn_api::{Worker, WorkerStatus};
use crate::process::Process;

/// How long a worker may take from its start to its first call.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long to wait for the exit status of a process whose streams broke.
const EXIT_TIMEOUT: Duration = Duration::from_secs(2);

/// Watches the workers of a job. For now a job ends with the first worker that is lost over a
/// bundle, or that it cannot start; it goes on without one that had nothing to do.
#[derive(Clone)]
pub(crate) struct Fate {
    pub(crate) events: Sender<Event>,
    pub(crate) running: Arc<Running>,
}

impl Fate {
    /// Watches a worker, and the process that it is, if it is one of ours. Must be called on the
    /// runtime.
    pub(crate) fn watch(&self, worker: &Arc<Worker>, process: Option<Process>, pool: &Arc<Pool>) {
        let (this, pool) = (self.clone(), Arc::clone(pool));
        tokio::spawn(await_start(Arc::clone(worker)));
        if let Some(process) = process.clone() {
            tokio::spawn(await_exit(Arc::clone(worker), process));
        }
        let worker = Arc::clone(worker);
        tokio::spawn(async move {
            let mut status = worker.status();
            loop {
                let now = status.borrow_and_update().clone();
                pool.changed();
                match now {
                    WorkerStatus::Lost(reason) => {
                        let message = this.obituary(&worker, &reason, process.as_ref()).await;
                        if pool.can_spare(&worker) && this.running.of(&worker).is_empty() {
                            warn!("{message}");
                        } else {
                            // A job that has ended does not listen any more.
                            drop(this.events.send(Event::Abort(message)));
                        }
                        return;
                    }
                    WorkerStatus::Stopped => return,
                    WorkerStatus::Starting | WorkerStatus::Connected => {}
                }
                if status.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    async fn obituary(
        &self,
        worker: &Arc<Worker>,
        reason: &str,
        process: Option<&Process>,
    ) -> String {
        let mut text = format!("worker `{}`", worker.label);
        let mut cause = reason.to_owned();
        if let Some(process) = process {
            text.push_str(&format!(" (process {})", process.pid()));
            if let Ok(exit) = tokio::time::timeout(EXIT_TIMEOUT, process.exited()).await {
                cause = format!("{cause}; its process ended: {exit}");
            }
        }
        text.push_str(&format!(" was lost: {cause}"));
        let ran = self.running.of(worker);
        if !ran.is_empty() {
            text.push_str(&format!("\n  it ran: {}", ran.join(", ")));
        }
        text
    }
}

async fn await_start(worker: Arc<Worker>) {
    let mut status = worker.status();
    let started = status.wait_for(|status| *status != WorkerStatus::Starting);
    if tokio::time::timeout(START_TIMEOUT, started).await.is_err() {
        worker.lost(&format!(
            "it did not call within {} s: a worker is the program started again, and calls once \
             it has built its pipeline and runs it",
            START_TIMEOUT.as_secs()
        ));
    }
}

async fn await_exit(worker: Arc<Worker>, process: Process) {
    process.exited().await;
    // What its streams say is more exact, and about to come if it ever called.
    tokio::time::sleep(Duration::from_millis(200)).await;
    worker.lost("it ended before the job did");
}
