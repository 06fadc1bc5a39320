//! Tests of the planner as a whole, on pipelines that are built by hand.

mod builder;
mod edges;
mod features;
mod golden;
mod hostile;
mod invariants;
mod normalise;
mod properties;
