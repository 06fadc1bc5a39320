//! Means.

use super::Number;
use crate::exec::CombineFn;

/// The arithmetic mean as an `f64`; NaN of nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mean;

impl<V: Number> CombineFn<V> for Mean {
    /// The sum and the number of values.
    type Acc = (f64, u64);
    type Out = f64;

    fn create(&self) -> (f64, u64) {
        (0.0, 0)
    }

    #[inline]
    fn add(&self, (sum, count): &mut (f64, u64), value: V) {
        *sum += value.to_f64();
        *count += 1;
    }

    fn merge(&self, (sum, count): &mut (f64, u64), other: (f64, u64)) {
        *sum += other.0;
        *count += other.1;
    }

    fn extract(&self, (sum, count): (f64, u64)) -> f64 {
        sum / count.to_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_merged_accumulators_is_that_of_all_values() {
        let mut acc = (3.0, 2);
        CombineFn::<i64>::merge(&Mean, &mut acc, (3.0, 1));
        Mean.add(&mut acc, 10i64);
        assert!((CombineFn::<i64>::extract(&Mean, acc) - 4.0).abs() < 1e-12);
        assert!(CombineFn::<i64>::empty(&Mean).is_some_and(f64::is_nan));
    }
}
