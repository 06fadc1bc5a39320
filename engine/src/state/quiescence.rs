//! When the finalisers of a bundle may be called: once nothing is left that derives from its
//! outputs, so that everything the bundle read has reached its destination.
//!
//! Every queue entry carries the tokens of the bundles that it derives from. Where elements enter a
//! buffer or a side input their further way cannot be followed, so those tokens wait for the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::bundle::BundleId;

/// The bundles with finalisers that a queue entry derives from.
pub(super) type Tokens = Option<Arc<BTreeSet<BundleId>>>;

/// Bundles whose finalisers wait.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct Quiescence {
    /// How many queue entries derive from each.
    waiting: BTreeMap<BundleId, usize>,
    /// Those that wait for the end of the job.
    until_end: BTreeSet<BundleId>,
}

impl Quiescence {
    /// A committed bundle that has finalisers.
    pub(super) fn open(&mut self, bundle: BundleId) {
        let known = self.waiting.insert(bundle, 0);
        debug_assert_eq!(known, None, "I1: bundle {bundle} is committed twice");
    }

    /// A queue entry with these tokens exists.
    pub(super) fn carry(&mut self, tokens: &Tokens) {
        for token in tokens.iter().flat_map(|tokens| tokens.iter()) {
            if let Some(count) = self.waiting.get_mut(token) {
                *count += 1;
            }
        }
    }

    /// A queue entry with these tokens was consumed.
    pub(super) fn release(&mut self, tokens: &Tokens) {
        for token in tokens.iter().flat_map(|tokens| tokens.iter()) {
            if let Some(count) = self.waiting.get_mut(token) {
                *count = count.saturating_sub(1);
            }
        }
    }

    /// Elements with these tokens went where they cannot be followed.
    pub(super) fn lose(&mut self, tokens: &Tokens) {
        for token in tokens.iter().flat_map(|tokens| tokens.iter()) {
            if self.waiting.remove(token).is_some() {
                self.until_end.insert(*token);
            }
        }
    }

    /// Removes the bundles that nothing derives from any more.
    pub(super) fn quiescent(&mut self) -> Vec<BundleId> {
        let done: Vec<BundleId> =
            self.waiting.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
        for id in &done {
            self.waiting.remove(id);
        }
        done
    }

    /// The bundles that wait for entries, and for how many.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (&BundleId, &usize)> {
        self.waiting.iter()
    }

    /// All bundles that still wait, at the end of a job.
    pub(super) fn rest(&self) -> Vec<BundleId> {
        let mut rest: Vec<BundleId> = self.waiting.keys().chain(&self.until_end).copied().collect();
        rest.sort_unstable();
        rest
    }
}

/// Adds a bundle to the tokens that its outputs inherit.
pub(super) fn with_token(tokens: &Tokens, bundle: BundleId) -> Tokens {
    let mut set = tokens.as_deref().cloned().unwrap_or_default();
    set.insert(bundle);
    Some(Arc::new(set))
}

/// The tokens of everything that a bundle consumed.
pub(super) fn union(all: &[Tokens]) -> Tokens {
    let mut present = all.iter().flatten();
    let first = present.next()?;
    let mut result = Arc::clone(first);
    for tokens in present.filter(|tokens| !Arc::ptr_eq(tokens, first)) {
        Arc::make_mut(&mut result).extend(tokens.iter());
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(id: u64) -> Tokens {
        with_token(&None, BundleId(id))
    }

    #[test]
    fn a_bundle_is_quiescent_once_its_last_descendant_is_consumed() {
        let mut quiescence = Quiescence::default();
        quiescence.open(BundleId(1));
        quiescence.carry(&token(1));
        quiescence.carry(&token(1));
        assert!(quiescence.quiescent().is_empty());
        quiescence.release(&token(1));
        assert!(quiescence.quiescent().is_empty());
        quiescence.release(&token(1));
        assert_eq!(quiescence.quiescent(), [BundleId(1)]);
        assert!(quiescence.rest().is_empty());
    }

    #[test]
    fn what_enters_a_buffer_waits_for_the_end() {
        let mut quiescence = Quiescence::default();
        quiescence.open(BundleId(1));
        quiescence.carry(&token(1));
        quiescence.lose(&token(1));
        quiescence.release(&token(1));
        assert!(quiescence.quiescent().is_empty());
        assert_eq!(quiescence.rest(), [BundleId(1)]);
    }

    #[test]
    fn a_union_holds_the_tokens_of_all_inputs() {
        let both = union(&[token(1), None, token(2)]);
        assert_eq!(both, with_token(&token(1), BundleId(2)));
        assert_eq!(union(&[None, None]), None);
    }
}
