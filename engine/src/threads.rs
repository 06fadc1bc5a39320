//! A fixed number of threads that run bundles in this process.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};

use purlin_sdk::Error;

use crate::bundle::{Bundle, BundleId};
use crate::drive::Executor;
use crate::event::Event;
use crate::local::{LocalExecutor, lock};

/// A [`LocalExecutor`] on threads of its own. Dropping it waits for the bundles that run.
pub struct Threads {
    local: Arc<LocalExecutor>,
    events: Sender<Event>,
    /// Taken when dropped, so that the threads end.
    bundles: Option<Sender<Bundle>>,
    threads: Vec<JoinHandle<()>>,
}

impl Threads {
    /// Starts `count` threads, whose results go to `events`.
    ///
    /// # Errors
    /// When the system starts no more threads.
    pub fn start(
        local: LocalExecutor,
        count: usize,
        events: &Sender<Event>,
    ) -> Result<Self, Error> {
        let local = Arc::new(local);
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let mut this =
            Self { local, events: events.clone(), bundles: Some(sender), threads: Vec::new() };
        for number in 0..count.max(1) {
            let (local, receiver, events) =
                (Arc::clone(&this.local), Arc::clone(&receiver), events.clone());
            let thread = Builder::new()
                .name(format!("purlin-bundles-{number}"))
                .spawn(move || work(&local, &receiver, &events))
                .map_err(|error| Error::caused("a thread cannot be started", error))?;
            this.threads.push(thread);
        }
        Ok(this)
    }
}

fn work(local: &LocalExecutor, bundles: &Mutex<Receiver<Bundle>>, events: &Sender<Event>) {
    loop {
        let next = lock(bundles).recv();
        let Ok(bundle) = next else { return };
        if events.send(local.run(bundle)).is_err() {
            return;
        }
    }
}

impl Executor for Threads {
    fn run(&self, bundle: Bundle) {
        if let Some(bundles) = &self.bundles {
            // The receiver lives as long as the threads, which end with this value only.
            let _ = bundles.send(bundle);
        }
    }

    fn checkpoint(&self, id: BundleId) {
        self.local.checkpoint(id);
    }

    fn split(&self, id: BundleId, ask: u32, fraction: f64) {
        self.local.split(id, ask, fraction, &self.events);
    }

    fn finalize(&self, id: BundleId) {
        self.local.finalize(id);
    }

    fn forget(&self, id: BundleId) {
        self.local.forget(id);
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.bundles = None;
        for thread in self.threads.drain(..) {
            // Bundles are fenced; a thread that panicked all the same has nothing more to say.
            let _ = thread.join();
        }
    }
}
