//! The accumulators of the keys that were met last, in a table that stays in the cache of a core.

use std::marker::PhantomData;

use super::group::Group;
use super::keys::Keys;
use crate::element::Element;

/// How many keys are remembered.
const SLOTS: usize = 1 << 14;

/// Accumulators, each in the one place that the hash of its key gives it: a key that comes makes
/// the one there before it leave. So frequent keys are combined at the cost of a look into the
/// cache, however many others there are.
pub(super) struct Recent<K, S: Keys<K>, A> {
    slots: Vec<Option<Group<K, S::Kept, A>>>,
    /// Those that left, until somebody takes them.
    pub(super) left: Vec<(K, A)>,
    keys: PhantomData<S>,
}

impl<K: Element, S: Keys<K>, A: Element> Default for Recent<K, S, A> {
    fn default() -> Self {
        let slots = std::iter::repeat_with(|| None).take(SLOTS).collect();
        Self { slots, left: Vec::new(), keys: PhantomData }
    }
}

impl<K: Element, S: Keys<K>, A: Element> Recent<K, S, A> {
    pub(super) const BYTES: usize = SLOTS * size_of::<Option<Group<K, S::Kept, A>>>();

    /// The accumulator of `key`, which is key `row` of the batch.
    #[inline]
    pub(super) fn group(
        &mut self,
        keys: &S,
        row: usize,
        key: &K,
        create: impl FnOnce() -> A,
    ) -> &mut A {
        let slot = &mut self.slots[keys.hash(row) as usize % SLOTS];
        let is_same =
            |group: &Group<K, S::Kept, A>| keys.is_same(&group.pair.0, &group.kept, row, key);
        if !slot.as_ref().is_some_and(is_same)
            && let Some(group) = slot.take()
        {
            self.left.push(group.pair);
        }
        &mut slot.get_or_insert_with(|| Group::new(keys, row, key, (create(), ()))).pair.1
    }

    /// Makes all leave.
    pub(super) fn leave(&mut self) {
        let groups = self.slots.iter_mut().filter_map(Option::take);
        self.left.extend(groups.map(|group| group.pair));
    }
}
