//! Typed batches: how elements move inside a stage.

use std::any::Any;

use super::Column;
use crate::time::Timestamp;
use crate::window::{PaneInfo, Stamp, ValueKind, Windows};

/// How many elements a batch holds at most, unless one call makes more.
///
/// Costs are flat from 64 to 16 Ki elements; 1024 stays in the cache.
pub const BATCH: usize = 1024;

/// How many bytes of elements a batch holds at most, so that one unit finds in the nearest cache
/// what another has just put there.
const BATCH_BYTES: usize = 64 << 10;

/// How many elements of a type a batch holds at most, unless one call makes more.
pub(crate) const fn batch_of<T>() -> usize {
    let most = BATCH_BYTES / if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
    match most {
        ..64 => 64,
        64..BATCH => most,
        _ => BATCH,
    }
}

/// Elements of one type with what they carry beside their values.
#[derive(Clone, Debug)]
pub struct Batch<T> {
    /// The values.
    pub values: Vec<T>,
    /// What they carry beside.
    pub stamps: Stamps,
}

/// What the elements of a batch carry beside their values.
#[derive(Clone, Debug, PartialEq)]
pub struct Stamps {
    /// Event times.
    pub timestamps: Column<Timestamp>,
    /// Windows.
    pub windows: Column<Windows>,
    /// Panes.
    pub panes: Column<PaneInfo>,
    /// Whether they are new or take back what came before; constant nearly always.
    pub value_kinds: Column<ValueKind>,
}

impl Stamps {
    /// The same stamp for all elements.
    #[must_use]
    pub fn constant(stamp: Stamp) -> Self {
        Self {
            timestamps: Column::Same(stamp.timestamp),
            windows: Column::Same(stamp.windows),
            panes: Column::Same(stamp.pane),
            value_kinds: Column::Same(stamp.value_kind),
        }
    }

    /// The stamp that all elements share by construction.
    #[must_use]
    pub fn as_constant(&self) -> Option<Stamp> {
        Some(Stamp {
            timestamp: *self.timestamps.constant()?,
            windows: self.windows.constant()?.clone(),
            pane: *self.panes.constant()?,
            value_kind: *self.value_kinds.constant()?,
        })
    }

    /// Whether all columns are constant.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        matches!(
            (&self.timestamps, &self.windows, &self.panes, &self.value_kinds),
            (Column::Same(_), Column::Same(_), Column::Same(_), Column::Same(_))
        )
    }

    /// Whether all columns but that of timestamps are constant.
    pub(crate) fn is_constant_but_time(&self) -> bool {
        matches!(
            (&self.windows, &self.panes, &self.value_kinds),
            (Column::Same(_), Column::Same(_), Column::Same(_))
        )
    }

    /// The stamp of element `row`.
    #[must_use]
    pub fn get(&self, row: usize) -> Stamp {
        Stamp {
            timestamp: *self.timestamps.get(row),
            windows: self.windows.get(row).clone(),
            pane: *self.panes.get(row),
            value_kind: *self.value_kinds.get(row),
        }
    }

    /// Appends a stamp to those of `length` elements.
    pub fn push(&mut self, stamp: &Stamp, length: usize) {
        self.timestamps.push(&stamp.timestamp, length);
        self.windows.push(&stamp.windows, length);
        self.panes.push(&stamp.pane, length);
        self.value_kinds.push(&stamp.value_kind, length);
    }

    /// The stamps of the elements at `rows`.
    #[must_use]
    pub fn gather(&self, rows: &[u32]) -> Self {
        Self {
            timestamps: self.timestamps.gather(rows),
            windows: self.windows.gather(rows),
            panes: self.panes.gather(rows),
            value_kinds: self.value_kinds.gather(rows),
        }
    }
}

impl Default for Stamps {
    fn default() -> Self {
        Self::constant(Stamp::default())
    }
}

impl<T> Batch<T> {
    /// A batch of values with their stamps.
    #[must_use]
    pub fn new(values: Vec<T>, stamps: Stamps) -> Self {
        Self { values, stamps }
    }
}

/// A batch of an unknown element type, erased once per batch and never per element.
pub trait AnyBatch: Any + Send {
    /// How many elements it has.
    fn len(&self) -> usize;
    /// Whether it has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// A copy, for an edge that fans out.
    fn copied(&self) -> Box<dyn AnyBatch>;
    /// What they carry beside.
    fn stamps(&self) -> &Stamps;
    /// What they carry beside, to change.
    fn stamps_mut(&mut self) -> &mut Stamps;
    /// The elements at `rows`.
    fn gathered(&self, rows: &[u32]) -> Box<dyn AnyBatch>;
    /// For the downcast.
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
    /// For a downcast by reference.
    fn as_any(&self) -> &dyn Any;
}

impl<T: Clone + Send + 'static> AnyBatch for Batch<T> {
    fn len(&self) -> usize {
        self.values.len()
    }
    fn copied(&self) -> Box<dyn AnyBatch> {
        Box::new(self.clone())
    }
    fn stamps(&self) -> &Stamps {
        &self.stamps
    }
    fn stamps_mut(&mut self) -> &mut Stamps {
        &mut self.stamps
    }
    fn gathered(&self, rows: &[u32]) -> Box<dyn AnyBatch> {
        let values = rows.iter().map(|row| self.values[*row as usize].clone()).collect();
        Box::new(Self::new(values, self.stamps.gather(rows)))
    }
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
