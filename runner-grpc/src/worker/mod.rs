//! The worker's side of Beam's Fn API.
//!
//! A program learns by [`from_environment`] that it is a worker; [`WorkerSetup::options`] gives it
//! the job's options to build the pipeline with, and [`WorkerSetup::serve`] runs bundles until the
//! job ends.
//!
//! ```text
//!  control ──► Harness ──► Threads ──► bundle::run ──► BundleProcessor (the SDK)
//!  data    ──► Inputs (a queue a bundle) ──┘    └──► FnApiHost ──► Outbox ──► data
//!                                                        └───────► StateClient ◄──► state
//! ```

mod active;
mod bundle;
mod connection;
mod finalizers;
mod harness;
mod host;
mod inputs;
mod log;
mod outbox;
mod parent;
pub(crate) mod pool;
mod processors;
pub(crate) mod provision;
mod serve;
pub(crate) mod setup;
mod split;
mod state;

pub use setup::{WorkerSetup, from_environment};
