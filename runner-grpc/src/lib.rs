//! Runs pipelines on worker processes over Apache Beam's portability protocols.

mod failure;
mod fn_api;
mod job_options;
mod monitoring;
mod runtime;
mod secret;
mod stage;
mod sync;
mod transport;
pub mod worker;
