//! Some of the values.

use super::mix::{hash_of, mix};
use crate::element::Element;
use crate::exec::CombineFn;

/// At most `n` of the values as a `Vec`, in any order: a sample without replacement.
///
/// # Randomness
/// A bundle that fails is run again, and worker processes build the pipeline anew, so nothing here
/// asks the system for chance. Every accumulator has a generator of its own whose state takes in the
/// bytes of each value it meets: the same values in the same bundles give the same sample, different
/// ones independent choices. How a runner forms bundles still changes the sample. Another
/// [`Sample::seed`] gives another.
///
/// **Source:** Vitter, *Random sampling with a reservoir* (ACM TOMS 1985), algorithm R; two
/// reservoirs are merged by drawing from each as often as from the whole it stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sample {
    n: usize,
    seed: u64,
    is_uniform: bool,
}

impl Sample {
    /// Any `n` values, chosen in the cheapest way.
    #[must_use]
    pub const fn any(n: usize) -> Self {
        Self { n, seed: 0, is_uniform: false }
    }

    /// A uniform sample of `n` values: every value has the same chance.
    #[must_use]
    pub const fn fixed_size(n: usize) -> Self {
        Self { n, seed: 0, is_uniform: true }
    }

    /// Chooses another sample than without it.
    #[must_use]
    pub const fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    fn choose<V: Element>(self, reservoir: &mut Reservoir<V>, value: &V) {
        let (seen, state, kept) = reservoir;
        *state = mix(*state ^ hash_of(value));
        *seen += 1;
        if kept.len() < self.n {
            return kept.push(value.detached());
        }
        let place = usize::try_from(below(*state, *seen)).unwrap_or(usize::MAX);
        if let Some(replaced) = kept.get_mut(place) {
            *replaced = value.detached();
        }
    }

    /// A sample of the union: each place is filled from the left or the right with the chance that
    /// a value drawn from the union comes from there.
    fn draw<V>(self, left: Reservoir<V>, right: Reservoir<V>) -> Reservoir<V> {
        let (mut from_left, mut from_right) = (left.0, right.0);
        let mut state = mix(left.1 ^ mix(right.1));
        let (mut lefts, mut rights) = (left.2, right.2);
        let mut drawn = Vec::new();
        while drawn.len() < self.n && from_left + from_right > 0 {
            state = mix(state);
            let is_left = below(state, from_left + from_right) < from_left;
            let (from, left_over) =
                if is_left { (&mut lefts, &mut from_left) } else { (&mut rights, &mut from_right) };
            *left_over -= 1;
            state = mix(state);
            let count = u64::try_from(from.len()).unwrap_or(u64::MAX);
            let place = usize::try_from(below(state, count)).unwrap_or(0);
            // It holds as many values as can be drawn from what it stands for.
            if place < from.len() {
                drawn.push(from.swap_remove(place));
            }
        }
        (left.0 + right.0, state, drawn)
    }
}

/// How many values were seen, the state of the generator, and the sample.
type Reservoir<V> = (u64, u64, Vec<V>);

/// A number below `limit`, 0 below 0: the high bits of a product need no division.
fn below(random: u64, limit: u64) -> u64 {
    let scaled = (u128::from(random) * u128::from(limit)) >> 64;
    u64::try_from(scaled).unwrap_or(0)
}

impl<V: Element> CombineFn<V> for Sample {
    /// How many values were seen, the state of the generator, and the sample.
    type Acc = (u64, u64, Vec<V>);
    type Out = Vec<V>;

    fn create(&self) -> Self::Acc {
        (0, mix(self.seed), Vec::new())
    }

    fn add(&self, reservoir: &mut Self::Acc, value: V) {
        if self.is_uniform {
            self.choose(reservoir, &value);
        } else if reservoir.2.len() < self.n {
            reservoir.2.push(value.detached());
        }
    }

    fn merge(&self, reservoir: &mut Self::Acc, mut other: Self::Acc) {
        if !self.is_uniform {
            other.2.truncate(self.n.saturating_sub(reservoir.2.len()));
            reservoir.2.append(&mut other.2);
        } else if reservoir.0 == 0 {
            *reservoir = other;
        } else if other.0 > 0 {
            *reservoir = self.draw(std::mem::take(reservoir), other);
        }
    }

    fn extract(&self, reservoir: Self::Acc) -> Vec<V> {
        reservoir.2
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The sample of `0..count` that is added to `parts` accumulators, which are then merged.
    fn sample(sample: Sample, count: u64, parts: u64) -> Vec<u64> {
        let mut all = CombineFn::<u64>::create(&sample);
        for part in 0..parts {
            let mut acc = CombineFn::<u64>::create(&sample);
            (0..count).filter(|n| n % parts == part).for_each(|n| sample.add(&mut acc, n));
            CombineFn::<u64>::merge(&sample, &mut all, acc);
        }
        CombineFn::<u64>::extract(&sample, all)
    }

    proptest! {
        #[test]
        fn a_sample_has_no_value_twice_and_as_many_as_there_are(
            n in 0usize..20, count in 0u64..60, parts in 1u64..9, uniform: bool,
        ) {
            let any = Sample::any(n);
            let mut chosen = sample(Sample { is_uniform: uniform, ..any }, count, parts);
            prop_assert_eq!(chosen.len(), n.min(usize::try_from(count).unwrap_or(0)));
            chosen.sort_unstable();
            chosen.dedup();
            prop_assert_eq!(chosen.len(), n.min(usize::try_from(count).unwrap_or(0)));
            prop_assert!(chosen.iter().all(|value| *value < count));
        }
    }

    #[test]
    fn every_value_has_the_same_chance_however_it_is_split() {
        for parts in [1, 2, 7, 40] {
            let mut chosen = [0i32; 40];
            for seed in 0..4000 {
                let values = sample(Sample::fixed_size(10).seed(seed), 40, parts);
                values.iter().for_each(|n| chosen[usize::try_from(*n).unwrap_or(0)] += 1);
            }
            // 1000 of 4000 are expected, with a standard deviation of 27: this is six of them.
            assert!(chosen.iter().all(|count| (count - 1000).abs() < 165), "{parts}: {chosen:?}");
        }
    }

    #[test]
    fn equal_values_in_many_small_parts_are_drawn_as_often_as_others() {
        // Half of the values are alike; a sample that treats them alike would take all or none.
        let uniform = Sample::fixed_size(100);
        let mut all = CombineFn::<u64>::create(&uniform);
        for n in 0..2000 {
            let mut acc = CombineFn::<u64>::create(&uniform);
            uniform.add(&mut acc, if n % 2 == 0 { 0 } else { n });
            CombineFn::<u64>::merge(&uniform, &mut all, acc);
        }
        let alike = CombineFn::<u64>::extract(&uniform, all).iter().filter(|n| **n == 0).count();
        assert!((20..=80).contains(&alike), "{alike}");
    }

    #[test]
    fn the_same_values_give_the_same_sample_and_another_seed_another() {
        let fixed = Sample::fixed_size(5);
        assert_eq!(sample(fixed, 1000, 3), sample(fixed, 1000, 3));
        assert_ne!(sample(fixed, 1000, 3), sample(fixed.seed(1), 1000, 3));
    }
}
