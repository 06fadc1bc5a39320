//! Dividing elements among outputs that are told apart by number.

use std::marker::PhantomData;
use std::sync::Arc;

use super::elementwise::{Expansion, UnitFactory};
use super::guard::{Trouble, guarded};
use super::table::Operator;
use super::unit::{Cx, Unit, UnitResult, UnitSpec, typed};
use super::{AnyBatch, Batch};
use crate::element::Element;
use crate::error::BoxError;

/// The operator of closures that choose one of `n` outputs, named by their numbers.
pub(crate) fn partition_operator<T: Element>(
    n: usize,
    f: impl Fn(&T, usize) -> usize + Send + Sync + 'static,
) -> Arc<dyn Operator> {
    let f = Arc::new(f);
    Arc::new(UnitFactory(move |spec: &UnitSpec<'_>| {
        let unit: Box<dyn Unit> = Box::new(Partition {
            f: Arc::clone(&f),
            // An output that nothing reads may have no port.
            ports: (0..n).map(|part| spec.port(&part.to_string())).collect(),
            diagnose: spec.config.diagnose,
            element: PhantomData::<fn(T)>,
        });
        Ok(unit)
    }))
}

struct Partition<F, T> {
    f: Arc<F>,
    ports: Vec<Option<usize>>,
    diagnose: bool,
    element: PhantomData<fn(T)>,
}

impl<T: Element, F: Fn(&T, usize) -> usize + Send + Sync> Unit for Partition<F, T> {
    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let Batch { values, stamps } = typed::<T>(batch)?;
        let n = self.ports.len();
        let mut parts: Vec<_> = (0..n).map(|_| Expansion::new(stamps.clone(), 0)).collect();
        guarded(self.diagnose, values.into_iter(), |row, value| {
            let chosen = (self.f)(&value, n);
            let Some(part) = parts.get_mut(chosen) else {
                let error = format!("there is no part {chosen}: the parts are 0 to {n}, exclusive");
                return Err(Trouble::User(BoxError::from(error)));
            };
            part.push(row, value);
            Ok(())
        })
        .map_err(|interrupted| interrupted.in_batch(&stamps))?;
        let read = parts.into_iter().zip(&self.ports);
        for (part, port) in read.filter_map(|(part, port)| Some((part, (*port)?))) {
            part.finish(port, cx)?;
        }
        Ok(())
    }
}
