//! Closures that see what an element carries beside its value, once for each of its windows.

use std::marker::PhantomData;
use std::sync::Arc;

use super::elementwise::UnitFactory;
use super::guard::{Trouble, guarded};
use super::table::Operator;
use super::unit::{Cx, Unit, UnitResult, UnitSpec, typed};
use super::{AnyBatch, BATCH, Batch, Stamps};
use crate::element::Element;
use crate::window::{Stamp, Windows};

/// The operator of closures that get an element with its stamp in one window, and keep or drop it:
/// an element in several windows becomes one in each.
pub(crate) fn per_window_operator<T: Element, O: Element>(
    f: impl Fn(T, &Stamp) -> Option<O> + Send + Sync + 'static,
) -> Arc<dyn Operator> {
    let f = Arc::new(f);
    Arc::new(UnitFactory(move |spec: &UnitSpec<'_>| {
        let unit: Box<dyn Unit> = Box::new(PerWindow {
            f: Arc::clone(&f),
            diagnose: spec.config.diagnose,
            types: PhantomData::<fn(T) -> O>,
        });
        Ok(unit)
    }))
}

struct PerWindow<F, T, O> {
    f: Arc<F>,
    diagnose: bool,
    types: PhantomData<fn(T) -> O>,
}

impl<T, O, F> Unit for PerWindow<F, T, O>
where
    T: Element,
    O: Element,
    F: Fn(T, &Stamp) -> Option<O> + Send + Sync,
{
    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let Batch { values, stamps } = typed::<T>(batch)?;
        let mut out = Batch::new(Vec::new(), Stamps::default());
        guarded(self.diagnose, values.into_iter(), |row, value| {
            let all = stamps.get(row);
            for window in all.windows.as_slice() {
                let stamp = Stamp { windows: Windows::One(window.clone()), ..all.clone() };
                if let Some(output) = (self.f)(value.clone(), &stamp) {
                    out.stamps.push(&stamp, out.values.len());
                    out.values.push(output);
                }
            }
            if out.values.len() >= BATCH {
                let full = std::mem::replace(&mut out, Batch::new(Vec::new(), Stamps::default()));
                cx.emit(0, full).map_err(Trouble::Below)?;
            }
            Ok(())
        })
        .map_err(|interrupted| interrupted.in_batch(&stamps))?;
        cx.emit(0, out)
    }
}
