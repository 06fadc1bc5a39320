//! Threads for work that takes long.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};

use purlin_sdk::{Error, Result};

use crate::sync::lock;

type Work = Box<dyn FnOnce() + Send>;

/// A fixed number of threads that take work in order. They end once this is dropped and what was
/// submitted is done. A pool that grows would need more memory: the allocator keeps some for each
/// thread that there ever was.
pub(crate) struct Threads {
    work: mpsc::Sender<Work>,
}

impl Threads {
    /// Starts `count` threads that are called `purlin-NAME-…`.
    pub(crate) fn start(name: &str, count: usize) -> Result<Self> {
        let (work, queue) = mpsc::channel::<Work>();
        let queue = Arc::new(Mutex::new(queue));
        for index in 0..count.max(1) {
            let queue = Arc::clone(&queue);
            let run = move || {
                loop {
                    // The lock is held while waiting for work, and let go while doing it.
                    let next = lock(&queue).recv();
                    let Ok(work) = next else { return };
                    // Whoever waits for it notices that it was dropped.
                    drop(catch_unwind(AssertUnwindSafe(work)));
                }
            };
            std::thread::Builder::new()
                .name(format!("purlin-{name}-{index}"))
                .spawn(run)
                .map_err(|error| Error::caused("a thread cannot be started", error))?;
        }
        Ok(Self { work })
    }

    /// Has `work` done as soon as a thread is free.
    pub(crate) fn submit(&self, work: impl FnOnce() + Send + 'static) {
        // It fails only if all threads have ended, which they do not while this exists.
        drop(self.work.send(Box::new(work)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_survives_work_that_panics() {
        let threads = Threads::start("test", 1).unwrap();
        let (done, waits) = mpsc::channel();
        threads.submit(|| panic!("as the test wants it"));
        threads.submit(move || done.send(7).unwrap());
        assert_eq!(waits.recv(), Ok(7));
    }
}
