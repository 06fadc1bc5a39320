//! Apache Beam's portability protocols: its messages, its gRPC services and its URNs.
//!
//! | module | protocol buffer package | what it is for |
//! | --- | --- | --- |
//! | [`pipeline`] | `org.apache.beam.model.pipeline.v1` | the pipeline graph, schemas, metrics |
//! | [`jobs`] | `org.apache.beam.model.job_management.v1` | jobs and artifacts |
//! | [`expansion`] | `org.apache.beam.model.expansion.v1` | transforms of other SDKs |
//! | [`fn_execution`] | `org.apache.beam.model.fn_execution.v1` | a runner and a worker at work |
//! | [`urns`] | – | every URN of the model |
//! | [`constants`] | – | the model's numbers, such as the last timestamp |
//!
//! The messages are generated from the `.proto` files of this crate, which are wire-compatible
//! with Apache Beam 2.77. The clients and servers of the services are there only with the feature
//! `services`; without it nothing of gRPC is compiled.
//!
//! This is the bottom layer. The SDK uses it to build the graph and the runners use it to read the
//! graph; pipelines are written against `purlin`, and never need this crate.
//!
//! # Bytes
//!
//! Encoding is deterministic: maps are sorted by the bytes of their keys, so equal messages have
//! equal bytes. Those are also the bytes that Beam's Python SDK writes when asked to be
//! deterministic, with three exceptions that no decoder minds: a map entry leaves out an empty key
//! or value here, the member of a `oneof` stands where its lowest number would, and Python sorts a
//! key after the longer ones that begin with it. Unknown fields are accepted and dropped.

pub mod constants;
pub mod urns;

/// The generated modules, nested like the packages because they refer to each other that way.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::use_self, reason = "generated code")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/model.rs"));
}

#[doc(inline)]
pub use generated::org::apache::beam::model::{
    expansion::v1 as expansion, fn_execution::v1 as fn_execution, job_management::v1 as jobs,
    pipeline::v1 as pipeline,
};

/// The encoded `FileDescriptorSet` of this crate's `.proto` files and of all they import.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
