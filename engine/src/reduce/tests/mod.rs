//! The machine against Beam's transcripts, our own, and a slow model of it.

mod merging;
mod transcripts;
mod world;
