//! Words as frequent as those of a language: the second half as often as the first, and so on.

use std::collections::HashSet;

use super::random::Random;

const WORDS: u64 = 300_000;
const LENGTHS: std::ops::RangeInclusive<u64> = 3..=9;

/// Draws words by Zipf's law with exponent 1.
pub(super) struct Words {
    vocabulary: Vec<String>,
    /// For each word the sum of the weights up to it. Whole numbers: no rounding differs anywhere.
    cumulative: Vec<u64>,
}

impl Words {
    pub(super) fn new(random: &mut Random) -> Self {
        let weights = (1..=WORDS).map(|rank| (1 << 40) / rank);
        let cumulative = weights.scan(0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Self { cumulative: cumulative.collect(), vocabulary: vocabulary(random) }
    }

    pub(super) fn draw(&self, random: &mut Random) -> &str {
        let total = self.cumulative.last().copied().unwrap_or(0);
        let point = random.below(total);
        &self.vocabulary[self.cumulative.partition_point(|sum| *sum <= point)]
    }
}

/// Different words of random letters and lengths.
fn vocabulary(random: &mut Random) -> Vec<String> {
    let (mut known, mut all) = (HashSet::new(), Vec::new());
    while (all.len() as u64) < WORDS {
        let word = word(random);
        if known.insert(word.clone()) {
            all.push(word);
        }
    }
    all
}

fn word(random: &mut Random) -> String {
    let length = LENGTHS.start() + random.below(LENGTHS.end() - LENGTHS.start() + 1);
    (0..length).map(|_| char::from(b'a' + random.below(26) as u8)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn frequencies_follow_the_rank() {
        let mut random = Random::from_seed(1);
        let words = Words::new(&mut random);
        let mut counts = HashMap::new();
        for _ in 0..200_000 {
            *counts.entry(words.draw(&mut random)).or_insert(0_u64) += 1;
        }
        // The harmonic number of 300,000 is 13.19.
        for rank in [1, 2, 10] {
            let (expected, found) = (
                200_000.0 / 13.19 / f64::from(rank),
                counts[&*words.vocabulary[rank as usize - 1]],
            );
            assert!((found as f64 / expected - 1.0).abs() < 0.1, "rank {rank}: {found}");
        }
    }

    #[test]
    fn words_are_different_and_short() {
        let words = vocabulary(&mut Random::from_seed(1));
        let different: HashSet<_> = words.iter().collect();
        assert_eq!(different.len() as u64, WORDS);
        assert!(words.iter().all(|word| LENGTHS.contains(&(word.len() as u64))));
    }
}
