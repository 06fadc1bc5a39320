//! DoFns that read side inputs.

use super::par_do::{do_fn_spec, splittable_spec};
use super::par_do_stateful::stateful_spec;
use super::{ParDoOutput, Views, WithSideInputs};
use crate::element::Element;
use crate::error::Place;
use crate::exec::{DoFn, SplittableDoFn, StatefulDoFn};
use crate::state::StateSpecs;

impl<T: Element, W: Views> WithSideInputs<T, W> {
    /// [`PCollection::par_do`](crate::PCollection::par_do) with side inputs: `new` makes the DoFn
    /// of their handles, which [`Context::side`](crate::Context::side) reads. Where their windows
    /// differ, an element in several windows is processed once for each.
    ///
    /// ```
    /// # use purlin_runner_direct::DirectRunner;
    /// # use purlin_sdk::{BoxError, Context, DoFn, Pipeline, SideView, testing::assert_that};
    /// #[derive(Clone)]
    /// struct AboveFloor {
    ///     floor: SideView<i64>,
    /// }
    ///
    /// impl DoFn for AboveFloor {
    ///     type In = i64;
    ///     type Out = i64;
    ///     fn process(&mut self, n: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
    ///         if n > *cx.side(&self.floor)? {
    ///             cx.output(n);
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # fn main() -> purlin_sdk::Result<()> {
    /// # let p = Pipeline::new();
    /// # let numbers = p.create([1i64, 5, 9]);
    /// let floor = p.create([4i64]).as_singleton();
    /// let above = numbers.with_side_input(floor).par_do(|floor| AboveFloor { floor });
    /// # assert_that(&above).contains_in_any_order([5, 9]);
    /// # p.run_with(&DirectRunner::default())?;
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn par_do<D: DoFn<In = T>>(
        &self,
        new: impl FnOnce(W::Handles) -> D,
    ) -> ParDoOutput<D::Out> {
        let spec = do_fn_spec(new(self.views.handles()), self.views.openers().0);
        let name = super::name_of::<D>();
        let (node, main) = self.add(&name, Place::caller(), spec, self.input.id);
        ParDoOutput::new(node, main)
    }

    /// [`PCollection::par_do_splittable`](crate::PCollection::par_do_splittable) with side inputs:
    /// `new` makes the function of their handles, which it may read while it processes.
    #[track_caller]
    pub fn par_do_splittable<D: SplittableDoFn<In = T>>(
        &self,
        new: impl FnOnce(W::Handles) -> D,
        is_bounded: bool,
    ) -> ParDoOutput<D::Out> {
        let spec = splittable_spec(new(self.views.handles()), self.views.openers().0);
        let name = super::name_of::<D>();
        let (node, main) = self.add(&name, Place::caller(), spec, self.input.id);
        ParDoOutput::new(node, main).bounded(is_bounded)
    }
}

impl<K: Element, V: Element, W: Views> WithSideInputs<(K, V), W> {
    /// [`PCollection::par_do_stateful`](crate::PCollection::par_do_stateful) with side inputs:
    /// `new` makes the function of its state cells and timers, and of the handles of its side
    /// inputs.
    #[track_caller]
    pub fn par_do_stateful<D>(
        &self,
        new: impl FnOnce(&mut StateSpecs, W::Handles) -> D,
    ) -> ParDoOutput<D::Out>
    where
        D: StatefulDoFn<Key = K, In = V>,
    {
        let place = Place::caller();
        let mut specs = StateSpecs::default();
        let do_fn = new(&mut specs, self.views.handles());
        let spec = stateful_spec(do_fn, specs, self.views.openers().0);
        let input = self.input.in_own_coder(&place);
        let (node, main) = self.add(&super::name_of::<D>(), place, spec, input.id);
        ParDoOutput::new(node, main)
    }
}
