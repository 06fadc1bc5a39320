//! Calls a closure with each element and the side inputs of its window.

use std::marker::PhantomData;
use std::sync::Arc;

use super::SideViews;
use crate::element::Element;
use crate::error::BoxError;
use crate::exec::elementwise::{Expansion, UnitFactory};
use crate::exec::guard::{Trouble, guarded};
use crate::exec::table::Operator;
use crate::exec::unit::{Cx, Unit, UnitResult, UnitSpec, typed};
use crate::exec::{AnyBatch, BATCH, Batch, Column, Stamps};
use crate::window::{Stamp, Window, Windows};

/// The operator of a closure that takes side inputs, and gives any number of values or an error.
pub(crate) fn side_input_operator<T, R, I, F>(sources: R::Sources, f: F) -> Arc<dyn Operator>
where
    T: Element,
    R: SideViews,
    I: IntoIterator + 'static,
    I::Item: Element,
    F: Fn(T, R::Refs<'_>) -> Result<I, BoxError> + Send + Sync + 'static,
{
    let f = Arc::new(f);
    Arc::new(UnitFactory(move |spec: &UnitSpec<'_>| {
        let unit: Box<dyn Unit> = Box::new(WithSides {
            f: Arc::clone(&f),
            sides: R::open(&sources, spec)?,
            diagnose: spec.config.diagnose,
            types: PhantomData::<fn(T) -> I>,
        });
        Ok(unit)
    }))
}

struct WithSides<F, T, R, I> {
    f: Arc<F>,
    sides: R,
    diagnose: bool,
    types: PhantomData<fn(T) -> I>,
}

impl<T, R, I, F> WithSides<F, T, R, I>
where
    T: Element,
    R: SideViews,
    I: IntoIterator,
    I::Item: Element,
    F: Fn(T, R::Refs<'_>) -> Result<I, BoxError> + Send + Sync,
{
    /// A batch whose elements all see the same, those of window `main`.
    fn together(
        &mut self,
        Batch { values, stamps }: Batch<T>,
        main: &Window,
        cx: &Cx<'_>,
    ) -> UnitResult {
        self.sides.load(main, cx.router)?;
        let mut out = Expansion::new(stamps, BATCH);
        guarded(self.diagnose, values.into_iter(), |row, value| {
            let outputs = (self.f)(value, self.sides.refs()).map_err(Trouble::User)?;
            Ok(out.extend(row, outputs, 0, cx)?)
        })
        .map_err(|interrupted| interrupted.in_batch(out.stamps()))?;
        out.finish(0, cx)
    }

    /// A batch whose elements may see different windows of the side inputs, also one element that
    /// is in several windows itself.
    fn apart(&mut self, Batch { values, stamps }: Batch<T>, cx: &Cx<'_>) -> UnitResult {
        let mut out = Batch::new(Vec::new(), Stamps::default());
        let Self { f, sides, diagnose, .. } = self;
        guarded(*diagnose, values.into_iter(), |row, value| {
            let stamp = stamps.get(row);
            let windows = stamp.windows.as_slice();
            let copies = std::iter::repeat_n(value, windows.len());
            for (window, value) in windows.iter().zip(copies) {
                sides.load(window, cx.router)?;
                let stamp = Stamp { windows: Windows::One(window.clone()), ..stamp };
                for output in f(value, sides.refs()).map_err(Trouble::User)? {
                    out.stamps.push(&stamp, out.values.len());
                    out.values.push(output);
                }
            }
            if out.values.len() >= BATCH {
                cx.emit(0, std::mem::replace(&mut out, Batch::new(Vec::new(), Stamps::default())))?;
            }
            Ok(())
        })
        .map_err(|interrupted| interrupted.in_batch(&stamps))?;
        cx.emit(0, out)
    }
}

impl<T, R, I, F> Unit for WithSides<F, T, R, I>
where
    T: Element,
    R: SideViews,
    I: IntoIterator,
    I::Item: Element,
    F: Fn(T, R::Refs<'_>) -> Result<I, BoxError> + Send + Sync,
{
    fn start_bundle(&mut self, _cx: &Cx<'_>) -> UnitResult {
        // An earlier bundle may have ended early.
        self.sides.forget();
        Ok(())
    }

    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let batch = typed::<T>(batch)?;
        match &batch.stamps.windows {
            _ if self.sides.is_global() => self.together(batch, &Window::Global, cx),
            Column::Same(Windows::One(window)) => {
                let window = window.clone();
                self.together(batch, &window, cx)
            }
            _ => self.apart(batch, cx),
        }
    }

    fn finish_bundle(&mut self, _cx: &Cx<'_>) -> UnitResult {
        self.sides.forget();
        Ok(())
    }
}
