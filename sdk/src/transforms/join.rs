//! Joins of two collections by their keys.

use crate::element::Element;
use crate::error::Place;
use crate::exec::{Grouped, try_flat_map_operator};
use crate::graph::{ParDoSpec, Spec};
use crate::pcollection::PCollection;

/// The values of a key in two collections.
type Both<K, V, W> = (K, (Grouped<V>, Grouped<W>));

impl<K: Element, V: Element> PCollection<(K, V)> {
    /// `PCollection<(K, V)>, PCollection<(K, W)> → PCollection<(K, (V, W))>`: each value with each
    /// value of the same key and window in `other`. Keys that one of them lacks are left out.
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{Pipeline, testing::assert_that};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// let names = p.create([(1i64, "anna".to_owned()), (2, "ben".to_owned())]);
    /// let visits = p.create([(1i64, 30i64), (1, 40), (3, 50)]);
    /// let joined = names.inner_join(&visits);
    /// assert_that(&joined)
    ///     .contains_in_any_order([(1, ("anna".to_owned(), 30)), (1, ("anna".to_owned(), 40))]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn inner_join<W: Element>(&self, other: &PCollection<(K, W)>) -> PCollection<(K, (V, W))> {
        self.join("InnerJoin", Place::caller(), other, |(key, (left, right))| {
            left.into_iter().flat_map(move |v| {
                let key = key.clone();
                right.iter().map(move |w| (key.clone(), (v.clone(), w)))
            })
        })
    }

    /// [`PCollection::inner_join`] that keeps all values of this collection: with `None` where
    /// `other` has none.
    #[track_caller]
    pub fn left_join<W: Element>(
        &self,
        other: &PCollection<(K, W)>,
    ) -> PCollection<(K, (V, Option<W>))> {
        self.join("LeftJoin", Place::caller(), other, |(key, (left, right))| {
            left.into_iter().flat_map(move |v| {
                let key = key.clone();
                or_none(&right).map(move |w| (key.clone(), (v.clone(), w)))
            })
        })
    }

    /// [`PCollection::inner_join`] that keeps all values of `other`: with `None` where this
    /// collection has none.
    #[track_caller]
    pub fn right_join<W: Element>(
        &self,
        other: &PCollection<(K, W)>,
    ) -> PCollection<(K, (Option<V>, W))> {
        self.join("RightJoin", Place::caller(), other, |(key, (left, right))| {
            right.into_iter().flat_map(move |w| {
                let key = key.clone();
                or_none(&left).map(move |v| (key.clone(), (v, w.clone())))
            })
        })
    }

    /// [`PCollection::inner_join`] that keeps all values of both collections: with `None` where the
    /// other has none.
    #[track_caller]
    pub fn full_join<W: Element>(
        &self,
        other: &PCollection<(K, W)>,
    ) -> PCollection<(K, (Option<V>, Option<W>))> {
        self.join("FullJoin", Place::caller(), other, |(key, (left, right))| {
            or_none(&left).flat_map(move |v| {
                let key = key.clone();
                or_none(&right).map(move |w| (key.clone(), (v.clone(), w)))
            })
        })
    }

    fn join<W, I>(
        &self,
        name: &str,
        place: Place,
        other: &PCollection<(K, W)>,
        pairs: impl Fn(Both<K, V, W>) -> I + Send + Sync + 'static,
    ) -> PCollection<I::Item>
    where
        W: Element,
        I: IntoIterator + 'static,
        I::Item: Element,
    {
        self.pipeline.composite(name, place.clone(), || {
            let groups = self.co_group_at(other, &place);
            let operator = try_flat_map_operator(move |both| Ok(pairs(both)));
            let spec = Spec::ParDo(ParDoSpec::new(operator));
            self.pipeline.step("Pairs", place, spec, groups.id).1
        })
    }
}

/// The values of a group, or one `None` if there are none.
fn or_none<V: Element>(group: &Grouped<V>) -> impl Iterator<Item = Option<V>> + use<V> {
    let none = group.is_empty().then_some(None);
    group.iter().map(Some).chain(none)
}
