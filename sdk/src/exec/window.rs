//! Assigns windows by event time.

use prost::Message;
use purlin_proto::pipeline::{PTransform, WindowIntoPayload};

use super::unit::{Cx, Unit, UnitResult};
use super::{AnyBatch, Column, Failure, Stamps, WindowFns, WindowFunction};
use crate::window::Windows;

/// Gives every element the windows of its timestamp. An element in no window, as sliding windows
/// with a period longer than their size have, is dropped.
pub(super) struct AssignWindows {
    window_fn: WindowFunction,
}

impl AssignWindows {
    pub(super) fn new(transform: &PTransform, window_fns: &WindowFns) -> UnitResult<Self> {
        let payload = transform.spec.clone().unwrap_or_default().payload;
        let payload =
            WindowIntoPayload::decode(payload).map_err(|error| Failure::from_error(&error))?;
        Ok(Self { window_fn: window_fns.get(&payload.window_fn.unwrap_or_default())? })
    }

    fn assign(&self, stamps: &Stamps, row: usize) -> UnitResult<Windows> {
        self.window_fn.assign(*stamps.timestamps.get(row), stamps.windows.get(row).as_slice())
    }

    /// The windows of a batch of so many elements. Consecutive ones are mostly in the same.
    fn assign_all(&self, stamps: &Stamps, length: usize) -> UnitResult<Column<Windows>> {
        let mut last = self.assign(stamps, 0)?;
        let mut span = self.window_fn.span(*stamps.timestamps.get(0));
        let is_constant = match (&stamps.timestamps, &stamps.windows) {
            (Column::Same(_), Column::Same(_)) => true,
            (Column::Same(time), _) => span.contains(&time.0),
            (Column::Each(times), _) => times.iter().all(|time| span.contains(&time.0)),
        };
        let mut windows = Column::Same(last.clone());
        if is_constant {
            return Ok(windows);
        }
        for row in 1..length {
            let time = *stamps.timestamps.get(row);
            if !span.contains(&time.0) {
                (last, span) = (self.assign(stamps, row)?, self.window_fn.span(time));
            }
            windows.push(&last, row);
        }
        Ok(windows)
    }
}

impl Unit for AssignWindows {
    fn process(&mut self, mut batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        let windows = self.assign_all(batch.stamps(), batch.len())?;
        batch.stamps_mut().windows = windows;
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
