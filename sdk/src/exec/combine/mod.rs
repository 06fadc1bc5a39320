//! Combining values: the user's function, and the parts that it plays before and after a shuffle.

mod group;
mod keys;
mod merge;
mod precombine;
mod recent;
mod table;
mod tables;
#[cfg(test)]
mod tests;

use std::marker::PhantomData;
use std::sync::Arc;

use precombine::precombine;

use super::codec::codec_of;
use super::elementwise::map_unit;
use super::grouped_codec::grouped_codec;
use super::table::{Edge, Operator, Role};
use super::unit::{Unit, UnitResult, UnitSpec};
use super::{Failure, Grouped, PortCodec};
use crate::element::Element;

/// How many values become one, in any order and grouping.
///
/// Values are added to accumulators, accumulators of different workers and firings are merged, and
/// the result is extracted at the end: `merge` must be associative and commutative, and an
/// accumulator that was just created must change nothing that it is merged with. Accumulators
/// travel between workers, so they are [`Element`]s.
///
/// ```
/// use purlin_sdk::CombineFn;
///
/// /// The longest of all words, by its length.
/// #[derive(Clone)]
/// struct LongestWord;
///
/// impl CombineFn<String> for LongestWord {
///     type Acc = u64;
///     type Out = u64;
///     fn create(&self) -> u64 {
///         0
///     }
///     fn add(&self, longest: &mut u64, word: String) {
///         *longest = (*longest).max(word.len() as u64);
///     }
///     fn merge(&self, longest: &mut u64, other: u64) {
///         *longest = (*longest).max(other);
///     }
///     fn extract(&self, longest: u64) -> u64 {
///         longest
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot combine values of type `{V}`",
    label = "not a `CombineFn<{V}>`",
    note = "use a combiner such as `Sum`, `Count`, `Mean`, `Min`, `Max`, `Top::largest(n)` or `ToList`, or implement `CombineFn<{V}>`"
)]
pub trait CombineFn<V>: Clone + Send + Sync + 'static {
    /// What stands for the values so far.
    type Acc: Element;
    /// The result.
    type Out: Element;

    /// The accumulator of no values.
    fn create(&self) -> Self::Acc;

    /// Adds a value.
    fn add(&self, acc: &mut Self::Acc, value: V);

    /// Adds the values of another accumulator.
    fn merge(&self, acc: &mut Self::Acc, other: Self::Acc);

    /// The result of the values of an accumulator.
    fn extract(&self, acc: Self::Acc) -> Self::Out;

    /// The result of no values at all; `None` where there is none, as of a maximum.
    fn empty(&self) -> Option<Self::Out> {
        Some(self.extract(self.create()))
    }
}

/// The operator of a combination per key.
pub(crate) fn combine_operator<K, V, F>(f: F) -> Arc<dyn Operator>
where
    K: Element,
    V: Element,
    F: CombineFn<V>,
{
    Arc::new(Combine { f, types: PhantomData::<fn(K, V)> })
}

struct Combine<K, V, F> {
    f: F,
    types: PhantomData<fn(K, V)>,
}

impl<K: Element, V: Element, F: CombineFn<V>> Operator for Combine<K, V, F> {
    fn unit(&self, role: Role, spec: &UnitSpec<'_>) -> UnitResult<Box<dyn Unit>> {
        let f = self.f.clone();
        Ok(match role {
            Role::Precombine => return precombine::<K, V, F>(f, spec),
            Role::MergeAccumulators => merge::merge::<K, V, F>(f, spec),
            Role::ExtractOutputs => {
                let extract = move |(key, acc): (K, F::Acc)| (key, f.extract(acc));
                map_unit(Arc::new(extract), spec)
            }
            Role::ConvertToAccumulators => {
                let convert = move |(key, value): (K, V)| (key, added(&f, [value]));
                map_unit(Arc::new(convert), spec)
            }
            Role::CombineGroupedValues => {
                let combine =
                    move |(key, group): (K, Grouped<V>)| (key, f.extract(added(&f, group)));
                map_unit(Arc::new(combine), spec)
            }
            other => {
                return Err(Failure::new(format!("a combination cannot play {other:?}")));
            }
        })
    }

    fn codec(&self, role: Role, edge: Edge<'_>) -> Option<Arc<dyn PortCodec>> {
        match (role, edge) {
            (Role::MergeAccumulators, Edge::Input) => Some(grouped_codec::<K, F::Acc>()),
            (Role::CombineGroupedValues, Edge::Input) => Some(grouped_codec::<K, V>()),
            (Role::ExtractOutputs, Edge::Input)
            | (
                Role::Precombine | Role::MergeAccumulators | Role::ConvertToAccumulators,
                Edge::Output(_),
            ) => Some(codec_of::<(K, F::Acc)>()),
            // Collections of the pipeline itself.
            _ => None,
        }
    }
}

/// The accumulator of some values.
fn added<V, F: CombineFn<V>>(f: &F, values: impl IntoIterator<Item = V>) -> F::Acc {
    let mut acc = f.create();
    values.into_iter().for_each(|value| f.add(&mut acc, value));
    acc
}

/// One accumulator of several.
fn merged<V, F: CombineFn<V>>(f: &F, group: Grouped<F::Acc>) -> F::Acc {
    let mut accs = group.into_iter();
    let mut merged = accs.next().unwrap_or_else(|| f.create());
    accs.for_each(|acc| f.merge(&mut merged, acc));
    merged
}
