//! What elements carry beside their values, as values.

use std::marker::PhantomData;
use std::sync::Arc;

use purlin_derive::Element;

use super::Latest;
use crate::element::Element;
use crate::error::{BoxError, Place};
use crate::exec::{Context, DoFn, per_window_operator};
use crate::graph::{ParDoSpec, Spec};
use crate::pcollection::PCollection;
use crate::time::Timestamp;
use crate::window::{PaneInfo, Stamp, Window};

/// A value in one window, with all that it carries.
#[derive(Clone, PartialEq, Eq, Debug, Element)]
#[element(crate = "purlin_sdk")]
pub struct ValueInSingleWindow<T> {
    /// The value.
    pub value: T,
    /// Its event time.
    pub timestamp: Timestamp,
    /// Its window.
    pub window: Window,
    /// The firing that it came from.
    pub pane: PaneInfo,
}

impl<T: Element> PCollection<T> {
    /// `PCollection<T> → PCollection<(T, Timestamp)>`: each element with its event time.
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{Pipeline, Timestamp, testing::assert_that};
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// let numbers = p.create([1i64, 2]).with_timestamps(|n| Timestamp(n * 1000));
    /// assert_that(&numbers.reify_timestamps())
    ///     .contains_in_any_order([(1, Timestamp(1000)), (2, Timestamp(2000))]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn reify_timestamps(&self) -> PCollection<(T, Timestamp)> {
        self.reify_timestamps_at("ReifyTimestamps", Place::caller(), |value, at| (value, at))
    }

    /// `PCollection<T> → PCollection<ValueInSingleWindow<T>>`: each element with its event time,
    /// window and pane; one in several windows once for each.
    #[track_caller]
    pub fn reify_windows(&self) -> PCollection<ValueInSingleWindow<T>> {
        let operator = per_window_operator(|value: T, stamp: &Stamp| {
            let window = stamp.windows.as_slice().first()?.clone();
            Some(ValueInSingleWindow {
                value,
                timestamp: stamp.timestamp,
                window,
                pane: stamp.pane,
            })
        });
        let spec = Spec::ParDo(ParDoSpec::new(operator));
        self.pipeline.step("ReifyWindows", Place::caller(), spec, self.id).1
    }

    /// `PCollection<T> → PCollection<T>`: the element with the latest event time of each window,
    /// if there is one.
    #[track_caller]
    pub fn latest_globally(&self) -> Self {
        let place = Place::caller();
        self.pipeline.composite("LatestGlobally", place.clone(), || {
            let timed = self.reify_timestamps_at("Timestamps", place, |value, at| (value, at));
            timed.combine_globally(Latest)
        })
    }

    fn reify_timestamps_at<O: Element>(
        &self,
        name: &str,
        place: Place,
        f: impl Fn(T, Timestamp) -> O + Send + Sync + 'static,
    ) -> PCollection<O> {
        let with = Timed { f: Arc::new(f), types: PhantomData::<fn(T) -> O> };
        self.par_do_named(name, place, with).main()
    }
}

impl<K: Element, V: Element> PCollection<(K, V)> {
    /// `PCollection<(K, V)> → PCollection<(K, V)>`: the value with the latest event time of each key
    /// and window.
    #[track_caller]
    pub fn latest_per_key(&self) -> Self {
        let place = Place::caller();
        self.pipeline.composite("LatestPerKey", place.clone(), || {
            let with = |(key, value), at| (key, (value, at));
            let timed = self.reify_timestamps_at("Timestamps", place.clone(), with);
            timed.combine_per_key_at(Latest, &place)
        })
    }
}

struct Timed<F, T, O> {
    f: Arc<F>,
    types: PhantomData<fn(T) -> O>,
}

impl<F, T, O> Clone for Timed<F, T, O> {
    fn clone(&self) -> Self {
        Self { f: Arc::clone(&self.f), types: PhantomData }
    }
}

impl<F, T, O> DoFn for Timed<F, T, O>
where
    F: Fn(T, Timestamp) -> O + Send + Sync + 'static,
    T: Element,
    O: Element,
{
    type In = T;
    type Out = O;

    fn process(&mut self, element: T, cx: &mut Context<O>) -> Result<(), BoxError> {
        let output = (self.f)(element, cx.timestamp());
        cx.output(output);
        Ok(())
    }
}
