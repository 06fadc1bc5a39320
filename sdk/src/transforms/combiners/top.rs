//! The first few values of an order.

use std::cmp::Ordering;

use super::order;
use crate::element::Element;
use crate::exec::CombineFn;

/// The `n` greatest or least values as a `Vec`, the most extreme first.
///
/// To choose by a part of a value, put that part first: `(score, player)`. Meant for an `n` of at
/// most some thousands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Top {
    n: usize,
    /// How a value compares to those after it.
    before: Ordering,
}

impl Top {
    /// The `n` greatest values, greatest first.
    #[must_use]
    pub const fn largest(n: usize) -> Self {
        Self { n, before: Ordering::Greater }
    }

    /// The `n` least values, least first.
    #[must_use]
    pub const fn smallest(n: usize) -> Self {
        Self { n, before: Ordering::Less }
    }

    /// Adds a value to the sorted `top`; whether it found a place.
    fn offer<V: Element + PartialOrd>(self, top: &mut Vec<V>, value: &V) -> bool {
        let is_before = |other: &V| order(other, value) == self.before;
        if top.len() >= self.n {
            match top.last() {
                Some(last) if order(value, last) == self.before => drop(top.pop()),
                _ => return false,
            }
        }
        let at = top.partition_point(is_before);
        top.insert(at, value.detached());
        true
    }
}

impl<V: Element + PartialOrd> CombineFn<V> for Top {
    type Acc = Vec<V>;
    type Out = Vec<V>;

    fn create(&self) -> Vec<V> {
        Vec::new()
    }

    fn add(&self, top: &mut Vec<V>, value: V) {
        self.offer(top, &value);
    }

    fn merge(&self, top: &mut Vec<V>, other: Vec<V>) {
        // The other is sorted: behind one that found no place there is none.
        for value in &other {
            if !self.offer(top, value) {
                break;
            }
        }
    }

    fn extract(&self, top: Vec<V>) -> Vec<V> {
        top
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_of_merged_parts_is_the_top_of_all() {
        for n in [0, 1, 3, 20] {
            let top = Top::largest(n);
            let numbers: Vec<i64> = (0..10).map(|i| i * 7 % 10).collect();
            let (mut left, mut right) = (vec![], vec![]);
            numbers[..4].iter().for_each(|number| top.add(&mut left, *number));
            numbers[4..].iter().for_each(|number| top.add(&mut right, *number));
            top.merge(&mut left, right);
            let expected: Vec<i64> = (0..10).rev().take(n).collect();
            assert_eq!(left, expected);
        }
    }

    #[test]
    fn the_smallest_come_smallest_first() {
        let mut top = vec![];
        [3, 1, 2, 5].iter().for_each(|number| Top::smallest(3).add(&mut top, *number));
        assert_eq!(top, [1, 2, 3]);
    }
}
