//! How many.

use crate::element::Element;
use crate::exec::CombineFn;

/// The number of values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Count;

impl<V: Element> CombineFn<V> for Count {
    type Acc = u64;
    type Out = u64;

    fn create(&self) -> u64 {
        0
    }

    #[inline]
    fn add(&self, count: &mut u64, _: V) {
        *count += 1;
    }

    fn merge(&self, count: &mut u64, other: u64) {
        *count += other;
    }

    fn extract(&self, count: u64) -> u64 {
        count
    }
}
