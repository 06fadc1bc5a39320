//! From a window of a side input to the value that closures see.

use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use super::iter::ElementsView;
use super::values::ReadValues;
use super::{AccessPattern, SideIter, SideMap, SideWindow};
use crate::coders::Reader;
use crate::element::Element;
use crate::exec::unit::{UnitResult, typed};
use crate::exec::{BATCH, Batch, Failure};

/// Makes a view from one window of a side input.
pub trait ViewFn<V>: Send + Sync {
    /// How it reads the side input.
    fn pattern(&self) -> AccessPattern;

    /// The view of a window, and how many encoded bytes it was made of.
    ///
    /// # Errors
    /// When the bytes are not elements of the side input, or the elements allow no such view.
    fn view(&self, window: SideWindow) -> UnitResult<(V, usize)>;

    /// How many encoded bytes a view has read since it was made.
    fn grown_bytes(&self, _view: &V) -> usize {
        0
    }

    /// A view of the same window, in place of one that has kept too much of what it read.
    fn renewed(&self, _view: &V) -> Option<V> {
        None
    }
}

/// The view that `f` makes of all elements, which are in the order of their panes, and of whether
/// later ones stand for what earlier ones said.
pub(crate) fn view_fn<T: Element, V: 'static>(
    f: impl Fn(Vec<T>, bool) -> UnitResult<V> + Send + Sync + 'static,
) -> Arc<dyn ViewFn<V>> {
    Arc::new(OfValues { f, values: PhantomData::<fn(T)> })
}

/// The view whose elements are read while they are looked at.
pub(crate) fn elements_view_fn<T: Element>() -> Arc<dyn ViewFn<SideIter<T>>> {
    Arc::new(ElementsView)
}

/// The view that looks up keys and makes what closures see of their values by `values`.
pub(crate) fn map_view_fn<K, V>(
    values: impl ReadValues<K, V> + 'static,
) -> Arc<dyn ViewFn<SideMap<K, V>>>
where
    K: Element + Eq + Hash,
    V: Send + Sync + 'static,
{
    Arc::new(ByKey { values: Arc::new(values) })
}

struct OfValues<F, T> {
    f: F,
    values: PhantomData<fn(T)>,
}

impl<T, V, F> ViewFn<V> for OfValues<F, T>
where
    T: Element,
    F: Fn(Vec<T>, bool) -> UnitResult<V> + Send + Sync,
{
    fn pattern(&self) -> AccessPattern {
        AccessPattern::Iterable
    }

    fn view(&self, window: SideWindow) -> UnitResult<(V, usize)> {
        let data = window.all()?;
        let mut reader = Reader::shared(&data);
        let mut all: Vec<T> = Vec::new();
        while !reader.is_empty() {
            let batch = window
                .codec
                .decode(&mut reader, BATCH, &mut |_, _, _| Ok(()))
                .map_err(|error| Failure::from_error(&error))?;
            let Batch { mut values, .. } = typed::<T>(batch)?;
            all.append(&mut values);
        }
        Ok(((self.f)(all, window.is_latest)?, data.len()))
    }
}

struct ByKey<K, V> {
    values: Arc<dyn ReadValues<K, V>>,
}

impl<K, V> ViewFn<SideMap<K, V>> for ByKey<K, V>
where
    K: Element + Eq + Hash,
    V: Send + Sync + 'static,
{
    fn pattern(&self) -> AccessPattern {
        AccessPattern::Multimap
    }

    fn view(&self, window: SideWindow) -> UnitResult<(SideMap<K, V>, usize)> {
        Ok((SideMap::new(window, Arc::clone(&self.values)), 0))
    }

    fn grown_bytes(&self, view: &SideMap<K, V>) -> usize {
        view.size_bytes()
    }

    fn renewed(&self, view: &SideMap<K, V>) -> Option<SideMap<K, V>> {
        view.renewed()
    }
}
