//! Sums.

use std::any::type_name;

use super::Number;
use crate::exec::CombineFn;

/// The sum of integers or floats; 0 of nothing.
///
/// A sum that its integer type cannot hold fails the job: map to a wider type first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sum;

impl<V: Number> CombineFn<V> for Sum {
    type Acc = V;
    type Out = V;

    fn create(&self) -> V {
        V::ZERO
    }

    #[inline]
    fn add(&self, sum: &mut V, value: V) {
        match sum.plus(value) {
            Some(more) => *sum = more,
            None => overflow::<V>(),
        }
    }

    fn merge(&self, sum: &mut V, other: V) {
        CombineFn::<V>::add(self, sum, other);
    }

    fn extract(&self, sum: V) -> V {
        sum
    }
}

/// Ends the bundle: a combiner has no other way, and a sum that is silently wrong would be worse.
#[cold]
fn overflow<V>() -> ! {
    panic!("the sum overflows `{}`: map the values to a wider type first", type_name::<V>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_overflows_says_so() {
        let panic = std::panic::catch_unwind(|| {
            let mut sum = i8::MAX;
            Sum.add(&mut sum, 1);
        });
        let panic = panic.expect_err("it overflows");
        let text = panic.downcast_ref::<String>().expect("it has a message");
        assert_eq!(text, "the sum overflows `i8`: map the values to a wider type first");
    }
}
