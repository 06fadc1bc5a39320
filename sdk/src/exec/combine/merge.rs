//! Merges the accumulators of each key: those of groups, or accumulators that were never grouped.

use std::marker::PhantomData;

use super::CombineFn;
use super::keys::{Encoded, Keys, Typed};
use super::merged;
use super::table::{Bits, Table};
use crate::coders::Nesting;
use crate::element::Element;
use crate::exec::guard::guarded;
use crate::exec::unit::{Cx, Unit, UnitResult, UnitSpec, typed};
use crate::exec::{AnyBatch, BATCH, Batch, Grouped, Pairs};

/// The unit that merges accumulators.
pub(super) fn merge<K: Element, V: Element, F: CombineFn<V>>(
    f: F,
    spec: &UnitSpec<'_>,
) -> Box<dyn Unit> {
    let diagnose = spec.config.diagnose;
    if K::typed_key().is_some() {
        return Box::new(Merge::<K, V, F, Typed>::new(f, diagnose));
    }
    Box::new(Merge::<K, V, F, Encoded>::new(f, diagnose))
}

struct Merge<K, V, F: CombineFn<V>, S: Keys<K>> {
    f: F,
    diagnose: bool,
    keys: S,
    table: Table<K, S, F::Acc>,
    value: PhantomData<fn(V)>,
}

impl<K: Element, V: Element, F: CombineFn<V>, S: Keys<K>> Merge<K, V, F, S> {
    fn new(f: F, diagnose: bool) -> Self {
        let (keys, table) = (S::default(), Table::new(Bits::Middle));
        Self { f, diagnose, keys, table, value: PhantomData }
    }

    /// Adds the accumulators that were read, and has none read then.
    fn add(&mut self, read: &mut Vec<(K, F::Acc)>) -> UnitResult {
        let Self { f, keys, table, .. } = self;
        table.merge(f, keys, read)
    }
}

impl<K: Element, V: Element, F: CombineFn<V>, S: Keys<K>> Unit for Merge<K, V, F, S> {
    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let Batch { values, stamps } = typed::<(K, Grouped<F::Acc>)>(batch)?;
        let mut out = Vec::with_capacity(values.len());
        guarded(self.diagnose, values.into_iter(), |_, (key, group)| {
            out.push((key, merged(&self.f, group)));
            Ok(())
        })
        .map_err(|interrupted| interrupted.in_batch(&stamps))?;
        cx.emit(0, Batch::new(out, stamps))
    }

    fn process_pairs(&mut self, pairs: &Pairs<'_>, cx: &Cx<'_>) -> UnitResult<bool> {
        if self.diagnose {
            // Groups show which key fails.
            return Ok(false);
        }
        let mut read = Vec::with_capacity(BATCH);
        for slice in &pairs.slices {
            slice.each(|reader| {
                read.push(Element::decode(reader, Nesting::Nested)?);
                if read.len() == BATCH { self.add(&mut read) } else { Ok(()) }
            })?;
        }
        self.add(&mut read)?;
        self.table.send_on(pairs.stamp.clone(), cx)?;
        Ok(true)
    }
}
