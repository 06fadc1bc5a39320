//! Side inputs: what closures see of other collections.

mod cache;
mod handle;
mod reader;
#[cfg(test)]
mod tests;
mod unit;
mod view;

pub use handle::SideView;
pub(crate) use handle::{OpenSide, SideOpeners, Sides, in_each_window};
pub use reader::{SideReader, SideSource, SideViews};
pub(crate) use unit::side_input_operator;
pub use view::ViewFn;
pub(crate) use view::view_fn;
