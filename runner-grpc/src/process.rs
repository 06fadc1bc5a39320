//! Worker processes: how they are started, watched and ended.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use purlin_sdk::{Error, Result};
use tokio::sync::watch;

/// How often a process is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// A process that this one has started. It ends with this one at the latest: its standard input is
/// a pipe that nobody else holds, and a worker ends with that pipe.
#[derive(Clone)]
pub(crate) struct Process {
    pid: u32,
    /// How it ended, once it has.
    exit: watch::Receiver<Option<String>>,
    is_to_be_killed: Arc<AtomicBool>,
}

impl Process {
    /// Starts a process in a process group of its own, so that an interrupt at the terminal
    /// reaches this process alone, which then ends its workers in order.
    pub(crate) fn start(
        command: &str,
        arguments: &[String],
        environment: &BTreeMap<String, String>,
    ) -> Result<Self> {
        let mut starting = Command::new(command);
        starting.args(arguments).envs(environment).stdin(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut starting, 0);
        let failed = |error| Error::caused(format!("worker `{command}` cannot be started"), error);
        let child = starting.spawn().map_err(failed)?;
        let (exited, exit) = watch::channel(None);
        let this = Self { pid: child.id(), exit, is_to_be_killed: Arc::default() };
        let is_to_be_killed = Arc::clone(&this.is_to_be_killed);
        std::thread::Builder::new()
            .name("purlin-process".to_owned())
            .spawn(move || {
                exited.send_replace(Some(attend(child, &is_to_be_killed)));
            })
            .map_err(failed)?;
        Ok(this)
    }

    /// Its number.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for its end, and says how it ended.
    pub(crate) async fn exited(&self) -> String {
        let mut exit = self.exit.clone();
        let ended = exit.wait_for(Option::is_some).await;
        ended.ok().and_then(|exit| exit.clone()).unwrap_or_default()
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) {
        self.is_to_be_killed.store(true, Ordering::Relaxed);
    }
}

/// Waits for the end of a process, which may have to be brought about. Only this thread knows the
/// child, so its number is never used for another process.
fn attend(mut child: Child, is_to_be_killed: &AtomicBool) -> String {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.to_string(),
            Ok(None) => {}
            Err(error) => return error.to_string(),
        }
        if is_to_be_killed.load(Ordering::Relaxed) {
            // It fails only if the process has ended.
            drop(child.kill());
        }
        std::thread::sleep(LOOK);
    }
}
