//! The graph of a pipeline while it is built, and sealed for a runner.

mod build;
mod grouping;
mod names;
mod seal;
mod sealed;
mod stateful;

pub(crate) use build::{
    AtEnd, CollectionId, Graph, NodeId, ParDoSpec, SideInputSpec, Spec, StatefulSpec,
};
pub(crate) use grouping::{RETRACTION_HELP, retraction_mistake};
pub(crate) use seal::ASSERTION;
pub use sealed::Sealed;
