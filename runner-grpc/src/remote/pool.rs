//! The workers of one environment, and which of them gets the next bundle.

use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::fn_api::{Worker, WorkerStatus};
use crate::sync::lock;

/// How many bytes of input a worker may have that it has not finished. A single bundle may exceed
/// it.
const BYTES_IN_FLIGHT: usize = 64 << 20;

/// The workers of one environment.
pub(crate) struct Pool {
    seats: Mutex<Seats>,
    /// Changes whenever waiting for a worker may have become worthwhile.
    version: watch::Sender<u64>,
}

#[derive(Default)]
struct Seats {
    seats: Vec<Seat>,
    /// Where the last bundle went, so that the next goes on from there.
    last: usize,
}

struct Seat {
    worker: Arc<Worker>,
    /// How many bundles it may have at a time.
    most: usize,
    bundles: usize,
    bytes: usize,
}

impl Pool {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { seats: Mutex::default(), version: watch::Sender::new(0) })
    }

    /// Adds a worker that may have `most` bundles at a time, once it is connected.
    pub(crate) fn add(&self, worker: Arc<Worker>, most: usize) {
        lock(&self.seats).seats.push(Seat { worker, most, bundles: 0, bytes: 0 });
        self.changed();
    }

    /// Its workers.
    pub(crate) fn workers(&self) -> Vec<Arc<Worker>> {
        lock(&self.seats).seats.iter().map(|seat| Arc::clone(&seat.worker)).collect()
    }

    /// Whether the job can do without a worker: because it was not counted on, or was here once and
    /// is not the last.
    pub(super) fn can_spare(&self, worker: &Arc<Worker>) -> bool {
        let all = lock(&self.seats);
        let others = all.seats.iter().filter(|seat| !Arc::ptr_eq(&seat.worker, worker));
        let mut others = others.map(|seat| seat.worker.status().borrow().clone());
        let is_last = others.all(|status| status != WorkerStatus::Connected);
        let is_counted_on = !worker.has_joined && !worker.was_connected();
        !is_last && !is_counted_on
    }

    /// Has those look again who wait for a worker.
    pub(crate) fn changed(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    /// The connected worker with the fewest bundles, whether it has room or not; `None` once none can
    /// connect any more.
    pub(super) async fn connected(&self) -> Option<Arc<Worker>> {
        let mut version = self.version.subscribe();
        loop {
            version.mark_unchanged();
            {
                let all = lock(&self.seats);
                let of = |seat: &Seat| seat.worker.status().borrow().clone();
                let here = all.seats.iter().filter(|seat| of(seat) == WorkerStatus::Connected);
                if let Some(seat) = here.min_by_key(|seat| seat.bundles) {
                    return Some(Arc::clone(&seat.worker));
                }
                if !all.seats.iter().any(|seat| of(seat) == WorkerStatus::Starting) {
                    return None;
                }
            }
            // The other end is a part of this pool, so it is there.
            drop(version.changed().await);
        }
    }

    /// Waits for a worker that has room for a bundle of `bytes`: the one of the label `preferred`
    /// if it can be had at once, else the one with the fewest bundles.
    pub(super) async fn lease(self: &Arc<Self>, bytes: usize, preferred: Option<&str>) -> Lease {
        let mut version = self.version.subscribe();
        loop {
            version.mark_unchanged();
            if let Some(lease) = self.try_lease(bytes, preferred) {
                return lease;
            }
            // The other end is a part of this pool, so it is there.
            drop(version.changed().await);
        }
    }

    fn try_lease(self: &Arc<Self>, bytes: usize, preferred: Option<&str>) -> Option<Lease> {
        let mut all = lock(&self.seats);
        let (count, last) = (all.seats.len(), all.last);
        let in_turn = (1..=count).map(|step| (last + step) % count);
        let free = in_turn.filter(|index| all.seats[*index].has_room(bytes));
        let chosen = free.min_by_key(|index| {
            let seat = &all.seats[*index];
            (Some(seat.worker.label.as_str()) != preferred, seat.bundles)
        })?;
        all.last = chosen;
        let seat = &mut all.seats[chosen];
        seat.bundles += 1;
        seat.bytes += bytes;
        Some(Lease { pool: Arc::clone(self), worker: Arc::clone(&seat.worker), bytes })
    }
}

impl Seat {
    fn has_room(&self, bytes: usize) -> bool {
        *self.worker.status().borrow() == WorkerStatus::Connected
            && self.bundles < self.most
            && (self.bytes == 0 || self.bytes + bytes <= BYTES_IN_FLIGHT)
    }
}

/// A place for one bundle at a worker, until this is dropped.
pub(super) struct Lease {
    pool: Arc<Pool>,
    pub(super) worker: Arc<Worker>,
    bytes: usize,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut all = lock(&self.pool.seats);
        let seat = all.seats.iter_mut().find(|seat| Arc::ptr_eq(&seat.worker, &self.worker));
        if let Some(seat) = seat {
            seat.bundles -= 1;
            seat.bytes -= self.bytes;
        }
        drop(all);
        self.pool.changed();
    }
}
