//! A unit that changes nothing: a read node, or a flatten inside a stage.

use super::AnyBatch;
use super::unit::{Cx, Unit, UnitResult};

/// Hands every batch on.
pub(super) struct PassThrough;

impl Unit for PassThrough {
    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        cx.router.emit(cx.unit, 0, batch)
    }
}
