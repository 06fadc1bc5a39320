//! Restrictions: the part of an element's work that a splittable DoFn does, and how it is split.

use std::fmt;

use crate::element::Element;

/// A part of the work of an element, in which positions are claimed in order.
///
/// All methods are functions of values: what was claimed is kept by the [`Tracker`](crate::Tracker).
pub trait Restriction: Element {
    /// A place in it; later work has greater positions.
    type Position: Copy + PartialOrd + Send + fmt::Debug + 'static;

    /// Whether `position` lies inside.
    fn contains(&self, position: Self::Position) -> bool;

    /// Splits off what is left after `claimed`, the last claimed position: `(primary, residual)`.
    /// The primary keeps `fraction` of the rest, 0 for a checkpoint. `None` where nothing is left
    /// to give away.
    fn split(&self, claimed: Option<Self::Position>, fraction: f64) -> Option<(Self, Self)>;

    /// Whether all is done once `claimed` is done.
    fn is_complete(&self, claimed: Option<Self::Position>) -> bool;

    /// The work that is left after `claimed`, in any unit that is proportional to time.
    fn size(&self, claimed: Option<Self::Position>) -> f64;

    /// Whether the work ends by itself.
    fn is_bounded(&self) -> bool {
        true
    }
}
