//! A job in the job service.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};

use prost_types::Struct;
use purlin_engine::plan::Plan;
use purlin_engine::{Event, JobHandle};
use purlin_proto::pipeline::Pipeline;

use super::log::JobLog;

/// A job that was prepared, and perhaps run.
pub(super) struct JobEntry {
    /// Also its preparation id: clients watch a job before they run it.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) pipeline: Pipeline,
    pub(super) options: Struct,
    pub(super) log: Arc<JobLog>,
    pub(super) handle: JobHandle,
    /// Taken when the job is run, so that it is run once.
    pub(super) prepared: Mutex<Option<Prepared>>,
}

/// What it takes to run a job.
pub(super) struct Prepared {
    pub(super) plan: Arc<Plan>,
    pub(super) events: Receiver<Event>,
}
