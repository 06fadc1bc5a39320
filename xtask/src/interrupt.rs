//! Ctrl-C and SIGTERM end the current step, so that what was started is stopped on the way out.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::{Failure, Outcome};

static RAISED: AtomicBool = AtomicBool::new(false);

/// From now on a signal is noted instead of ending the process at once.
pub(crate) fn listen() -> Outcome {
    ctrlc::set_handler(|| RAISED.store(true, Ordering::Relaxed))
        .map_err(|error| Failure::new(format!("cannot listen for Ctrl-C: {error}")))
}

/// Fails if a signal came. Everything that waits calls this between two looks.
pub(crate) fn check() -> Outcome {
    if RAISED.load(Ordering::Relaxed) { Err(Failure::new("interrupted")) } else { Ok(()) }
}
