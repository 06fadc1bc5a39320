//! Runs pipelines on workers over Apache Beam's portability protocols.
//!
//! ```text
//!  your program                       the same process                         worker processes
//!  GrpcRunner ── job service, gRPC ──► jobs ── engine ── remote ── Fn API ──► the same program again
//! ```
//!
//! | module | what it is |
//! | --- | --- |
//! | `runner`, `client` | submits a pipeline to a job service and follows it |
//! | `jobs` | Beam's job service: a job is an engine and its workers |
//! | `fleet`, `process` | starts and ends the workers of a job |
//! | `remote` | the engine's executor: a bundle is a conversation with a worker |
//! | `fn_api` | the runner's side of Beam's Fn API |
//! | [`worker`] | the worker's side |
//!
//! Nothing is passed beside the wire: workers on threads of the program, too, talk gRPC. No type
//! of the gRPC libraries is part of this crate's interface.

mod client;
mod endpoints;
mod failure;
mod fleet;
mod fn_api;
mod job_options;
mod jobs;
mod monitoring;
mod process;
mod remote;
mod runner;
mod runtime;
mod secret;
mod settings;
mod stage;
mod sync;
mod threads;
mod transport;
pub mod worker;

pub use runner::GrpcRunner;

/// The name of this runner.
const RUNNER: &str = "grpc";
