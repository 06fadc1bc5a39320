//! The outputs of a context: batches that fill until they are sent on.

use std::any::Any;
use std::sync::Arc;

use super::router::Router;
use super::{Batch, Stamps, batch_of};
use crate::element::Element;
use crate::time::Timestamp;
use crate::window::Stamp;

/// The unit whose outputs these are, in its running stage.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) router: Arc<Router>,
    pub(super) unit: usize,
}

/// An output beside the main one.
pub(super) struct TaggedOutlet {
    pub(super) name: String,
    pub(super) port: usize,
    /// An `Outlet<T>`, made when the tag is first used.
    pub(super) outlet: Option<Box<dyn AnyOutlet>>,
}

/// Collects the elements of one output.
pub(super) struct Outlet<T> {
    port: usize,
    values: Vec<T>,
    stamps: Stamps,
    repeats: Repeats,
}

/// What of the current stamp all elements have that an outlet holds, so that it need not be compared
/// again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    /// Nobody knows.
    Unknown,
    /// All but the timestamp.
    ButTime,
    /// All of it.
    All,
}

impl<T: Element> Outlet<T> {
    pub(super) fn new(port: usize) -> Self {
        let (values, stamps) = (Vec::new(), Stamps::default());
        Self { port, values, stamps, repeats: Repeats::Unknown }
    }

    /// Adds an element with any stamp.
    pub(super) fn push(&mut self, value: T, stamp: &Stamp) {
        self.stamps.push(stamp, self.values.len());
        self.values.push(value);
        self.repeats = Repeats::Unknown;
    }

    /// The current stamp is another than before, as who adds by it must say.
    pub(super) fn is_renewed(&mut self) {
        self.repeats = Repeats::Unknown;
    }

    /// Adds an element with the current stamp.
    #[inline]
    pub(super) fn push_current(&mut self, value: T, current: &Stamp) {
        if self.repeats == Repeats::All {
            return self.values.push(value);
        }
        self.push(value, current);
        let is_constant = self.stamps.is_constant();
        self.repeats = if is_constant { Repeats::All } else { Repeats::Unknown };
    }

    /// Adds an element with the current stamp at another time.
    #[inline]
    pub(super) fn push_at(&mut self, value: T, current: &Stamp, timestamp: Timestamp) {
        if self.repeats == Repeats::ButTime {
            self.stamps.timestamps.push(&timestamp, self.values.len());
            return self.values.push(value);
        }
        self.push(value, &Stamp { timestamp, ..current.clone() });
        let is_same = self.stamps.is_constant_but_time();
        self.repeats = if is_same { Repeats::ButTime } else { Repeats::Unknown };
    }

    pub(super) fn is_full(&self) -> bool {
        self.values.len() >= batch_of::<T>()
    }

    /// Sends a batch on; what was added before must have been sent.
    pub(super) fn send_all(&self, batch: Batch<T>, link: Option<&Link>) {
        let Some(Link { router, unit }) = link else { return };
        if batch.values.is_empty() || router.has_failed() {
            return;
        }
        if router.has_consumers(*unit, self.port) {
            // The router remembers the failure; the unit meets it in `check`.
            drop(router.emit(*unit, self.port, Box::new(batch)));
        }
    }
}

/// An outlet of elements of an unknown type.
pub(super) trait AnyOutlet: Send {
    /// Sends on what it holds.
    fn send(&mut self, link: Option<&Link>);
    /// For the downcast.
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<T: Element> AnyOutlet for Outlet<T> {
    fn send(&mut self, link: Option<&Link>) {
        let room = Vec::with_capacity(self.values.len().min(batch_of::<T>()));
        let values = std::mem::replace(&mut self.values, room);
        let stamps = std::mem::take(&mut self.stamps);
        self.repeats = Repeats::Unknown;
        self.send_all(Batch::new(values, stamps), link);
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
