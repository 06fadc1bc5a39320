//! The closures of `map`, `filter`, `flat_map` and their kin: a batch in, a batch out.

use std::marker::PhantomData;
use std::sync::Arc;

use super::guard::{Trouble, guarded, guarded_in_place, kept, mapped};
use super::table::{Operator, Role};
use super::unit::{Cx, Unit, UnitResult, UnitSpec, typed};
use super::{AnyBatch, Batch, Stamps, batch_of};
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
        let out = mapped(self.diagnose, values, &*self.f)
            .map_err(|interrupted| interrupted.in_batch(&stamps))?;
        cx.emit(0, Batch::new(out, stamps))
    }
}

/// The operator of `T → O` closures that can fail.
pub(crate) fn try_map_operator<T: Element, O: Element>(
    f: impl Fn(T) -> Result<O, BoxError> + Send + Sync + 'static,
) -> Arc<dyn Operator> {
    let f = Arc::new(f);
    Arc::new(UnitFactory(move |spec: &UnitSpec<'_>| {
        let unit: Box<dyn Unit> = Box::new(TryMap {
            f: Arc::clone(&f),
            diagnose: spec.config.diagnose,
            types: PhantomData::<fn(T) -> O>,
        });
        Ok(unit)
    }))
}

struct TryMap<F, T, O> {
    f: Arc<F>,
    diagnose: bool,
    types: PhantomData<fn(T) -> O>,
}

impl<T, O, F> Unit for TryMap<F, T, O>
where
    T: Element,
    O: Element,
    F: Fn(T) -> Result<O, BoxError> + Send + Sync,
{
    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let Batch { values, stamps } = typed::<T>(batch)?;
        let mut out = Vec::with_capacity(values.len());
        guarded(self.diagnose, values.into_iter(), |_, value| {
            out.push((self.f)(value).map_err(Trouble::User)?);
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
    Arc::new(UnitFactory(move |_: &UnitSpec<'_>| {
        let unit: Box<dyn Unit> =
            Box::new(Filter { f: Arc::clone(&f), types: PhantomData::<fn(T)> });
        Ok(unit)
    }))
}

struct Filter<F, T> {
    f: Arc<F>,
    types: PhantomData<fn(T)>,
}

impl<T: Element, F: Fn(&T) -> bool + Send + Sync> Unit for Filter<F, T> {
    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let Batch { mut values, stamps } = typed::<T>(batch)?;
        if !std::mem::needs_drop::<T>() && stamps.is_constant() {
            return cx.emit(0, self.compact(&values, stamps)?);
        }
        let rows =
            kept(&mut values, &*self.f).map_err(|interrupted| interrupted.in_batch(&stamps))?;
        cx.emit(0, Batch::new(values, stamps.gather(&rows)))
    }
}

impl<T: Element, F: Fn(&T) -> bool + Send + Sync> Filter<F, T> {
    /// Copies every value behind those that were kept, which costs less than a branch that no
    /// processor can foresee: what is not kept is overwritten by the next.
    fn compact(&self, values: &[T], stamps: Stamps) -> UnitResult<Batch<T>> {
        let (mut kept, mut count) = (values.to_vec(), 0);
        guarded_in_place(values, |_, value| {
            kept[count] = value.clone();
            count += usize::from((self.f)(value));
        })
        .map_err(|interrupted| interrupted.in_batch(&stamps))?;
        kept.truncate(count);
        Ok(Batch::new(kept, stamps))
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
            last: 0,
            types: PhantomData::<fn(T) -> I>,
        });
        Ok(unit)
    }))
}

struct TryFlatMap<F, T, I> {
    f: Arc<F>,
    diagnose: bool,
    /// How many values the last batch became.
    last: usize,
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
        // Room that stays empty is memory that was in no cache.
        let mut out = Expansion::new(stamps, self.last.max(values.len()) + SPARE);
        guarded(self.diagnose, values.into_iter(), |row, value| {
            let outputs = (self.f)(value).map_err(Trouble::User)?;
            Ok(out.extend(row, outputs, 0, cx)?)
        })
        .map_err(|interrupted| interrupted.in_batch(out.stamps()))?;
        self.last = out.count();
        out.finish(0, cx)
    }
}

/// Room for more values than the last batch became, which may be a few less.
const SPARE: usize = 16;

/// Values made from the rows of one batch, whose stamps they keep.
pub(crate) struct Expansion<O> {
    values: Vec<O>,
    stamps: Stamps,
    /// The row of each value, where stamps differ between rows.
    rows: Vec<u32>,
    is_constant: bool,
    /// How many values were sent on.
    sent: usize,
}

impl<O: Element> Expansion<O> {
    /// With room for so many values, unless that is more than a batch.
    pub(crate) fn new(stamps: Stamps, room: usize) -> Self {
        let (is_constant, room) = (stamps.is_constant(), room.min(batch_of::<O>()));
        let rows = Vec::with_capacity(if is_constant { 0 } else { room });
        Self { values: Vec::with_capacity(room), stamps, rows, is_constant, sent: 0 }
    }

    #[inline]
    pub(crate) fn push(&mut self, row: usize, value: O) {
        self.values.push(value);
        if !self.is_constant {
            self.rows.push(u32::try_from(row).unwrap_or(u32::MAX));
        }
    }

    /// Adds what a row has become, and sends values on whenever they fill a batch.
    #[inline]
    pub(crate) fn extend(
        &mut self,
        row: usize,
        outputs: impl IntoIterator<Item = O>,
        port: usize,
        cx: &Cx<'_>,
    ) -> UnitResult {
        let mut outputs = outputs.into_iter();
        loop {
            // There is room before an output is made, so that it need not wait for it.
            if self.is_full() {
                self.flush(port, cx)?;
            }
            match outputs.next() {
                Some(output) => self.put(row, output),
                None => return Ok(()),
            }
        }
    }

    /// Adds a value where there is room.
    #[inline]
    fn put(&mut self, row: usize, value: O) {
        if self.values.len() == self.values.capacity() {
            // A value that may be dropped, here or while the vector grows, lies in memory from the
            // start, and is read from there in other pieces than it was written in, for which a
            // processor has to wait.
            std::mem::forget(value);
            unreachable!("a value was added to a full batch");
        }
        self.push(row, value);
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.values.len() >= batch_of::<O>() || self.values.len() == self.values.capacity()
    }

    /// The stamps of the rows.
    pub(crate) fn stamps(&self) -> &Stamps {
        &self.stamps
    }

    /// How many values were added.
    fn count(&self) -> usize {
        self.sent + self.values.len()
    }

    /// Sends the values on, and makes room for a whole batch: there may be many more.
    fn flush(&mut self, port: usize, cx: &Cx<'_>) -> UnitResult {
        let room = Vec::with_capacity(batch_of::<O>());
        let values = std::mem::replace(&mut self.values, room);
        self.sent += values.len();
        let stamps = self.stamps.gather(&self.rows);
        self.rows.clear();
        cx.emit(port, Batch::new(values, stamps))
    }

    /// Sends on the last values.
    pub(crate) fn finish(self, port: usize, cx: &Cx<'_>) -> UnitResult {
        let stamps = self.stamps.gather(&self.rows);
        cx.emit(port, Batch::new(self.values, stamps))
    }
}

#[cfg(test)]
mod tests {
    use crate::exec::testing::{TestHost, run};
    use crate::exec::{Batch, Context, DoFn, Role, Stamps};
    use crate::window::{Stamp, ValueKind};
    use crate::{BoxError, Pipeline};

    #[derive(Clone)]
    struct Negate;

    impl DoFn for Negate {
        type In = i64;
        type Out = i64;
        fn process(&mut self, n: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
            let taken_back = cx.value_kind() == ValueKind::UpdateBefore;
            cx.output(if taken_back { -n } else { n });
            Ok(())
        }
    }

    /// The numbers 1 and 2, of which the first is taken back.
    fn numbers() -> Batch<i64> {
        let mut stamps = Stamps::default();
        for (row, value_kind) in
            [ValueKind::UpdateBefore, ValueKind::UpdateAfter].iter().enumerate()
        {
            stamps.push(&Stamp { value_kind: *value_kind, ..Stamp::default() }, row);
        }
        Batch::new(vec![1, 2], stamps)
    }

    #[test]
    fn functions_give_what_they_make_the_kind_of_what_they_got() {
        use ValueKind::{UpdateAfter as After, UpdateBefore as Before};
        let p = Pipeline::new();
        let input = p.create([0i64]);
        drop(input.map(|n| n * 2).named("Map"));
        drop(input.filter(|n| *n == 2).named("Filter"));
        drop(input.flat_map(|n| [n, n]).named("FlatMap"));
        drop(input.par_do(Negate).named("Negate"));
        let through = |name| {
            let host = TestHost::default();
            let outputs = run::<i64, i64>(&p, name, Role::ParDo, &host, vec![vec![numbers()]]);
            let outputs = outputs.expect("it runs").remove(0).into_iter();
            outputs.map(|(n, stamp)| (n, stamp.value_kind)).collect::<Vec<_>>()
        };
        assert_eq!(through("Map"), [(2, Before), (4, After)]);
        assert_eq!(through("Filter"), [(2, After)]);
        assert_eq!(through("FlatMap"), [(1, Before), (1, Before), (2, After), (2, After)]);
        assert_eq!(through("Negate"), [(-1, Before), (2, After)]);
    }

    #[test]
    fn an_element_becomes_more_than_a_batch() {
        let p = Pipeline::new();
        let input = p.create([0i64]);
        drop(input.flat_map(|n| (0..5000).map(move |more| 10_000 * n + more)).named("Many"));
        drop(input.flat_map(|n| vec![(); 3000 * n as usize]).named("Nothings"));
        let host = TestHost::default();
        let many = run::<i64, i64>(&p, "Many", Role::ParDo, &host, vec![vec![numbers()]]);
        let many = many.expect("it runs").remove(0).into_iter().map(|(n, _)| n);
        assert!(many.eq((10_000..15_000).chain(20_000..25_000)));
        let nothings = run::<i64, ()>(&p, "Nothings", Role::ParDo, &host, vec![vec![numbers()]]);
        assert_eq!(nothings.expect("it runs").remove(0).len(), 9000);
    }

    #[test]
    fn kinds_that_became_part_of_the_elements_leave_them_plain() {
        let p = Pipeline::new();
        drop(p.create([0i64]).with_value_kinds().named("Use"));
        let (host, bundles) = (TestHost::default(), vec![vec![numbers()]]);
        let outputs = run::<i64, (i64, ValueKind)>(&p, "Use", Role::ParDo, &host, bundles);
        let outputs = outputs.expect("it runs").remove(0);
        let kinds: Vec<_> = outputs.iter().map(|((_, kind), _)| *kind).collect();
        assert_eq!(kinds, [ValueKind::UpdateBefore, ValueKind::UpdateAfter]);
        assert!(outputs.iter().all(|(_, stamp)| *stamp == Stamp::default()));
    }
}
