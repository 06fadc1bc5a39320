//! Tests of the planner as a whole, on pipelines that are built by hand.

mod builder;
mod features;
mod golden;
mod hostile;
mod invariants;
mod properties;
