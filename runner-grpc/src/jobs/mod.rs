//! Beam's job service: jobs are prepared, run, watched and stopped by gRPC.

mod artifacts;
mod auth;
mod entry;
mod log;
mod metrics;
mod run;
mod server;
mod service;

pub(crate) use log::is_terminal;
pub(crate) use metrics::from_results as metrics_of;
pub(crate) use server::Server;
