//! Ctrl-C and SIGTERM: the first stops a stream in order, the second stops at once.

use std::sync::{Mutex, Once, PoisonError};

use purlin_sdk::RunningPipeline;
use purlin_sdk::runner::JobState;

static JOBS: Mutex<Vec<(RunningPipeline, bool)>> = Mutex::new(Vec::new());
static HANDLER: Once = Once::new();

/// Lets signals stop this pipeline: a stream drains, so that what it has read is finished; a
/// bounded pipeline is cancelled, because a part of its output is of no use.
pub(crate) fn stop_on_signal(job: &RunningPipeline, is_streaming: bool) {
    HANDLER.call_once(|| {
        if let Err(error) = ctrlc::set_handler(stop_all) {
            tracing::warn!(%error, "signals will not stop pipelines in order");
        }
    });
    let mut jobs = JOBS.lock().unwrap_or_else(PoisonError::into_inner);
    jobs.retain(|(job, _)| !job.state().is_terminal());
    jobs.push((job.clone(), is_streaming));
}

fn stop_all() {
    let jobs = JOBS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut is_any_left = false;
    for (job, is_streaming) in jobs {
        let state = job.state();
        if state.is_terminal() {
            continue;
        }
        is_any_left = true;
        if is_streaming && state == JobState::Running {
            tracing::info!("draining; a second signal cancels");
            job.drain();
        } else {
            job.cancel();
        }
    }
    if !is_any_left {
        // Nothing of ours runs: behave as without a handler.
        std::process::exit(130);
    }
}
