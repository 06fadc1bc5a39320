//! The closures of `map`, `filter`, `flat_map` and their kin: a batch in, a batch out.

use std::marker::PhantomData;
use std::sync::Arc;

use super::guard::{Trouble, guarded};
use super::table::{Operator, Role};
use super::unit::{Cx, Unit, UnitResult, UnitSpec, typed};
use super::{AnyBatch, BATCH, Batch, Stamps};
use crate::element::Element;
use crate::error::BoxError;

/// Makes the units of a transform by a closure.
pub(crate) struct UnitFactory<M>(pub(crate) M);

impl<M> Operator for UnitFactory<M>
where
    M: Fn(&UnitSpec<'_>) -> UnitResult<Box<dyn Unit>> + Send + Sync,
{
    fn unit(&self, role: Role, spec: &UnitSpec<'_>) -> UnitResult<Box<dyn Unit>> {
        match role {
            Role::ParDo => (self.0)(spec),
            other => Err(super::Failure::new(format!("an ordinary ParDo cannot play {other:?}"))),
        }
    }
}

/// The operator of `T → O` closures.
pub(crate) fn map_operator<T: Element, O: Element>(
    f: impl Fn(T) -> O + Send + Sync + 'static,
) -> Arc<dyn Operator> {
    let f = Arc::new(f);
    Arc::new(UnitFactory(move |spec: &UnitSpec<'_>| Ok(map_unit(Arc::clone(&f), spec))))
}

/// The unit of a `T → O` closure.
pub(crate) fn map_unit<T: Element, O: Element>(
    f: Arc<impl Fn(T) -> O + Send + Sync + 'static>,
    spec: &UnitSpec<'_>,
) -> Box<dyn Unit> {
    Box::new(Map { f, diagnose: spec.config.diagnose, types: PhantomData::<fn(T) -> O> })
}

struct Map<F, T, O> {
    f: Arc<F>,
    diagnose: bool,
    types: PhantomData<fn(T) -> O>,
}

impl<T: Element, O: Element, F: Fn(T) -> O + Send + Sync> Unit for Map<F, T, O> {
    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let Batch { values, stamps } = typed::<T>(batch)?;
        let mut out = Vec::with_capacity(values.len());
        guarded(self.diagnose, values.into_iter(), |_, value| {
            out.push((self.f)(value));
            Ok(())
        })
        .map_err(|interrupted| interrupted.in_batch(&stamps))?;
        cx.emit(0, Batch::new(out, stamps))
    }
}

/// The operator of closures that keep or drop.
pub(crate) fn filter_operator<T: Element>(
    f: impl Fn(&T) -> bool + Send + Sync + 'static,
) -> Arc<dyn Operator> {
    let f = Arc::new(f);
    Arc::new(UnitFactory(move |spec: &UnitSpec<'_>| {
        let unit: Box<dyn Unit> = Box::new(Filter {
            f: Arc::clone(&f),
            diagnose: spec.config.diagnose,
            types: PhantomData::<fn(T)>,
        });
        Ok(unit)
    }))
}

struct Filter<F, T> {
    f: Arc<F>,
    diagnose: bool,
    types: PhantomData<fn(T)>,
}

impl<T: Element, F: Fn(&T) -> bool + Send + Sync> Unit for Filter<F, T> {
    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let Batch { values, stamps } = typed::<T>(batch)?;
        let mut out = Expansion::new(stamps, values.len());
        guarded(self.diagnose, values.into_iter(), |row, value| {
            if (self.f)(&value) {
                out.push(row, value);
            }
            Ok(())
        })
        .map_err(|interrupted| interrupted.in_batch(out.stamps()))?;
        out.flush(0, cx)
    }
}

/// The operator of closures that give any number of values, or an error.
pub(crate) fn try_flat_map_operator<T, I>(
    f: impl Fn(T) -> Result<I, BoxError> + Send + Sync + 'static,
) -> Arc<dyn Operator>
where
    T: Element,
    I: IntoIterator + 'static,
    I::Item: Element,
{
    let f = Arc::new(f);
    Arc::new(UnitFactory(move |spec: &UnitSpec<'_>| {
        let unit: Box<dyn Unit> = Box::new(TryFlatMap {
            f: Arc::clone(&f),
            diagnose: spec.config.diagnose,
            types: PhantomData::<fn(T) -> I>,
        });
        Ok(unit)
    }))
}

struct TryFlatMap<F, T, I> {
    f: Arc<F>,
    diagnose: bool,
    types: PhantomData<fn(T) -> I>,
}

impl<T, I, F> Unit for TryFlatMap<F, T, I>
where
    T: Element,
    I: IntoIterator,
    I::Item: Element,
    F: Fn(T) -> Result<I, BoxError> + Send + Sync,
{
    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let Batch { values, stamps } = typed::<T>(batch)?;
        let mut out = Expansion::new(stamps, BATCH);
        guarded(self.diagnose, values.into_iter(), |row, value| {
            for output in (self.f)(value).map_err(Trouble::User)? {
                out.push(row, output);
                if out.is_full() {
                    out.flush(0, cx)?;
                }
            }
            Ok(())
        })
        .map_err(|interrupted| interrupted.in_batch(out.stamps()))?;
        out.flush(0, cx)
    }
}

/// Values made from the rows of one batch, whose stamps they keep.
pub(crate) struct Expansion<O> {
    values: Vec<O>,
    stamps: Stamps,
    /// The row of each value, where stamps differ between rows.
    rows: Vec<u32>,
    is_constant: bool,
}

impl<O: Element> Expansion<O> {
    pub(crate) fn new(stamps: Stamps, capacity: usize) -> Self {
        let is_constant = stamps.is_constant();
        Self { values: Vec::with_capacity(capacity), stamps, rows: Vec::new(), is_constant }
    }

    #[inline]
    pub(crate) fn push(&mut self, row: usize, value: O) {
        self.values.push(value);
        if !self.is_constant {
            self.rows.push(u32::try_from(row).unwrap_or(u32::MAX));
        }
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.values.len() >= BATCH
    }

    /// The stamps of the rows.
    pub(crate) fn stamps(&self) -> &Stamps {
        &self.stamps
    }

    pub(crate) fn flush(&mut self, port: usize, cx: &Cx<'_>) -> UnitResult {
        let values = std::mem::take(&mut self.values);
        let stamps = if self.is_constant {
            self.stamps.clone()
        } else {
            self.stamps.gather(&std::mem::take(&mut self.rows))
        };
        self.values.reserve(BATCH.min(values.len()));
        cx.emit(port, Batch::new(values, stamps))
    }
}
