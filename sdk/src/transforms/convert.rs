//! Small changes of elements that most programs need.

use std::fmt::Display;

use crate::element::Element;
use crate::error::Place;
use crate::exec::{map_operator, try_flat_map_operator};
use crate::graph::{ParDoSpec, Spec};
use crate::pcollection::PCollection;

impl<T: Element> PCollection<T> {
    /// `PCollection<T> → PCollection<String>`: each element as text, as `format!("{}")` gives it.
    #[track_caller]
    pub fn to_strings(&self) -> PCollection<String>
    where
        T: Display,
    {
        let spec = Spec::ParDo(ParDoSpec::new(map_operator(|value: T| value.to_string())));
        self.pipeline.step("ToString", Place::caller(), spec, self.id).1
    }

    /// `PCollection<Vec<O>> → PCollection<O>`: the elements of each list, group, option or other
    /// iterable.
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{Pipeline, testing::assert_that};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// let numbers = p.create([vec![1i64, 2], vec![], vec![3]]).flatten_iterables();
    /// assert_that(&numbers).contains_in_any_order([1, 2, 3]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn flatten_iterables(&self) -> PCollection<T::Item>
    where
        T: IntoIterator,
        T::Item: Element,
    {
        let spec = Spec::ParDo(ParDoSpec::new(try_flat_map_operator(|values: T| Ok(values))));
        self.pipeline.step("FlattenIterables", Place::caller(), spec, self.id).1
    }
}
