//! Counts the bytes that wait in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// A number of bytes that may be held at a time.
#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    used: Arc<AtomicUsize>,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, used: Arc::default() }
    }

    /// The same bytes, which count until their last copy is dropped, and with them so many `beside`;
    /// `None` where they exceed the budget.
    pub(super) fn hold(&self, data: &Bytes, beside: usize) -> Option<Bytes> {
        let bytes = data.len().saturating_add(beside);
        let grown = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        // The counter guards nothing but itself.
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).ok()?;
        Some(Bytes::from_owner(Held { data: data.clone(), bytes, used: Arc::clone(&self.used) }))
    }
}

struct Held {
    data: Bytes,
    bytes: usize,
    used: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_until_their_last_copy_is_dropped() {
        let budget = Budget::new(10);
        let six = Bytes::from_static(b"abcdef");
        let held = budget.hold(&six, 2).expect("it fits");
        assert_eq!(held, six);
        let part = held.slice(..1);
        drop(held);
        assert_eq!(budget.hold(&six, 0), None);
        drop(part);
        assert!(budget.hold(&six, 4).is_some());
        assert!(budget.hold(&six, 5).is_none());
    }
}
