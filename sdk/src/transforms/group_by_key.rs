//! The values of each key, together.

use crate::element::Element;
use crate::error::Place;
use crate::exec::{Grouped, grouped_codec};
use crate::graph::Spec;
use crate::pcollection::PCollection;

impl<K: Element, V: Element> PCollection<(K, V)> {
    /// `PCollection<(K, V)> → PCollection<(K, Grouped<V>)>`: the values of each key and window.
    ///
    /// Keys are compared by their encoded bytes. Costs a shuffle; a combination of the values is
    /// cheaper with [`PCollection::combine_per_key`].
    #[track_caller]
    pub fn group_by_key(&self) -> PCollection<(K, Grouped<V>)> {
        let place = Place::caller();
        let input = self.in_own_coder(&place);
        let codec = grouped_codec::<K, V>();
        self.pipeline.step_in("GroupByKey", place, Spec::GroupByKey, input.id, codec).1
    }
}
