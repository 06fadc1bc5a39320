//! The elements of the workloads that read no file, and digests of what programs make of them.
//!
//! Each element follows from its number alone, at a cost of a few nanoseconds: any thread of any
//! program can make any part. The rivals compile this very file, so it uses nothing of Purlin.

/// How many keys [`Pairs`] have.
pub const PAIR_KEYS: u64 = 1_000_000;
/// How many keys [`Records`] have.
pub const RECORD_KEYS: u64 = 100_000;
/// The length of a record's value in bytes.
pub const VALUE_LEN: usize = 100;

/// The keys of a skewed distribution are drawn from so many ranges of equal weight: their table
/// stays in the second level cache.
const RANGES: usize = 1 << 14;
/// Values are parts of a text of about this length.
const TEXT_LEN: usize = 1 << 16;

/// A permutation of the numbers that looks random: the end of `SplitMix64`.
#[must_use]
#[inline]
pub fn mix(n: u64) -> u64 {
    let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// `random`, which is less than 2^32, scaled to less than `end`.
#[inline]
fn scale(random: u64, end: u64) -> u64 {
    (random * end) >> 32
}

/// Keys with numbers to be added up.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// First key and number of keys of each range, or nothing if all keys are as frequent.
    ranges: Box<[(u32, u32)]>,
}

impl Pairs {
    /// Each key is as frequent as any other.
    #[must_use]
    pub fn uniform() -> Self {
        Self { ranges: Box::default() }
    }

    /// The second key is half as frequent as the first, the third a third, and so on: Zipf's law,
    /// to the precision of a 16384th.
    #[must_use]
    pub fn zipf() -> Self {
        let weight = |key: u64| (1 << 40) / (key + 1);
        let total: u64 = (0..PAIR_KEYS).map(weight).sum();
        let (mut starts, mut sum) = (Vec::with_capacity(RANGES + 1), 0);
        for key in 0..PAIR_KEYS {
            // Every range whose weight begins in this key's.
            sum += weight(key);
            while starts.len() < RANGES && total / RANGES as u64 * (starts.len() as u64) < sum {
                starts.push(key as u32);
            }
        }
        starts.push(PAIR_KEYS as u32);
        let ranges = starts.windows(2).map(|ends| (ends[0], (ends[1] - ends[0]).max(1)));
        Self { ranges: ranges.collect() }
    }

    /// Pair number `n`.
    #[must_use]
    #[inline]
    pub fn get(&self, n: u64) -> (u64, u64) {
        let random = mix(n);
        let (low, high) = (random & 0xffff_ffff, random >> 32);
        let key = match self.ranges.get(low as usize % RANGES) {
            None => scale(high, PAIR_KEYS),
            Some((first, count)) => u64::from(*first) + scale(high, u64::from(*count)),
        };
        (key, low >> 16)
    }
}

/// Keys with values of [`VALUE_LEN`] bytes.
#[derive(Clone, Debug)]
pub struct Records {
    text: Box<str>,
}

impl Default for Records {
    fn default() -> Self {
        let letters = (0..(TEXT_LEN + VALUE_LEN) as u64).map(|n| b'a' + (mix(n) % 26) as u8);
        Self { text: letters.map(char::from).collect() }
    }
}

impl Records {
    /// Record number `n`.
    #[must_use]
    #[inline]
    pub fn get(&self, n: u64) -> (u64, &str) {
        let random = mix(n);
        let start = random as usize % TEXT_LEN;
        (scale(random >> 32, RECORD_KEYS), &self.text[start..start + VALUE_LEN])
    }
}

/// What a result is compared by: the number of outputs, and the sum of a digest of each, in any
/// order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// How many outputs there are.
    pub outputs: u64,
    /// The sum of their digests.
    pub digest: u64,
}

impl Summary {
    /// Adds the digest of an output.
    #[inline]
    pub fn add(&mut self, digest: u32) {
        self.outputs += 1;
        self.digest += u64::from(digest);
    }

    /// The summary of the outputs of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { outputs: self.outputs + other.outputs, digest: self.digest + other.digest }
    }
}

/// Of a key and the sum of its numbers.
#[must_use]
#[inline]
pub fn digest_of_sum(key: u64, sum: u64) -> u32 {
    (mix(key ^ mix(sum)) >> 32) as u32
}

/// Of a key and its values, in any order.
#[must_use]
pub fn digest_of_group<S: AsRef<[u8]>>(key: u64, values: impl IntoIterator<Item = S>) -> u32 {
    let digests = values.into_iter().map(|value| digest_of_value(value.as_ref()));
    let (count, sum) =
        digests.fold((0_u64, 0_u64), |(count, sum), value| (count + 1, sum.wrapping_add(value)));
    digest_of_sum(key, sum ^ count)
}

fn digest_of_value(value: &[u8]) -> u64 {
    let (eights, rest) = value.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    eights.iter().chain([&last]).fold(value.len() as u64, |digest, eight| {
        (digest.rotate_left(23) ^ u64::from_le_bytes(*eight)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skewed_keys_follow_the_rank() {
        let (pairs, mut counts) = (Pairs::zipf(), vec![0_u64; PAIR_KEYS as usize]);
        for n in 0..1_000_000 {
            counts[pairs.get(n).0 as usize] += 1;
        }
        // The harmonic number of a million is 14.39.
        for rank in [1, 2, 10, 100] {
            let expected = 1_000_000.0 / 14.39 / f64::from(rank);
            let found = counts[rank as usize - 1] as f64;
            assert!((found / expected - 1.0).abs() < 0.1, "rank {rank}: {found}");
        }
        let last: u64 = counts[900_000..].iter().sum();
        let expected = 1_000_000.0 / 14.39 * (10.0_f64 / 9.0).ln();
        assert!((last as f64 / expected - 1.0).abs() < 0.1, "{last}");
    }

    #[test]
    fn uniform_keys_are_all_there() {
        let (pairs, mut seen) = (Pairs::uniform(), vec![false; PAIR_KEYS as usize]);
        (0..30 * PAIR_KEYS).for_each(|n| seen[pairs.get(n).0 as usize] = true);
        assert!(seen.iter().all(|is_seen| *is_seen));
    }

    #[test]
    fn records_have_values_of_the_length_and_few_are_the_same() {
        let records = Records::default();
        let values: Vec<_> = (0..100).map(|n| records.get(n)).collect();
        assert!(values.iter().all(|(key, value)| *key < RECORD_KEYS && value.len() == VALUE_LEN));
        assert!((1..100).all(|n| values[n] != values[0]));
    }

    #[test]
    fn a_group_is_its_key_and_its_values_in_any_order() {
        let digest = digest_of_group(1, ["a", "b", "c"]);
        assert_eq!(digest, digest_of_group(1, ["c", "a", "b"]));
        assert_ne!(digest, digest_of_group(2, ["a", "b", "c"]));
        assert_ne!(digest, digest_of_group(1, ["a", "b"]));
        assert_ne!(digest, digest_of_group(1, ["a", "b", "cc"]));
        assert_ne!(digest, digest_of_group(1, ["a", "b", "c\0"]));
    }
}
