//! How keys are hashed and compared: by their own values where their type allows it, else by their
//! bytes.

use crate::coders::Nesting;
use crate::element::private::{equal_part, hash_part};
use crate::element::{Element, shown};
use crate::exec::unit::UnitResult;
use crate::exec::{Failure, key_hash};

/// How keys are hashed and compared: a batch at a time, so that the hashes of many keys are known
/// before the first of them is looked for.
pub(super) trait Keys<K>: Default + Send {
    /// What is kept beside a key in order to compare it.
    type Kept: Send;
    /// Forgets the keys of the batch before.
    fn clear(&mut self);
    /// Adds a key to the batch.
    fn push(&mut self, key: &K) -> UnitResult;
    /// The hash of a key of the batch.
    fn hash(&self, row: usize) -> u64;
    /// The hash of a kept key.
    fn rehash(key: &K, kept: &Self::Kept) -> u64;
    /// Whether a kept key equals one of the batch, which is `other`.
    fn is_same(&self, key: &K, kept: &Self::Kept, row: usize, other: &K) -> bool;
    /// What to keep of a key of the batch.
    fn kept(&self, row: usize) -> Self::Kept;
}

/// Keys whose own equality agrees with that of their bytes.
#[derive(Default)]
pub(super) struct Typed {
    hashes: Vec<u64>,
}

impl<K: Element> Keys<K> for Typed {
    type Kept = ();
    #[inline]
    fn clear(&mut self) {
        self.hashes.clear();
    }
    #[inline]
    fn push(&mut self, key: &K) -> UnitResult {
        self.hashes.push(hash_part(key));
        Ok(())
    }
    #[inline]
    fn hash(&self, row: usize) -> u64 {
        self.hashes[row]
    }
    #[inline]
    fn rehash(key: &K, (): &()) -> u64 {
        hash_part(key)
    }
    #[inline]
    fn is_same(&self, key: &K, (): &(), _row: usize, other: &K) -> bool {
        equal_part(key, other)
    }
    #[inline]
    fn kept(&self, _row: usize) {}
}

/// Keys that are compared by their bytes.
#[derive(Default)]
pub(super) struct Encoded {
    bytes: Vec<u8>,
    /// The hash of each key and where its bytes end.
    keys: Vec<(u64, usize)>,
}

impl Encoded {
    fn key(&self, row: usize) -> &[u8] {
        let start = row.checked_sub(1).map_or(0, |before| self.keys[before].1);
        &self.bytes[start..self.keys[row].1]
    }
}

impl<K: Element> Keys<K> for Encoded {
    type Kept = Box<[u8]>;
    fn clear(&mut self) {
        self.bytes.clear();
        self.keys.clear();
    }
    fn push(&mut self, key: &K) -> UnitResult {
        let start = self.bytes.len();
        key.encode(&mut self.bytes, Nesting::Nested).map_err(|error| {
            let mut failure = Failure::from_error(&error);
            failure.element = Some(shown(key));
            failure
        })?;
        self.keys.push((key_hash(&self.bytes[start..]), self.bytes.len()));
        Ok(())
    }
    fn hash(&self, row: usize) -> u64 {
        self.keys[row].0
    }
    fn rehash(_: &K, kept: &Box<[u8]>) -> u64 {
        key_hash(kept)
    }
    fn is_same(&self, _: &K, kept: &Box<[u8]>, row: usize, _: &K) -> bool {
        **kept == *self.key(row)
    }
    fn kept(&self, row: usize) -> Box<[u8]> {
        self.key(row).into()
    }
}
