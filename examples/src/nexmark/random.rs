//! Numbers that look random and follow from a seed.

/// SplitMix64: passes the usual tests of randomness, and is the same everywhere.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `0..end`; 0 where that is empty.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        // The high half of the product: without the bias of a remainder that anyone would notice.
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// True `times` times of `of`.
    pub(super) fn chance(&mut self, times: u64, of: u64) -> bool {
        self.below(of) < times
    }

    /// One of `choices`, which must not be empty.
    pub(super) fn choose<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// From 1 to a million, as often between 1 and 10 as between 10 and 100.
    pub(super) fn log_uniform(&mut self) -> f64 {
        let unit = self.below(1 << 32) as f64 / (1u64 << 32) as f64;
        10f64.powf(unit * 6.0)
    }
}
