//! The machine against Beam's transcripts, our own, and a slow model of it.

mod damage;
mod merging;
mod model;
mod simulation;
mod transcripts;
mod world;
