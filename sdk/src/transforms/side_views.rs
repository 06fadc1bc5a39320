//! The views of collections as side inputs.

use std::hash::Hash;
use std::sync::Arc;

use super::View;
use crate::element::{Element, shown};
use crate::error::{Failure, Place};
use crate::exec::{Fold, SideIter, SideMap, ViewFn, elements_view_fn, map_view_fn, view_fn};
use crate::pcollection::PCollection;

impl<T: Element> PCollection<T> {
    fn view<V: 'static>(
        &self,
        f: impl Fn(Vec<T>, bool) -> Result<V, Box<Failure>> + Send + Sync + 'static,
    ) -> View<V> {
        View { pipeline: self.pipeline.clone(), collection: self.id, view: view_fn(f) }
    }

    /// All elements of a window, as a side input that is read while it is looked at: it may be
    /// larger than memory.
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{Pipeline, Text, testing::assert_that};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// # let words = p.create(["the", "sea"].map(Text::from));
    /// let stop_words = p.create(["the", "a"].map(Text::from)).as_iter();
    /// let telling =
    ///     words.with_side_input(stop_words).filter(|word, stop_words| !stop_words.contains(word));
    /// # assert_that(&telling).contains_in_any_order(["sea".into()]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn as_iter(&self) -> View<SideIter<T>> {
        View { pipeline: self.pipeline.clone(), collection: self.id, view: elements_view_fn() }
    }

    /// All elements of a window as a list in memory, as a side input. The list keeps the order of its elements while it does not change, which makes positions in
    /// it useful; the order itself has no meaning.
    pub fn as_list(&self) -> View<Vec<T>> {
        self.view(|values, _| Ok(values))
    }

    /// The one element of a window, as a side input: the latest where a trigger lets a window have
    /// several panes. Otherwise a window with none or with several fails the job.
    #[track_caller]
    pub fn as_singleton(&self) -> View<T> {
        let place = Place::caller();
        self.view(move |values, is_latest| {
            let single = single(values, is_latest, &place)?;
            single.ok_or_else(|| not_single(0, &place))
        })
    }

    /// The one element of a window, or `default` where there is none, as a side input: the latest
    /// where a trigger lets a window have several panes. Otherwise a window with several fails the
    /// job.
    #[track_caller]
    pub fn as_singleton_or(&self, default: T) -> View<T> {
        let place = Place::caller();
        self.view(move |values, is_latest| {
            let single = single(values, is_latest, &place)?;
            Ok(single.unwrap_or_else(|| default.clone()))
        })
    }
}

fn single<T>(
    mut values: Vec<T>,
    is_latest: bool,
    place: &Place,
) -> Result<Option<T>, Box<Failure>> {
    let last = values.pop();
    if values.is_empty() || is_latest {
        return Ok(last);
    }
    Err(not_single(values.len() + 1, place))
}

fn not_single(count: usize, place: &Place) -> Box<Failure> {
    let text = format!("the singleton made at {place} has {count} elements in this window");
    let mut failure = Failure::new(text);
    let help = if count == 0 {
        "give it a default with `as_singleton_or`, or use `as_iter`"
    } else {
        "combine its elements into one first, or use `as_iter`"
    };
    failure.help = Some(help.to_owned());
    failure
}

impl<K: Element + Eq + Hash, V: Element> PCollection<(K, V)> {
    /// The pairs of a window as a map, as a side input: keys are looked up when they are asked for.
    /// Where a trigger lets a window have several panes, the latest value of a key counts; otherwise
    /// a key that occurs twice fails the job, at the latest when it is looked up.
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{Pipeline, testing::assert_that};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// # let orders = p.create([("EUR".to_owned(), 2.0)]);
    /// let rates = p.create([("EUR".to_owned(), 1.5)]).as_map();
    /// let dollars = orders
    ///     .with_side_input(rates)
    ///     .map(|(currency, amount), rates| amount * rates[&currency]);
    /// # assert_that(&dollars).contains_in_any_order([3.0]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn as_map(&self) -> View<SideMap<K, V>> {
        let (place, at) = (Place::caller(), Place::caller());
        let fold = Fold::new(move |key: &K, mut values: Vec<V>, is_latest: bool| {
            match (values.pop(), values.is_empty() || is_latest) {
                (Some(value), true) => Ok(value),
                _ => Err(twice(key, &at)),
            }
        });
        self.by_key(map_view_fn(fold), &place)
    }

    /// The values of each key of a window, as a side input: keys are looked up when they are asked
    /// for. The values of one key must fit in memory, those of all need not.
    #[track_caller]
    pub fn as_multimap(&self) -> View<SideMap<K, Vec<V>>> {
        self.by_key(map_view_fn(Fold::new(|_: &K, values: Vec<V>, _| Ok(values))), &Place::caller())
    }

    /// A view that asks for keys by their bytes, which are those of their type's own coder.
    fn by_key<W>(&self, view: Arc<dyn ViewFn<W>>, place: &Place) -> View<W> {
        let pairs = self.in_own_coder(place);
        View { pipeline: pairs.pipeline, collection: pairs.id, view }
    }
}

fn twice<K: Element>(key: &K, place: &Place) -> Box<Failure> {
    let key = shown(key);
    let text = format!("the map made at {place} has the key {key} twice in this window");
    let mut failure = Failure::new(text);
    failure.help = Some("combine the values of each key first, or use `as_multimap`".to_owned());
    failure
}
