//! The machine against Beam's transcripts, our own, and a slow model of it; with stores that lie and
//! timers that come when they should not.

mod damage;
mod merging;
pub(crate) mod model;
pub(crate) mod simulation;
mod timers;
mod transcripts;
mod world;
