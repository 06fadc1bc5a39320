//! The asynchronous runtime that carries all connections of this process.

use std::sync::OnceLock;

use purlin_sdk::{Error, Result};
use tokio::runtime::{Builder, Runtime};

/// Threads that move messages. Users' code and other long work never runs on them.
const THREADS: usize = 2;

/// The runtime of this process, started by the first call.
///
/// It is never stopped: jobs, clients and loopback workers come and go on it, and stopping a
/// runtime from inside one of them would be a panic.
pub(crate) fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let started = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(THREADS).thread_name("purlin-grpc").enable_all();
        builder.build().map_err(|error| error.to_string())
    });
    started
        .as_ref()
        .map_err(|error| Error::environment(format!("gRPC threads cannot be started: {error}")))
}

/// Waits for a future on a thread that may belong to anybody: also to a runtime of the user's,
/// where waiting directly would be a panic.
pub(crate) fn wait<T: Send>(future: impl Future<Output = Result<T>> + Send) -> Result<T> {
    let runtime = runtime()?;
    apart(|| runtime.block_on(future))
}

/// Runs blocking work on a thread of its own, and waits for it.
pub(crate) fn apart<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("purlin-wait".to_owned())
            .spawn_scoped(scope, work)
            .map_err(|error| Error::caused("a thread cannot be started", error))?;
        thread.join().unwrap_or_else(|_| Err(Error::Internal("a waiting thread panicked".into())))
    })
}
