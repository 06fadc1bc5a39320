//! How the elements of a collection differ from the expected ones.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::coders::Nesting;
use crate::element::{Element, shown};

/// How many elements of each kind a message shows.
const SHOWN: usize = 10;

/// What is missing and what was not expected.
pub(super) fn difference<T: Element + PartialEq>(
    expected: Vec<T>,
    actual: Vec<T>,
) -> Result<(), String> {
    let (mut missing, left) = unlike_by_bytes(expected, actual);
    let mut unexpected = Vec::new();
    for value in left {
        match missing.iter().position(|other| *other == value) {
            Some(found) => drop(missing.swap_remove(found)),
            None => unexpected.push(value),
        }
    }
    let mut text = String::new();
    describe(&mut text, "missing", &missing);
    describe(&mut text, "not expected", &unexpected);
    if text.is_empty() { Ok(()) } else { Err(text) }
}

/// What is left of both when elements of equal bytes are taken out in pairs: in a collection of
/// many elements, each of them cannot be compared with each other.
fn unlike_by_bytes<T: Element>(expected: Vec<T>, mut actual: Vec<T>) -> (Vec<T>, Vec<T>) {
    let mut by_bytes: BTreeMap<Vec<u8>, Vec<T>> = BTreeMap::new();
    let mut odd = Vec::new();
    for value in expected {
        match bytes(&value) {
            Some(bytes) => by_bytes.entry(bytes).or_default().push(value),
            None => odd.push(value),
        }
    }
    let mut has_pair = |value: &T| {
        let equal = bytes(value).and_then(|bytes| by_bytes.get_mut(&bytes));
        equal.and_then(Vec::pop).is_some()
    };
    actual.retain(|value| !has_pair(value));
    odd.extend(by_bytes.into_values().flatten());
    (odd, actual)
}

fn bytes<T: Element>(value: &T) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes, Nesting::Nested).ok().map(|()| bytes)
}

pub(super) fn describe<T: Element>(text: &mut String, what: &str, values: &[T]) {
    if values.is_empty() {
        return;
    }
    let separator = if text.is_empty() { "" } else { "; " };
    let (count, plural) = (values.len(), if values.len() == 1 { "" } else { "s" });
    let list = values.iter().take(SHOWN).map(shown).collect::<Vec<_>>().join(", ");
    let more = if count > SHOWN { ", …" } else { "" };
    // Writing to a string cannot fail.
    let _ = write!(text, "{separator}{count} element{plural} {what}: {list}{more}");
}

/// The keys that pairs have more than once, as a map would not.
pub(super) fn repeated_keys<K: Element, V: Element>(pairs: &[(K, V)]) -> Result<(), String> {
    let mut counts: BTreeMap<Vec<u8>, (usize, &K)> = BTreeMap::new();
    for (key, _) in pairs {
        if let Some(bytes) = bytes(key) {
            counts.entry(bytes).or_insert((0, key)).0 += 1;
        }
    }
    let repeated: Vec<K> =
        counts.into_values().filter(|(count, _)| *count > 1).map(|(_, key)| key.clone()).collect();
    let mut text = String::new();
    describe(&mut text, "as more than one key", &repeated);
    if text.is_empty() { Ok(()) } else { Err(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_counts_each_occurrence() {
        assert_eq!(difference(vec![1i64, 2, 2], vec![2, 1, 2]), Ok(()));
        let text = difference(vec![1i64, 2], vec![2, 2]).expect_err("they differ");
        assert_eq!(text, "1 element missing: 1; 1 element not expected: 2");
        let text = difference((0i64..20).collect(), vec![]).expect_err("they differ");
        assert_eq!(text, "20 elements missing: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …");
    }
}
