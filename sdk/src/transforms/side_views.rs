//! The views of collections as side inputs.

use std::collections::HashMap;
use std::hash::Hash;

use super::View;
use crate::element::{Element, shown};
use crate::error::{Failure, Place};
use crate::exec::view_fn;
use crate::pcollection::PCollection;

impl<T: Element> PCollection<T> {
    fn view<V: 'static>(
        &self,
        f: impl Fn(Vec<T>, bool) -> Result<V, Box<Failure>> + Send + Sync + 'static,
    ) -> View<V> {
        View { pipeline: self.pipeline.clone(), collection: self.id, view: view_fn(f) }
    }

    /// All elements of a window, as a side input.
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
    pub fn as_iter(&self) -> View<Vec<T>> {
        self.as_list()
    }

    /// All elements of a window as a list, as a side input: what [`as_iter`](Self::as_iter) gives.
    /// The list keeps the order of its elements while it does not change, which makes positions in
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
    /// The pairs of a window as a map, as a side input. Where a trigger lets a window have several
    /// panes, the latest value of a key counts; otherwise a key that occurs twice fails the job.
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
    pub fn as_map(&self) -> View<HashMap<K, V>> {
        let place = Place::caller();
        self.view(move |pairs: Vec<(K, V)>, is_latest| {
            let mut map = HashMap::with_capacity(pairs.len());
            for (key, value) in pairs {
                if !is_latest && map.contains_key(&key) {
                    return Err(twice(&key, &place));
                }
                map.insert(key, value);
            }
            Ok(map)
        })
    }

    /// The values of each key of a window, as a side input.
    pub fn as_multimap(&self) -> View<HashMap<K, Vec<V>>> {
        self.view(|pairs: Vec<(K, V)>, _| {
            let mut map: HashMap<K, Vec<V>> = HashMap::new();
            pairs.into_iter().for_each(|(key, value)| map.entry(key).or_default().push(value));
            Ok(map)
        })
    }
}

fn twice<K: Element>(key: &K, place: &Place) -> Box<Failure> {
    let key = shown(key);
    let text = format!("the map made at {place} has the key {key} twice in this window");
    let mut failure = Failure::new(text);
    failure.help = Some("combine the values of each key first, or use `as_multimap`".to_owned());
    failure
}
