//! The values of each key in several collections, together.

use crate::element::Element;
use crate::error::Place;
use crate::exec::{Grouped, map_operator};
use crate::graph::{ParDoSpec, Spec};
use crate::pcollection::PCollection;

/// What [`co_group_by_key`](PCollection::co_group_by_key) takes: a reference to another collection
/// with the same keys, or a tuple of up to seven.
#[diagnostic::on_unimplemented(
    message = "collections with keys of type `{K}` cannot be grouped together with `{Self}`",
    note = "pass `&other`, or a tuple of at most seven references to collections of pairs whose keys are of type `{K}`"
)]
pub trait CoGroup<K, V>: private::Sealed {
    /// The groups of all collections.
    type Groups: Element;

    #[doc(hidden)]
    fn co_group(self, first: &PCollection<(K, V)>, place: &Place)
    -> PCollection<(K, Self::Groups)>;
}

mod private {
    pub trait Sealed {}
}

impl<K: Element, V: Element> PCollection<(K, V)> {
    /// `PCollection<(K, V)>, PCollection<(K, W)> → PCollection<(K, (Grouped<V>, Grouped<W>))>`: the
    /// values of each key and window in both collections, or in up to eight.
    ///
    /// A key that a collection lacks has an empty group there. All must have the same windows.
    /// Costs one shuffle of all of them.
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{Pipeline, testing::assert_that};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// let mails = p.create([("anna".to_owned(), "anna@a.example".to_owned())]);
    /// let visits = p.create([("anna".to_owned(), 3i64), ("ben".to_owned(), 4)]);
    /// let known = mails
    ///     .co_group_by_key(&visits)
    ///     .map(|(name, (mails, visits))| (name, !mails.is_empty(), visits.iter().sum::<i64>()));
    /// # assert_that(&known)
    /// #     .contains_in_any_order([("anna".to_owned(), true, 3), ("ben".to_owned(), false, 4)]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn co_group_by_key<C: CoGroup<K, V>>(&self, others: C) -> PCollection<(K, C::Groups)> {
        self.co_group_at(others, &Place::caller())
    }

    pub(crate) fn co_group_at<C: CoGroup<K, V>>(
        &self,
        others: C,
        place: &Place,
    ) -> PCollection<(K, C::Groups)> {
        let expand = || others.co_group(self, place);
        self.pipeline.composite("CoGroupByKey", place.clone(), expand)
    }
}

/// One collection of a union: its values are told apart by their place in a tuple of options.
fn tagged<K: Element, V: Element, U: Element>(
    collection: &PCollection<(K, V)>,
    place: &Place,
    tag: impl Fn(V) -> U + Send + Sync + 'static,
) -> PCollection<(K, U)> {
    let operator = map_operator(move |(key, value): (K, V)| (key, tag(value)));
    let spec = Spec::ParDo(ParDoSpec::new(operator));
    collection.pipeline.step("Tag", place.clone(), spec, collection.id).1
}

/// The groups of the union of `collections`, divided.
fn divided<K: Element, U: Element, G: Element>(
    first: &PCollection<(K, U)>,
    others: impl IntoIterator<Item = PCollection<(K, U)>>,
    place: &Place,
    divide: impl Fn(Grouped<U>) -> G + Send + Sync + 'static,
) -> PCollection<(K, G)> {
    let all = first.flatten_at(others, place);
    let pipeline = &first.pipeline;
    let (_, groups): (_, PCollection<(K, Grouped<U>)>) =
        pipeline.step("GroupByKey", place.clone(), Spec::GroupByKey, all.id);
    let operator = map_operator(move |(key, group): (K, Grouped<U>)| (key, divide(group)));
    let spec = Spec::ParDo(ParDoSpec::new(operator));
    pipeline.step("Divide", place.clone(), spec, groups.id).1
}

impl<K, B> private::Sealed for &PCollection<(K, B)> {}

impl<K: Element, A: Element, B: Element> CoGroup<K, A> for &PCollection<(K, B)> {
    type Groups = (Grouped<A>, Grouped<B>);

    fn co_group(self, a: &PCollection<(K, A)>, place: &Place) -> PCollection<(K, Self::Groups)> {
        (self,).co_group(a, place)
    }
}

macro_rules! co_group {
    ($($other:ident $index:tt $at:tt),*) => {
        impl<K, $($other),*> private::Sealed for ($(&PCollection<(K, $other)>,)*) {}

        impl<K: Element, A: Element, $($other: Element),*> CoGroup<K, A>
            for ($(&PCollection<(K, $other)>,)*)
        {
            type Groups = (Grouped<A>, $(Grouped<$other>),*);

            fn co_group(
                self,
                first: &PCollection<(K, A)>,
                place: &Place,
            ) -> PCollection<(K, Self::Groups)> {
                type Union<A, $($other),*> = (Option<A>, $(Option<$other>),*);
                let none: fn() -> Union<A, $($other),*> = Default::default;
                let first = tagged(first, place, move |value| {
                    let mut union = none();
                    union.0 = Some(value);
                    union
                });
                let others = [$(tagged(self.$index, place, move |value| {
                    let mut union = none();
                    union.$at = Some(value);
                    union
                })),*];
                divided(&first, others, place, |group: Grouped<Union<A, $($other),*>>| {
                    (
                        group.iter().filter_map(|union| union.0).collect(),
                        $(group.iter().filter_map(|union| union.$at).collect()),*
                    )
                })
            }
        }
    };
}

co_group!(B 0 1);
co_group!(B 0 1, C 1 2);
co_group!(B 0 1, C 1 2, D 2 3);
co_group!(B 0 1, C 1 2, D 2 3, E 3 4);
co_group!(B 0 1, C 1 2, D 2 3, E 3 4, F 4 5);
co_group!(B 0 1, C 1 2, D 2 3, E 3 4, F 4 5, G 5 6);
co_group!(B 0 1, C 1 2, D 2 3, E 3 4, F 4 5, G 5 6, H 6 7);
