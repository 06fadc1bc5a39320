//! Timestamps that a watermark must not pass.

use std::collections::BTreeMap;

use purlin_sdk::Timestamp;

/// A multiset of timestamps that knows its least. The end of time holds nothing and is not kept.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Holds(BTreeMap<Timestamp, usize>);

impl Holds {
    pub(crate) fn add(&mut self, hold: Timestamp) {
        if hold == Timestamp::MAX {
            return;
        }
        *self.0.entry(hold).or_default() += 1;
    }

    pub(crate) fn remove(&mut self, hold: Timestamp) {
        debug_assert!(
            hold == Timestamp::MAX || self.0.contains_key(&hold),
            "I5: what is released at {hold} was held"
        );
        if let Some(count) = self.0.get_mut(&hold) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(&hold);
            }
        }
    }

    /// The least, or the end of time.
    pub(crate) fn least(&self) -> Timestamp {
        self.0.keys().next().copied().unwrap_or(Timestamp::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_taken_twice_is_kept_until_it_is_released_twice() {
        let mut holds = Holds::default();
        holds.add(Timestamp(5));
        holds.add(Timestamp(5));
        holds.add(Timestamp(7));
        holds.remove(Timestamp(5));
        assert_eq!(holds.least(), Timestamp(5));
        holds.remove(Timestamp(5));
        assert_eq!(holds.least(), Timestamp(7));
        holds.remove(Timestamp(7));
        assert_eq!(holds.least(), Timestamp::MAX);
    }
}
