//! All workers that may call, by their secret ids.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tonic::Status;
use tonic::metadata::MetadataMap;

use super::worker::Worker;
use crate::secret;
use crate::sync::lock;
use crate::worker::setup::JOINED;

/// The metadata by which each call of a worker says who calls.
const WORKER_ID: &str = "worker_id";
/// The length of 128 bits in hexadecimal.
const RANDOM_LENGTH: usize = 32;

/// The workers that a server knows.
#[derive(Default)]
pub(crate) struct Workers {
    known: Mutex<HashMap<String, Arc<Worker>>>,
    admissions: Mutex<Vec<Admission>>,
}

/// Lets workers into a job that choose their own ids.
struct Admission {
    job_id: String,
    token: String,
    admit: Box<dyn Fn(&str) -> Arc<Worker> + Send>,
}

impl Workers {
    /// Lets a worker call.
    pub(crate) fn add(&self, worker: Arc<Worker>) {
        lock(&self.known).insert(worker.id.clone(), worker);
    }

    /// Does not let a worker call any more.
    pub(crate) fn remove(&self, worker: &Worker) {
        lock(&self.known).remove(&worker.id);
    }

    /// Lets whoever knows `token` add workers to a job, each made by `admit`.
    pub(crate) fn open(
        &self,
        job_id: &str,
        token: &str,
        admit: impl Fn(&str) -> Arc<Worker> + Send + 'static,
    ) {
        let (job_id, token) = (job_id.to_owned(), token.to_owned());
        lock(&self.admissions).push(Admission { job_id, token, admit: Box::new(admit) });
    }

    /// Lets nobody else add workers to a job.
    pub(crate) fn close(&self, job_id: &str) {
        lock(&self.admissions).retain(|admission| admission.job_id != job_id);
    }

    /// The worker that makes a call.
    ///
    /// # Errors
    /// The status for a caller that does not say who it is, or is nobody's worker.
    pub(super) fn caller(&self, metadata: &MetadataMap) -> Result<Arc<Worker>, Status> {
        let id = worker_id(metadata)?;
        lock(&self.known).get(id).cloned().ok_or_else(unknown)
    }

    /// The worker that makes a call, which may be its first: one with the right token is let in.
    pub(super) fn caller_or_joining(&self, metadata: &MetadataMap) -> Result<Arc<Worker>, Status> {
        let id = worker_id(metadata)?;
        let known = lock(&self.known).get(id).cloned();
        match known {
            Some(worker) => Ok(worker),
            None => self.join(id, metadata),
        }
    }

    fn join(&self, id: &str, metadata: &MetadataMap) -> Result<Arc<Worker>, Status> {
        let given = bearer(metadata).ok_or_else(unknown)?;
        if id.strip_prefix(JOINED).is_none_or(|random| random.len() != RANDOM_LENGTH) {
            return Err(unknown());
        }
        let admissions = lock(&self.admissions);
        let admission = admissions.iter().find(|admission| secret::same(given, &admission.token));
        let worker = (admission.ok_or_else(unknown)?.admit)(id);
        self.add(Arc::clone(&worker));
        Ok(worker)
    }
}

/// The token that a call carries.
pub(crate) fn bearer(metadata: &MetadataMap) -> Option<&str> {
    metadata.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")
}

fn worker_id(metadata: &MetadataMap) -> Result<&str, Status> {
    let id = metadata.get(WORKER_ID).and_then(|id| id.to_str().ok());
    id.ok_or_else(|| Status::unauthenticated("the call lacks the metadata `worker_id`"))
}

fn unknown() -> Status {
    Status::permission_denied("no job has a worker of this id")
}
