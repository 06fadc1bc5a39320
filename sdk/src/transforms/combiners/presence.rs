//! That there is a value.

use crate::element::Element;
use crate::exec::CombineFn;

/// Keeps nothing of the values: what is left of a key is that it occurred.
#[derive(Clone, Copy)]
pub(crate) struct Presence;

impl<V: Element> CombineFn<V> for Presence {
    type Acc = ();
    type Out = ();

    fn create(&self) {}

    #[inline]
    fn add(&self, (): &mut (), _: V) {}

    fn merge(&self, (): &mut (), (): ()) {}

    fn extract(&self, (): ()) {}
}
