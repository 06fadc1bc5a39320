//! All values together.

use crate::element::Element;
use crate::exec::CombineFn;

/// All values as a `Vec`, in any order. They must fit in memory; `group_by_key` needs not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ToList;

impl<V: Element> CombineFn<V> for ToList {
    type Acc = Vec<V>;
    type Out = Vec<V>;

    fn create(&self) -> Vec<V> {
        Vec::new()
    }

    fn add(&self, list: &mut Vec<V>, value: V) {
        list.push(value.detached());
    }

    fn merge(&self, list: &mut Vec<V>, mut other: Vec<V>) {
        list.append(&mut other);
    }

    fn extract(&self, list: Vec<V>) -> Vec<V> {
        list
    }
}
