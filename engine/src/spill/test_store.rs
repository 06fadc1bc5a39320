//! A store in memory, for tests.

use bytes::Bytes;
use purlin_sdk::Error;

use super::{SpillStore, SpilledBytes};

/// Keeps what is written in memory.
#[derive(Debug)]
pub(crate) struct TestStore;

#[derive(Debug)]
struct Written(Bytes);

impl SpillStore for TestStore {
    fn write(&self, data: &[u8]) -> Result<Box<dyn SpilledBytes>, Error> {
        Ok(Box::new(Written(Bytes::copy_from_slice(data))))
    }

    fn close(&self) {}
}

impl SpilledBytes for Written {
    fn read(&self) -> Result<Bytes, Error> {
        Ok(self.0.clone())
    }

    fn checksum(&self) -> u32 {
        crc32fast::hash(&self.0)
    }
}
