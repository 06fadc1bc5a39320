//! From the elements of a side input to the value that closures see.

use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;

use crate::coders::Reader;
use crate::element::Element;
use crate::exec::unit::{UnitResult, typed};
use crate::exec::{BATCH, Batch, Failure, PortCodec};

/// Makes a view from the elements of one window of a side input.
pub trait ViewFn<V>: Send + Sync {
    /// The view of encoded elements, which are in the order of their panes; with `is_latest`, later
    /// ones stand for what earlier ones said.
    ///
    /// # Errors
    /// When the bytes are not elements of the codec, or the elements allow no such view.
    fn view(&self, codec: &dyn PortCodec, data: &Bytes, is_latest: bool) -> UnitResult<V>;
}

/// The view that `f` makes of all elements, and of whether later ones stand for earlier ones.
pub(crate) fn view_fn<T: Element, V: 'static>(
    f: impl Fn(Vec<T>, bool) -> UnitResult<V> + Send + Sync + 'static,
) -> Arc<dyn ViewFn<V>> {
    Arc::new(OfValues { f, values: PhantomData::<fn(T)> })
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
    fn view(&self, codec: &dyn PortCodec, data: &Bytes, is_latest: bool) -> UnitResult<V> {
        let mut reader = Reader::shared(data);
        let mut all: Vec<T> = Vec::new();
        while !reader.is_empty() {
            let batch = codec
                .decode(&mut reader, BATCH, &mut |_, _, _| Ok(()))
                .map_err(|error| Failure::from_error(&error))?;
            let Batch { mut values, .. } = typed::<T>(batch)?;
            all.append(&mut values);
        }
        (self.f)(all, is_latest)
    }
}
