//! `par_do_stateful`: a [`StatefulDoFn`] over the values of each key.

use std::sync::Arc;

use super::ParDoOutput;
use crate::element::Element;
use crate::error::Place;
use crate::exec::{SideOpeners, StatefulDoFn, stateful_operator};
use crate::graph::{ParDoSpec, Spec, StatefulSpec};
use crate::pcollection::PCollection;
use crate::state::StateSpecs;

impl<K: Element, V: Element> PCollection<(K, V)> {
    /// `PCollection<(K, V)> → PCollection<D::Out>`: applies a [`StatefulDoFn`], which `new` makes
    /// of the state cells and timers that it declares. The result dereferences to its main output;
    /// further ones are read with [`ParDoOutput::tagged`].
    ///
    /// Keys are compared by their encoded bytes. Costs a shuffle, and what is stored. In a streaming
    /// pipeline it must be [named](ParDoOutput::named): state is found again by the name.
    #[track_caller]
    pub fn par_do_stateful<D>(&self, new: impl FnOnce(&mut StateSpecs) -> D) -> ParDoOutput<D::Out>
    where
        D: StatefulDoFn<Key = K, In = V>,
    {
        let place = Place::caller();
        let mut specs = StateSpecs::default();
        let do_fn = new(&mut specs);
        let spec = stateful_spec(do_fn, specs, Vec::new());
        let input = self.in_own_coder(&place);
        let name = super::name_of::<D>();
        let (node, main) = self.pipeline.step(&name, place, Spec::ParDo(spec), input.id);
        ParDoOutput::new(node, main)
    }
}

pub(super) fn stateful_spec<D: StatefulDoFn>(
    do_fn: D,
    specs: StateSpecs,
    sides: SideOpeners,
) -> ParDoSpec {
    let specs = Arc::new(specs);
    let mut spec = ParDoSpec::new(stateful_operator(do_fn, Arc::clone(&specs), sides));
    // Whether a DoFn registers calls for the commit shows only when it runs.
    spec.finalizes = true;
    spec.accepts_retractions = false;
    spec.stateful = Some(StatefulSpec {
        specs,
        key: D::Key::coder_spec(),
        requires_time_sorted_input: D::REQUIRES_TIME_SORTED_INPUT,
        requires_stable_input: D::REQUIRES_STABLE_INPUT,
        has_on_window_expiration: D::HAS_ON_WINDOW_EXPIRATION,
    });
    spec
}
