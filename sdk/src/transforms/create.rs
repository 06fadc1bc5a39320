//! Values that the program itself holds.

use bytes::Bytes;

use crate::coders::Nesting;
use crate::element::Element;
use crate::error::{BoxError, Place};
use crate::exec::{Context, DoFn, try_flat_map_operator};
use crate::graph::{ParDoSpec, Spec};
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::time::Timestamp;

impl Pipeline {
    /// A bounded collection of these values, at the earliest timestamp in the global window. The
    /// values are part of the graph: meant for tests, file names and other small inputs.
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{Pipeline, testing::assert_that};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// let numbers = p.create([1i64, 2, 3]);
    /// # assert_that(&numbers).contains_in_any_order([1, 2, 3]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn create<T: Element>(&self, values: impl IntoIterator<Item = T>) -> PCollection<T> {
        self.create_at(values.into_iter().collect(), &Place::caller())
    }

    fn create_at<T: Element>(&self, values: Vec<T>, place: &Place) -> PCollection<T> {
        let mut constants = Vec::new();
        for value in &values {
            if let Err(error) = value.encode(&mut constants, Nesting::Nested) {
                let message = format!("a value of `create` has no encoding: {error}");
                self.graph.borrow_mut().mistake(message, place.clone(), "");
            }
        }
        self.composite("Create", place.clone(), || {
            let impulse = self.impulse();
            let operator = try_flat_map_operator(move |_: Bytes| Ok(values.clone()));
            let spec = Spec::ParDo(ParDoSpec::new(operator));
            let (node, output) = self.step("Values", place.clone(), spec, impulse.id);
            self.graph.borrow_mut().nodes[node.0].constants = constants.into();
            output
        })
    }
}

impl Pipeline {
    /// [`Pipeline::create`] of values with their event times.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{FixedWindows, Pipeline, Timestamp, testing::assert_that};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// let clicks = p.create_timestamped([(1i64, Timestamp(500)), (1, Timestamp(1500))]);
    /// let per_second = clicks
    ///     .window_into(FixedWindows::of(Duration::from_secs(1)))
    ///     .count_globally();
    /// # assert_that(&per_second).contains_in_any_order([1, 1]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn create_timestamped<T: Element>(
        &self,
        values: impl IntoIterator<Item = (T, Timestamp)>,
    ) -> PCollection<T> {
        let place = Place::caller();
        let values: Vec<_> = values.into_iter().collect();
        self.composite("CreateTimestamped", place.clone(), || {
            let stamp = Stamped(std::marker::PhantomData);
            self.create_at(values, &place).par_do_named("Stamp", place, stamp).main()
        })
    }
}

/// Gives values the timestamps beside them.
struct Stamped<T>(std::marker::PhantomData<fn(T)>);

impl<T> Clone for Stamped<T> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<T: Element> DoFn for Stamped<T> {
    type In = (T, Timestamp);
    type Out = T;
    fn process(&mut self, (value, at): Self::In, cx: &mut Context<T>) -> Result<(), BoxError> {
        cx.output_with_timestamp(value, at);
        Ok(())
    }
}
