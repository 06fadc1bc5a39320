//! The least and the greatest value.

use std::cmp::Ordering;

use super::order;
use crate::element::Element;
use crate::exec::CombineFn;

/// The greatest value; nothing of nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Max;

/// The least value; nothing of nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Min;

macro_rules! extreme {
    ($name:ident, $wins:expr) => {
        impl<V: Element + PartialOrd> CombineFn<V> for $name {
            type Acc = Option<V>;
            type Out = V;

            fn create(&self) -> Option<V> {
                None
            }

            #[inline]
            fn add(&self, best: &mut Option<V>, value: V) {
                if best.as_ref().is_none_or(|best| order(&value, best) == $wins) {
                    // It is kept for long, and must not hold on to the block it was cut from.
                    *best = Some(value.detached());
                }
            }

            fn merge(&self, best: &mut Option<V>, other: Option<V>) {
                if let Some(other) = other {
                    self.add(best, other);
                }
            }

            fn extract(&self, best: Option<V>) -> V {
                best.expect("a group has at least one value")
            }

            fn empty(&self) -> Option<V> {
                None
            }
        }
    };
}

extreme!(Max, Ordering::Greater);
extreme!(Min, Ordering::Less);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_that_is_no_number_is_less_than_all_others() {
        for values in [[f64::NAN, 1.0, 2.0], [2.0, 1.0, f64::NAN]] {
            let (mut most, mut least) = (None, None);
            values.iter().for_each(|value| Max.add(&mut most, *value));
            values.iter().for_each(|value| Min.add(&mut least, *value));
            assert_eq!(most, Some(2.0));
            assert!(least.is_some_and(f64::is_nan));
        }
    }
}
