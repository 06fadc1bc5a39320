//! The latest value.

use super::mix::hash_of;
use crate::element::Element;
use crate::exec::CombineFn;
use crate::time::Timestamp;

/// The value with the latest timestamp, of pairs of both; nothing of nothing.
///
/// [`PCollection::latest_per_key`](crate::PCollection::latest_per_key) and
/// [`PCollection::latest_globally`](crate::PCollection::latest_globally) make the pairs. Of values
/// with equal timestamps it is always the same one, by their bytes, whatever their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Latest;

impl<V: Element> CombineFn<(V, Timestamp)> for Latest {
    type Acc = Option<(V, Timestamp)>;
    type Out = V;

    fn create(&self) -> Self::Acc {
        None
    }

    #[inline]
    fn add(&self, latest: &mut Self::Acc, (value, timestamp): (V, Timestamp)) {
        let is_later = latest.as_ref().is_none_or(|(other, at)| {
            timestamp > *at || (timestamp == *at && hash_of(&value) > hash_of(other))
        });
        if is_later {
            *latest = Some((value.detached(), timestamp));
        }
    }

    fn merge(&self, latest: &mut Self::Acc, other: Self::Acc) {
        if let Some(other) = other {
            self.add(latest, other);
        }
    }

    fn extract(&self, latest: Self::Acc) -> V {
        latest.expect("a group has at least one value").0
    }

    fn empty(&self) -> Option<V> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_time_have_a_latest_whatever_their_order() {
        let values = [("a", 5), ("b", 7), ("c", 7), ("d", 6)];
        let latest = |order: &mut dyn Iterator<Item = &(&str, i64)>| {
            let mut acc = None;
            order.for_each(|(v, at)| Latest.add(&mut acc, ((*v).to_owned(), Timestamp(*at))));
            Latest.extract(acc)
        };
        let forth = latest(&mut values.iter());
        assert_eq!(forth, latest(&mut values.iter().rev()));
        assert!(forth == "b" || forth == "c");
    }
}
