//! Readers that wait for their partition to be resumed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use purlin_sdk::BoxError;

use crate::partition::Partition;
use crate::reader::Reader;
use crate::settings::ReadSettings;

/// A partition that is not resumed for so long has moved to another worker.
const KEPT: Duration = Duration::from_secs(60);

/// Readers by topic and partition, shared by all clones of a transform in this process: to connect
/// anew for each bundle would cost more than to read.
#[derive(Default)]
pub(crate) struct ReaderPool(Mutex<HashMap<(String, i32), (Instant, Reader)>>);

impl ReaderPool {
    /// The reader of a partition, at `start`.
    pub(crate) fn take(
        &self,
        settings: &ReadSettings,
        partition: &Partition,
        start: u64,
    ) -> Result<Reader, BoxError> {
        let key = (partition.topic.clone(), partition.partition);
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        match kept {
            Some((_, mut reader)) => reader.seek(start).map(|()| reader),
            None => Reader::open(settings, partition, start),
        }
    }

    /// Keeps a reader for the next bundle.
    pub(crate) fn put(&self, partition: &Partition, reader: Reader) {
        let key = (partition.topic.clone(), partition.partition);
        let mut readers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let replaced = readers.insert(key, (Instant::now(), reader));
        let stale: Vec<_> = readers.extract_if(|_, (since, _)| since.elapsed() > KEPT).collect();
        // To close a connection takes a while, and others wait for the lock.
        drop(readers);
        drop((replaced, stale));
    }
}
