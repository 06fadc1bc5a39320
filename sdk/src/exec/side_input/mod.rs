//! Side inputs: what closures see of other collections.

mod cache;
mod contents;
mod found;
mod handle;
mod iter;
mod keys;
mod map;
mod reader;
#[cfg(test)]
mod tests;
mod unit;
mod values;
mod view;

pub use contents::{AccessPattern, SideWindow};
pub use handle::SideView;
pub(crate) use handle::{OpenSide, SideOpeners, Sides, in_each_window};
pub use iter::{SideElements, SideIter};
pub use map::SideMap;
pub use reader::{SideReader, SideSource, SideViews};
pub(crate) use unit::side_input_operator;
pub(crate) use values::Fold;
pub use view::ViewFn;
pub(crate) use view::{elements_view_fn, map_view_fn, view_fn};
