//! Elements that take back what earlier ones said.

use std::marker::PhantomData;

use crate::element::Element;
use crate::error::{BoxError, Place};
use crate::exec::{Context, DoFn};
use crate::graph::{RETRACTION_HELP, retraction_mistake};
use crate::pcollection::PCollection;
use crate::window::ValueKind;

impl<T: Element> PCollection<T> {
    /// `PCollection<T> → PCollection<(T, ValueKind)>`: each element with whether it is new or takes
    /// back what came before. The pairs themselves are plain elements, which any transform takes.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use purlin_sdk::{FixedWindows, PCollection, Pipeline, Trigger, ValueKind};
    /// # let p = Pipeline::new();
    /// # let sales = p.create([("tea".to_owned(), 3i64)]);
    /// let windows = FixedWindows::of(Duration::from_secs(60))
    ///     .triggering(Trigger::after_count(1).repeatedly())
    ///     .retracting();
    /// let totals = sales.window_into(windows).combine_per_key(purlin_sdk::transforms::Sum);
    /// let changes: PCollection<((String, i64), ValueKind)> = totals.with_value_kinds();
    /// # assert!(p.seal().is_ok());
    /// ```
    #[track_caller]
    pub fn with_value_kinds(&self) -> PCollection<(T, ValueKind)> {
        let place = Place::caller();
        let pairs = self.par_do_named("WithValueKinds", place, WithValueKinds(PhantomData)).main();
        self.pipeline.graph.borrow_mut().collections[pairs.id.0].retracts = false;
        pairs
    }

    /// For sinks: refuses a collection whose elements may take back what earlier ones said, with a
    /// mistake at the transform that is being applied. Returns whether it did.
    pub fn refuse_retractions(&self) -> bool {
        let retracts = self.pipeline.graph.borrow().collections[self.id.0].retracts;
        if retracts {
            self.pipeline.mistake(retraction_mistake("this sink"), RETRACTION_HELP);
        }
        retracts
    }
}

struct WithValueKinds<T>(PhantomData<fn(T)>);

impl<T> Clone for WithValueKinds<T> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<T: Element> DoFn for WithValueKinds<T> {
    type In = T;
    type Out = (T, ValueKind);

    fn process(&mut self, element: T, cx: &mut Context<(T, ValueKind)>) -> Result<(), BoxError> {
        let kind = cx.value_kind();
        cx.make_plain();
        cx.output((element, kind));
        Ok(())
    }
}
