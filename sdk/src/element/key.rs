//! Typed keys: hash and equality without encoding.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;

use super::Element;

/// Hash and equality of keys that agree with their encoded bytes.
pub struct TypedKey<K> {
    /// A hash: equal for keys of equal bytes.
    pub hash: fn(&K) -> u64,
    /// Whether the keys' bytes are equal.
    pub equal: fn(&K, &K) -> bool,
}

impl<K> Clone for TypedKey<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for TypedKey<K> {}

impl<K: Hash + Eq> TypedKey<K> {
    /// The type's own hash and equality.
    #[inline]
    #[must_use]
    pub fn native() -> Self {
        Self { hash: hash_native, equal: |a, b| a == b }
    }
}

/// The seed of every hash of keys.
const SEED: u64 = 0x51ab_7e93_0c2d_864f;

/// A fast hash, fixed for the life of the process.
#[inline]
pub(crate) fn hash_native<K: Hash + ?Sized>(key: &K) -> u64 {
    FixedState::with_seed(SEED).hash_one(key)
}

/// The hash of a part of a key, whose type has a typed key.
#[inline]
pub fn hash_part<T: Element>(part: &T) -> u64 {
    T::typed_key().map_or(0, |key| (key.hash)(part))
}

/// Whether parts of keys are equal, whose type has a typed key.
#[inline]
pub fn equal_part<T: Element>(a: &T, b: &T) -> bool {
    T::typed_key().is_some_and(|key| (key.equal)(a, b))
}

/// The hash of all parts so far and one more: folded multiplication, as foldhash does.
#[inline]
#[must_use]
pub fn fold(hash: u64, part: u64) -> u64 {
    let product = u128::from(hash ^ part) * u128::from(0x9e37_79b9_7f4a_7c15_u64 ^ SEED);
    let low = u64::try_from(product & u128::from(u64::MAX)).unwrap_or(0);
    let high = u64::try_from(product >> 64).unwrap_or(0);
    (low ^ high).rotate_left(23).wrapping_add(hash)
}
