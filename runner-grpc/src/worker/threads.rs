//! The threads that run bundles.

use std::sync::{Arc, Mutex};

use purlin_sdk::{Error, Result};

use crate::sync::lock;

type Work = Box<dyn FnOnce() + Send>;

/// A fixed number of threads that take work in order. They end once this is dropped and what was
/// submitted is done.
pub(super) struct Threads {
    work: std::sync::mpsc::Sender<Work>,
}

impl Threads {
    pub(super) fn start(count: usize) -> Result<Self> {
        let (work, queue) = std::sync::mpsc::channel::<Work>();
        let queue = Arc::new(Mutex::new(queue));
        for index in 0..count.max(1) {
            let queue = Arc::clone(&queue);
            let run = move || {
                loop {
                    // The lock is held while waiting for work, and let go while doing it.
                    let next = lock(&queue).recv();
                    let Ok(work) = next else { return };
                    work();
                }
            };
            std::thread::Builder::new()
                .name(format!("purlin-bundles-{index}"))
                .spawn(run)
                .map_err(|error| Error::caused("a thread for bundles cannot be started", error))?;
        }
        Ok(Self { work })
    }

    /// Has `work` done as soon as a thread is free.
    pub(super) fn submit(&self, work: impl FnOnce() + Send + 'static) {
        // It fails only if all threads have ended, which they do not while this exists.
        drop(self.work.send(Box::new(work)));
    }
}
