//! What an element says of what was said before.

use crate::Element;

/// Whether an element adds to what came before it, or takes something back.
///
/// Groupings of windows that are [`retracting`](crate::WindowInto::retracting) make the kinds other
/// than the first; everything else gives its outputs the kind of its input.
///
/// **Source:** `ValueKind` in `beam_fn_api.proto`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Element)]
#[element(crate = "purlin_sdk")]
pub enum ValueKind {
    /// Something new.
    #[default]
    Insert,
    /// What was said before, and no longer holds: the new value follows.
    UpdateBefore,
    /// What holds in place of what was just taken back.
    UpdateAfter,
    /// What was said before, and no longer holds; nothing takes its place.
    Delete,
}
