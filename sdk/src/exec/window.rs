//! Assigns windows by event time.

use prost::Message;
use purlin_proto::pipeline::{PTransform, WindowIntoPayload};

use super::unit::{Cx, Unit, UnitResult};
use super::{AnyBatch, Column, Failure};
use crate::window::StandardWindowFn;

/// Gives every element the windows of its timestamp. An element in no window, as sliding windows
/// with a period longer than their size have, is dropped.
pub(super) struct AssignWindows {
    window_fn: StandardWindowFn,
}

impl AssignWindows {
    pub(super) fn new(transform: &PTransform) -> UnitResult<Self> {
        let payload = transform.spec.clone().unwrap_or_default().payload;
        let payload =
            WindowIntoPayload::decode(payload).map_err(|error| Failure::from_error(&error))?;
        let spec = payload.window_fn.unwrap_or_default();
        let window_fn = StandardWindowFn::from_proto(&spec).ok_or_else(|| {
            Failure::new(format!("the window function `{}` is unknown or malformed", spec.urn))
        })?;
        Ok(Self { window_fn })
    }
}

impl Unit for AssignWindows {
    fn process(&mut self, mut batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let stamps = batch.stamps_mut();
        stamps.windows = match &stamps.timestamps {
            Column::Same(timestamp) => Column::Same(self.window_fn.assign(*timestamp)),
            Column::Each(timestamps) => {
                let mut windows = Column::Same(self.window_fn.assign(timestamps[0]));
                for (row, timestamp) in timestamps.iter().enumerate().skip(1) {
                    windows.push(&self.window_fn.assign(*timestamp), row);
                }
                windows
            }
        };
        match occupied(batch.as_ref()) {
            Some(rows) => cx.router.emit(cx.unit, 0, batch.gathered(&rows)),
            None => cx.router.emit(cx.unit, 0, batch),
        }
    }
}

/// The rows of elements that are in a window, unless all are.
fn occupied(batch: &dyn AnyBatch) -> Option<Vec<u32>> {
    let windows = &batch.stamps().windows;
    let is_occupied = |row: usize| !windows.get(row).as_slice().is_empty();
    let is_full = match windows {
        Column::Same(_) => is_occupied(0),
        Column::Each(all) => (0..all.len()).all(is_occupied),
    };
    let rows = || (0u32..).zip(0..batch.len()).filter(|(_, row)| is_occupied(*row));
    (!is_full).then(|| rows().map(|(row, _)| row).collect())
}
