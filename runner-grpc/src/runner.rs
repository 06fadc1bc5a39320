//! The runner: serves jobs in this process and submits pipelines to itself, by the wire.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use prost::Message;
use purlin_engine::GAPS;
use purlin_proto::pipeline::{Environment, ExternalPayload, Pipeline, ProcessPayload};
use purlin_proto::urns::environments as urn;
use purlin_sdk::runner::{Gap, Runner, RunningPipeline};
use purlin_sdk::{Error, PipelineOptions, Result, Sealed};
use tracing::warn;

use crate::client::SubmittedJob;
use crate::fleet::ARGUMENTS;
use crate::jobs::Server;
use crate::worker::pool::WorkerPool;
use crate::{RUNNER, settings, transport};

/// Runs pipelines on workers over Beam's portability protocols.
///
/// Options: `--workers=N`, by default one per core; `--environment=process`, the default, which
/// starts this program again as worker processes, or `--environment=loopback` for workers on
/// threads of this program; `--worker-bind=ADDRESS` and `--worker-advertise=HOST`, both by default
/// the loopback interface; `--worker-token-file=FILE` to let workers join that are started by hand.
///
/// With worker processes, code before the pipeline runs is run once per worker; what a closure
/// captures is rebuilt there, not sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrpcRunner {
    workers: Option<NonZeroUsize>,
    is_loopback: bool,
}

impl GrpcRunner {
    /// Starts so many workers.
    #[must_use]
    pub fn workers(mut self, workers: NonZeroUsize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Runs the workers on threads of this program, over the same messages.
    #[must_use]
    pub fn loopback(mut self) -> Self {
        self.is_loopback = true;
        self
    }

    fn is_loopback(self, options: &PipelineOptions) -> Result<bool> {
        match options.get("environment") {
            None => Ok(self.is_loopback),
            Some("loopback") => Ok(true),
            Some("process") => Ok(false),
            Some(other) => Err(Error::Options(format!(
                "option `--environment={other}` is not understood\n  help: it is `process` or \
                 `loopback`"
            ))),
        }
    }
}

impl Runner for GrpcRunner {
    fn name(&self) -> &'static str {
        RUNNER
    }

    fn gaps(&self) -> &'static [Gap] {
        GAPS
    }

    fn start(&self, pipeline: Sealed, options: &PipelineOptions) -> Result<RunningPipeline> {
        let mut options = options.clone();
        if let (Some(workers), None) = (self.workers, options.get("workers")) {
            options.set("workers", workers.to_string());
        }
        let bind = settings::bind(&options)?;
        if !bind.ip().is_loopback() {
            warn!(%bind, "workers connect over a network, on which nothing is encrypted");
        }
        let (pool, environment) = if self.is_loopback(&options)? {
            let pool = WorkerPool::start(&pipeline.table)?;
            let environment = external(&pool.address);
            (Some(pool), environment)
        } else {
            (None, process()?)
        };
        let server = Server::start(bind, options.get("worker-advertise"))?;
        let (address, token) = (server.address.clone(), server.token.clone());
        let placed = placed(pipeline.pipeline, &environment);
        let job = SubmittedJob::submit(&address, &token, placed, &options, (server, pool))?;
        Ok(RunningPipeline::new(Arc::new(job)))
    }
}

/// The pipeline with this environment for what an SDK left to the runner's choice.
fn placed(mut pipeline: Pipeline, environment: &Environment) -> Pipeline {
    let environments = pipeline.components.iter_mut().flat_map(|it| it.environments.values_mut());
    for open in environments.filter(|open| open.urn == urn::DEFAULT) {
        open.urn.clone_from(&environment.urn);
        open.payload.clone_from(&environment.payload);
    }
    pipeline
}

fn external(address: &str) -> Environment {
    let endpoint = Some(transport::descriptor(address));
    let payload = ExternalPayload { endpoint, ..Default::default() };
    Environment {
        urn: urn::EXTERNAL.to_owned(),
        payload: payload.encode_to_vec().into(),
        ..Default::default()
    }
}

/// This program, started again with the same arguments.
fn process() -> Result<Environment> {
    let program = std::env::current_exe()
        .map_err(|error| Error::caused("this program's own file cannot be found", error))?;
    refuse_tests(&program)?;
    refuse_second()?;
    let Some(command) = program.to_str() else {
        return Err(Error::environment("the path of this program is not UTF-8"));
    };
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let arguments = serde_json::to_string(&arguments)
        .map_err(|error| Error::caused("the arguments of this program", error))?;
    let payload = ProcessPayload {
        command: command.to_owned(),
        env: BTreeMap::from([(ARGUMENTS.to_owned(), arguments)]),
        ..Default::default()
    };
    Ok(Environment {
        urn: urn::PROCESS.to_owned(),
        payload: payload.encode_to_vec().into(),
        ..Default::default()
    })
}

const HELP: &str = "\n  help: use `--environment=loopback`, which runs workers on threads of this \
                    program";

/// A test started again would run tests.
fn refuse_tests(program: &Path) -> Result<()> {
    let folder = program.parent().and_then(Path::file_name);
    if folder.is_some_and(|folder| folder == "deps") {
        return Err(Error::Options(format!(
            "a `#[test]` cannot be started again as a worker process{HELP}"
        )));
    }
    Ok(())
}

/// A worker takes the first pipeline that its program runs for the job's.
fn refuse_second() -> Result<()> {
    static HAS_RUN: AtomicBool = AtomicBool::new(false);
    if HAS_RUN.swap(true, Ordering::Relaxed) {
        return Err(Error::Options(format!(
            "a second `run()` of this program cannot have worker processes, which take part in \
             the first{HELP}"
        )));
    }
    Ok(())
}
