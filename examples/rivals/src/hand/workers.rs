//! Threads that take work from one another until there is none.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use rayon::ThreadPoolBuilder;

use crate::Result;

/// So many parts a thread: one that is slower takes fewer of them.
const PARTS_A_THREAD: usize = 16;

/// A pool of threads.
pub(crate) struct Workers(rayon::ThreadPool);

impl Workers {
    pub(crate) fn new(threads: usize) -> Result<Self> {
        Ok(Self(ThreadPoolBuilder::new().num_threads(threads.max(1)).build()?))
    }

    /// How many threads there are.
    pub(crate) fn threads(&self) -> usize {
        self.0.current_num_threads()
    }

    /// How many parts to cut work into.
    pub(crate) fn parts(&self) -> usize {
        self.threads() * PARTS_A_THREAD
    }

    /// Calls `work` on each thread, with what gives it one of `items` at a time.
    pub(crate) fn share<T: Send, R: Send>(
        &self,
        items: Vec<T>,
        work: impl Fn(&mut dyn Iterator<Item = T>) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        let items = Mutex::new(items.into_iter());
        let take = || items.lock().unwrap_or_else(PoisonError::into_inner).next();
        self.0.broadcast(|_| work(&mut std::iter::from_fn(take))).into_iter().collect()
    }

    /// Calls `work` on each thread, with what gives it some of the numbers below `end` at a time.
    pub(crate) fn share_numbers<R: Send>(
        &self,
        end: u64,
        work: impl Fn(&mut dyn Iterator<Item = std::ops::Range<u64>>) -> R + Sync,
    ) -> Vec<R> {
        const SOME: u64 = 1 << 16;
        let next = AtomicU64::new(0);
        let take = || {
            let start = next.fetch_add(SOME, Ordering::Relaxed);
            (start < end).then(|| start..end.min(start + SOME))
        };
        self.0.broadcast(|_| work(&mut std::iter::from_fn(take)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_done_once() {
        let workers = Workers::new(3).unwrap();
        let sums = workers.share((0..1000).collect(), |items| Ok(items.sum::<u64>())).unwrap();
        assert_eq!((sums.len(), sums.iter().sum::<u64>()), (3, 499_500));
        let counts =
            workers.share_numbers(1_000_000, |parts| parts.map(|it| it.end - it.start).sum());
        assert_eq!(counts.iter().sum::<u64>(), 1_000_000);
    }

    #[test]
    fn an_error_of_a_thread_is_that_of_all() {
        let workers = Workers::new(2).unwrap();
        let outcome = workers.share(vec![1, 2, 3], |items| {
            items
                .map(|it| if it == 2 { Err("two".into()) } else { Ok(()) })
                .collect::<Result<Vec<_>>>()
        });
        assert_eq!(outcome.unwrap_err().to_string(), "two");
    }
}
