//! Quantiles in bounded memory.

use super::order;
use crate::element::Element;
use crate::exec::CombineFn;

/// How many values the error holds for.
const UP_TO: u32 = 30;

/// The `n` quantiles of the values as a `Vec`: the least, `n - 2` between that divide the others
/// evenly, and the greatest. The median is the middle one of three; nothing of nothing.
///
/// The least and the greatest are exact. The rank of another one differs from its place by at most
/// the error times the number of values, for up to 2^30 values; for more, the error grows with the
/// logarithm of their number. This is a bound and not a probability: nothing is left to chance, so
/// the same accumulators give the same result. Merged in another order they may give another one,
/// within the bound. With an error of `e` an accumulator holds at most `30 / e` values on each of
/// about `log2(count · e / 30)` levels, and all values while they are fewer than that.
///
/// **Source:** Munro and Paterson, *Selection and sorting with limited storage* (1980), and Manku,
/// Rajagopalan and Lindsay, *Approximate medians and other quantiles in one pass and with limited
/// memory* (SIGMOD 1998): full buffers collapse into half as many values of twice the weight, in
/// turn those at even and at odd places. Levels are those of Karnin, Lang and Liberty, *Optimal
/// quantile approximation in streams* (2016), of equal size.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Quantiles {
    n: usize,
    /// How many values a level may have; even.
    capacity: usize,
}

impl Quantiles {
    /// `n` quantiles, at least two, with an error of `1 / n` or one percent if that is less.
    #[must_use]
    pub fn of(n: usize) -> Self {
        let n = n.max(2);
        let parts = u32::try_from(n).unwrap_or(u32::MAX);
        Self { n, capacity: 0 }.error((1.0 / f64::from(parts)).min(0.01))
    }

    /// With this error of ranks, as a share of the number of values; between 0.00001 and 0.5, to
    /// which other numbers are moved.
    #[must_use]
    pub fn error(self, error: f64) -> Self {
        // A collapse of values of weight w moves a rank by at most w. Level i collapses at most
        // count / (capacity · 2^i) times, so all its collapses together move it by count / capacity.
        let levels = f64::from(UP_TO);
        let error = if error.is_nan() { 0.01 } else { error.clamp(0.000_01, 0.5) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "60 to 3e6")]
        let capacity = (levels / error).ceil() as usize;
        Self { capacity: capacity.next_multiple_of(2), ..self }
    }

    /// Collapses full levels, lowest first, into those above.
    fn collapse<V: Element + PartialOrd>(self, levels: &mut Vec<(bool, Vec<V>)>) {
        let mut level = 0;
        while level < levels.len() {
            if levels[level].1.len() >= self.capacity {
                let half = halved(&mut levels[level]);
                if level + 1 == levels.len() {
                    levels.push((false, Vec::new()));
                }
                levels[level + 1].1.extend(half);
            }
            level += 1;
        }
    }
}

/// Every second value of a level, which keeps at most one: the greatest of an odd number.
fn halved<V: PartialOrd>((is_odd, values): &mut (bool, Vec<V>)) -> Vec<V> {
    values.sort_unstable_by(order);
    let rest = if values.len() % 2 == 1 { values.pop() } else { None };
    let first = usize::from(*is_odd);
    *is_odd = !*is_odd;
    let half = std::mem::take(values).into_iter().skip(first).step_by(2).collect();
    values.extend(rest);
    half
}

/// The value at each of `n` evenly spaced ranks of weighted values.
fn at_ranks<V: Element + PartialOrd>(mut weighted: Vec<(V, u64)>, n: usize) -> Vec<V> {
    weighted.sort_unstable_by(|(a, _), (b, _)| order(a, b));
    let total: u128 = weighted.iter().map(|(_, weight)| u128::from(*weight)).sum();
    let steps = u128::try_from(n - 1).unwrap_or(u128::MAX);
    let mut values = weighted.iter();
    let Some((mut value, weight)) = values.next().map(|(value, weight)| (value, *weight)) else {
        return Vec::new();
    };
    let mut reached = u128::from(weight);
    let mut found = Vec::with_capacity(n);
    for step in (0..steps).chain([steps]) {
        // The rank among 0 to total - 1, as the least has rank 0 and the greatest the last.
        let rank = (total - 1) * step / steps;
        while reached <= rank {
            let Some((next, weight)) = values.next() else { break };
            (value, reached) = (next, reached + u128::from(*weight));
        }
        found.push(value.clone());
    }
    found
}

impl<V: Element + PartialOrd> CombineFn<V> for Quantiles {
    /// The least and the greatest value; and the levels, of weight 1, 2, 4 and so on: whether the
    /// next collapse takes the values at odd places, and the values.
    type Acc = (Option<(V, V)>, Vec<(bool, Vec<V>)>);
    type Out = Vec<V>;

    fn create(&self) -> Self::Acc {
        (None, Vec::new())
    }

    fn add(&self, (extremes, levels): &mut Self::Acc, value: V) {
        let value = value.detached();
        widen(extremes, &value, &value);
        match levels.first_mut() {
            Some((_, values)) => values.push(value),
            None => levels.push((false, vec![value])),
        }
        if levels[0].1.len() >= self.capacity {
            self.collapse(levels);
        }
    }

    fn merge(&self, (extremes, levels): &mut Self::Acc, (others, more): Self::Acc) {
        if let Some((least, greatest)) = others {
            widen(extremes, &least, &greatest);
        }
        levels.resize(levels.len().max(more.len()), (false, Vec::new()));
        for ((is_odd, values), (other, more)) in levels.iter_mut().zip(more) {
            *is_odd ^= other;
            values.extend(more);
        }
        self.collapse(levels);
    }

    fn extract(&self, (extremes, levels): Self::Acc) -> Vec<V> {
        let Some((least, greatest)) = extremes else { return Vec::new() };
        let weighted = (0u32..).zip(levels).flat_map(|(level, (_, values))| {
            let weight = 1u64.checked_shl(level).unwrap_or(u64::MAX);
            values.into_iter().map(move |value| (value, weight))
        });
        let mut quantiles = at_ranks(weighted.collect(), self.n);
        if let [first, .., last] = quantiles.as_mut_slice() {
            (*first, *last) = (least, greatest);
        }
        quantiles
    }
}

/// Makes the least and the greatest value those of two ranges.
fn widen<V: Element + PartialOrd>(extremes: &mut Option<(V, V)>, low: &V, high: &V) {
    let Some((least, greatest)) = extremes else {
        *extremes = Some((low.clone(), high.clone()));
        return;
    };
    if order(low, least).is_lt() {
        *least = low.clone();
    }
    if order(high, greatest).is_gt() {
        *greatest = high.clone();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Acc = (Option<(i64, i64)>, Vec<(bool, Vec<i64>)>);

    fn acc(f: Quantiles, values: &[i64]) -> Acc {
        let mut acc = f.create();
        values.iter().for_each(|value| f.add(&mut acc, *value));
        acc
    }

    /// How far the rank of each quantile is from its place, at most.
    fn error(quantiles: &[i64], mut values: Vec<i64>) -> f64 {
        values.sort_unstable();
        let last = (values.len() - 1) as f64;
        let steps = (quantiles.len() - 1) as f64;
        let error_of = |(index, quantile): (usize, &i64)| {
            let place = last * index as f64 / steps;
            let first = values.partition_point(|value| value < quantile) as f64;
            let end = values.partition_point(|value| value <= quantile) as f64 - 1.0;
            (first - place).max(place - end).max(0.0)
        };
        quantiles.iter().enumerate().map(error_of).fold(0.0, f64::max)
    }

    #[test]
    fn quantiles_of_few_values_are_exact() {
        let f = Quantiles::of(5);
        assert_eq!(f.extract(acc(f, &(0..=100).rev().collect::<Vec<_>>())), [0, 25, 50, 75, 100]);
        assert_eq!(f.extract(acc(f, &[7])), [7; 5]);
        assert_eq!(f.extract(acc(f, &[])), [0i64; 0]);
        assert_eq!(Quantiles::of(0).extract(acc(f, &[3, 1, 2])), [1, 3]);
    }

    #[test]
    fn ranks_are_within_the_error_and_memory_is_bounded() {
        let f = Quantiles::of(11).error(0.05);
        let orders: [fn(i64) -> i64; 4] = [|n| n, |n| -n, |n| n * 7919 % 100_003, |n| n % 10];
        for order in orders {
            let values: Vec<i64> = (0..100_000).map(order).collect();
            let acc = acc(f, &values);
            let kept: usize = acc.1.iter().map(|(_, values)| values.len()).sum();
            assert!(kept <= 600 * 9, "{kept} values are kept");
            let error = error(&f.extract(acc), values);
            assert!(error <= 5000.0, "the error is {error}");
        }
    }

    proptest! {
        #[test]
        fn merging_in_any_order_stays_within_the_error(
            values in prop::collection::vec(-1000i64..1000, 1..3000),
            parts in 1usize..12,
            is_reversed: bool,
        ) {
            // So small a level collapses often; 30 levels of it would allow an error of 0.5.
            let f = Quantiles::of(7).error(0.5);
            let mut accs: Vec<Acc> = values.chunks(values.len().div_ceil(parts))
                .map(|part| acc(f, part)).collect();
            if is_reversed {
                accs.reverse();
            }
            let mut all = f.create();
            accs.into_iter().for_each(|acc| f.merge(&mut all, acc));
            let levels = all.1.len() as f64;
            // Each level but the topmost has collapsed.
            let bound = (levels - 1.0) * values.len() as f64 / f.capacity as f64 + 1.0;
            let weight: usize = all.1.iter().enumerate().map(|(l, (_, v))| v.len() << l).sum();
            prop_assert_eq!(weight, values.len());
            let error = error(&f.extract(all), values);
            prop_assert!(error <= bound, "{error} is more than {bound}");
        }
    }
}
