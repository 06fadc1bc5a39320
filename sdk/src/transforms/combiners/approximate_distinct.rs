//! How many different values there are, nearly.

use super::mix::hash_of;
use crate::element::Element;
use crate::exec::CombineFn;

/// The number of different values, estimated in bounded memory; 0 of nothing.
///
/// With a precision of `p` an accumulator has 2^p registers of a byte, and the estimate a standard
/// error of 1.04 / √2^p: 0.8 % of the default of 14, and 16 KiB. Up to 2^p / 16 different values it
/// keeps their hashes and the result is exact, but for hashes of 64 bits that are the same. The
/// result depends on the set of values alone, not on their order or how they were spread.
///
/// Values are compared by their encoded bytes, so maps without order are told apart by chance.
///
/// **Source:** Flajolet et al., *HyperLogLog* (2007); Heule et al., *HyperLogLog in practice* (2013)
/// for 64-bit hashes and the sparse form; Ertl, *New cardinality estimation algorithms for
/// HyperLogLog sketches* (2017), algorithm 6, for an estimate without tables of bias.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ApproximateDistinct {
    precision: u32,
}

impl Default for ApproximateDistinct {
    fn default() -> Self {
        Self { precision: 14 }
    }
}

impl ApproximateDistinct {
    /// 2^`precision` registers; from 4 to 18, to which other numbers are moved.
    #[must_use]
    pub fn precision(precision: u32) -> Self {
        Self { precision: precision.clamp(4, 18) }
    }

    /// The standard error of an estimate, relative to the true number.
    #[must_use]
    pub fn standard_error(self) -> f64 {
        1.04 / f64::from(1u32 << self.precision).sqrt()
    }

    /// How many hashes are kept before they become registers.
    fn exact(self) -> usize {
        1 << (self.precision - 4)
    }

    fn insert(self, (hashes, registers): &mut (Vec<u64>, Vec<u8>), hash: u64) {
        if !registers.is_empty() {
            return self.register(registers, hash);
        }
        let Err(place) = hashes.binary_search(&hash) else { return };
        hashes.insert(place, hash);
        if hashes.len() > self.exact() {
            registers.resize(1 << self.precision, 0);
            std::mem::take(hashes).into_iter().for_each(|hash| self.register(registers, hash));
        }
    }

    /// Notes in the register of a hash's first bits where the rest has its first one.
    fn register(self, registers: &mut [u8], hash: u64) {
        let place = usize::try_from(hash >> (64 - self.precision)).unwrap_or(0);
        let rest = (hash << self.precision).leading_zeros().min(64 - self.precision);
        let rank = u8::try_from(rest + 1).unwrap_or(u8::MAX);
        // A malformed accumulator may have fewer.
        if let Some(register) = registers.get_mut(place) {
            *register = (*register).max(rank);
        }
    }

    fn estimate(self, registers: &[u8]) -> f64 {
        let ranks = usize::try_from(64 - self.precision).unwrap_or(0);
        let mut counts = vec![0u32; ranks + 2];
        registers.iter().for_each(|rank| counts[usize::from(*rank).min(ranks + 1)] += 1);
        let count = f64::from(1u32 << self.precision);
        let mut sum = count * tau(1.0 - f64::from(counts[ranks + 1]) / count);
        for with_rank in counts[1..=ranks].iter().rev() {
            sum = 0.5 * (sum + f64::from(*with_rank));
        }
        sum += count * sigma(f64::from(counts[0]) / count);
        count * count / (2.0 * std::f64::consts::LN_2 * sum)
    }
}

/// The share of registers that are empty in the harmonic mean.
fn sigma(share: f64) -> f64 {
    if share >= 1.0 {
        return f64::INFINITY;
    }
    let (mut x, mut weight, mut sum) = (share, 1.0, share);
    loop {
        x *= x;
        let before = sum;
        sum += x * weight;
        weight += weight;
        if sum <= before {
            return sum;
        }
    }
}

/// The share of registers that are full in the harmonic mean.
fn tau(share: f64) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        return 0.0;
    }
    let (mut x, mut weight, mut sum) = (share, 1.0, 1.0 - share);
    loop {
        x = x.sqrt();
        let before = sum;
        weight *= 0.5;
        sum -= (1.0 - x).powi(2) * weight;
        if sum >= before {
            return sum / 3.0;
        }
    }
}

impl<V: Element> CombineFn<V> for ApproximateDistinct {
    /// The hashes in order while they are few, else the registers.
    type Acc = (Vec<u64>, Vec<u8>);
    type Out = u64;

    fn create(&self) -> Self::Acc {
        (Vec::new(), Vec::new())
    }

    fn add(&self, acc: &mut Self::Acc, value: V) {
        self.insert(acc, hash_of(&value));
    }

    fn merge(&self, acc: &mut Self::Acc, mut other: Self::Acc) {
        if acc.1.is_empty() {
            // The one with registers takes in the hashes of the other.
            std::mem::swap(acc, &mut other);
        }
        acc.1.iter_mut().zip(other.1).for_each(|(one, other)| *one = (*one).max(other));
        other.0.into_iter().for_each(|hash| self.insert(acc, hash));
    }

    fn extract(&self, (hashes, registers): Self::Acc) -> u64 {
        if registers.is_empty() {
            return u64::try_from(hashes.len()).unwrap_or(u64::MAX);
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "is positive")]
        let rounded = self.estimate(&registers).round() as u64;
        rounded
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Acc = (Vec<u64>, Vec<u8>);

    fn acc(f: ApproximateDistinct, values: impl IntoIterator<Item = u64>) -> Acc {
        let mut acc = CombineFn::<u64>::create(&f);
        values.into_iter().for_each(|value| f.add(&mut acc, value));
        acc
    }

    fn merged(f: ApproximateDistinct, mut one: Acc, other: Acc) -> Acc {
        CombineFn::<u64>::merge(&f, &mut one, other);
        one
    }

    #[test]
    fn estimates_are_within_four_standard_errors() {
        for precision in [8, 12, 14] {
            let f = ApproximateDistinct::precision(precision);
            for count in [0u64, 1, 100, 1000, 5000, 40_000, 300_000] {
                let acc = acc(f, (0..count).chain(0..count / 2));
                let estimate = CombineFn::<u64>::extract(&f, acc) as f64;
                let error = (estimate - count as f64).abs();
                let bound = 4.0 * f.standard_error() * count as f64;
                assert!(error <= bound, "precision {precision}: {estimate} for {count}");
            }
        }
    }

    #[test]
    fn few_values_are_counted_exactly() {
        let f = ApproximateDistinct::default();
        assert_eq!(CombineFn::<u64>::extract(&f, acc(f, (0..1000).chain(0..1000))), 1000);
    }

    proptest! {
        #[test]
        fn accumulators_depend_on_the_set_of_values_alone(
            a in prop::collection::vec(0u64..200, 0..100),
            b in prop::collection::vec(0u64..200, 0..100),
            c in prop::collection::vec(0u64..200, 0..100),
        ) {
            // 2^6 / 16 hashes are 4, so that both forms meet.
            let f = ApproximateDistinct::precision(6);
            let all = acc(f, a.iter().chain(&b).chain(&c).copied());
            let [a, b, c] = [a, b, c].map(|values| acc(f, values));
            let left = merged(f, merged(f, a.clone(), b.clone()), c.clone());
            let right = merged(f, c, merged(f, b, a));
            prop_assert_eq!(&left, &all);
            prop_assert_eq!(&right, &all);
        }
    }
}
