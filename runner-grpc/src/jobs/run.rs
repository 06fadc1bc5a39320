//! Runs a prepared job.

use std::num::NonZero;
use std::sync::Arc;

use purlin_engine::{Engine, EngineConfig, Outcome, drive};
use purlin_proto::fn_execution::ProvisionInfo;
use purlin_proto::jobs::job_state::Enum as State;
use purlin_sdk::runner::JobState;
use purlin_sdk::{Error, PipelineOptions, Result, Sealed};

use super::entry::{JobEntry, Prepared};
use crate::fleet::{Fleet, FleetConfig, descriptors};
use crate::fn_api::{WorkerKind, Workers};
use crate::remote::{Fate, Helpers, RemoteExecutor, Running};
use crate::runtime::{runtime, wait};
use crate::worker::provision::{FINGERPRINT, THREADS};
use crate::{failure, job_options, settings, transport};

/// The most partitions into which keys are divided.
const MOST_PARTITIONS: usize = 256;

/// What jobs find on their server.
#[derive(Clone)]
pub(super) struct Surroundings {
    /// Where workers reach the server.
    pub(super) address: String,
    pub(super) workers: Arc<Workers>,
}

/// Starts a job and returns at once.
pub(super) fn run(job: &Arc<JobEntry>, prepared: Prepared, around: &Surroundings) -> Result<()> {
    job.log.enter(State::Starting);
    let (job, around) = (Arc::clone(job), around.clone());
    std::thread::Builder::new()
        .name("purlin-job".to_owned())
        .spawn(move || supervise(&job, prepared, &around))
        .map_err(|error| Error::caused("a thread cannot be started", error))?;
    Ok(())
}

/// Runs a job and notes how it ends, as soon as it does: what is left to clean up comes after.
fn supervise(job: &Arc<JobEntry>, prepared: Prepared, around: &Surroundings) {
    let started = start(job, &prepared, around);
    let driving = match started {
        Ok((engine, executor)) => {
            job.log.enter(State::Running);
            let handle = job.handle.clone();
            let driving = std::thread::Builder::new()
                .name("purlin-engine".to_owned())
                .spawn(move || drive(engine, executor, &prepared.events, &handle));
            driving.map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    match driving {
        Ok(driving) => {
            report(job, &job.handle.outcome());
            // The engine fences its own panics.
            drop(driving.join());
        }
        Err(error) => {
            let outcome = Outcome::Aborted(error);
            job.handle.finish(outcome.clone());
            report(job, &outcome);
        }
    }
}

fn start(
    job: &JobEntry,
    prepared: &Prepared,
    around: &Surroundings,
) -> Result<(Engine, RemoteExecutor)> {
    let options = job_options::from_struct(&job.options);
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let count = settings::workers(&options)?.unwrap_or(cores);
    let threads = (cores / count).max(1);
    let plan = &prepared.plan;
    let engine = Engine::new(Arc::clone(plan), engine_config(count * threads))?;
    let helpers = Helpers::of(plan).map_err(Error::UserFn)?;
    let config = FleetConfig {
        job_id: job.id.clone(),
        address: around.address.clone(),
        registry: Arc::clone(&around.workers),
        kind: Arc::new(WorkerKind {
            provision: provision(job, around, threads),
            descriptors: descriptors(plan, &helpers, &around.address),
        }),
        count,
        threads,
        fate: Fate { events: job.handle.events().clone(), running: Arc::<Running>::default() },
        helpers,
    };
    let components = job.pipeline.components.as_ref();
    let environments = components.map(|it| it.environments.clone()).unwrap_or_default();
    let fleet = wait(Fleet::start(config, plan, &environments))?;
    open(&fleet, &options)?;
    let runtime = runtime()?.handle();
    let executor =
        RemoteExecutor::new(plan, engine.shuffle(), fleet, job.handle.events(), runtime)?;
    Ok((engine, executor))
}

fn open(fleet: &Fleet, options: &PipelineOptions) -> Result<()> {
    match settings::token_file(options) {
        Some(file) => fleet.open(&file),
        None => Ok(()),
    }
}

/// Two bundles for each thread, so that none waits for the way to the runner and back.
fn engine_config(threads: usize) -> EngineConfig {
    let partitions = threads.saturating_mul(4).min(MOST_PARTITIONS);
    EngineConfig {
        partitions: u32::try_from(partitions).unwrap_or(1),
        max_in_flight: threads.saturating_mul(2),
        executors: threads,
        ..EngineConfig::default()
    }
}

fn provision(job: &JobEntry, around: &Surroundings, threads: usize) -> ProvisionInfo {
    let here = || Some(transport::descriptor(&around.address));
    let metadata = [
        ("job_id", job.id.clone()),
        ("job_name", job.name.clone()),
        ("runner", crate::RUNNER.to_owned()),
        (FINGERPRINT, Sealed::fingerprint_of(&job.pipeline)),
        (THREADS, threads.to_string()),
    ];
    ProvisionInfo {
        pipeline_options: Some(job.options.clone()),
        control_endpoint: here(),
        logging_endpoint: here(),
        artifact_endpoint: here(),
        runner_capabilities: vec![failure::CAPABILITY.to_owned()],
        metadata: metadata.map(|(key, value)| (key.to_owned(), value)).into(),
        ..Default::default()
    }
}

/// Tells those who watch the job how it ended: an error comes before the state that it caused.
fn report(job: &JobEntry, outcome: &Outcome) {
    match (outcome, outcome.error()) {
        (Outcome::Failed(failure), _) => job.log.error(failure.to_string(), Some(failure.clone())),
        (_, Some(error)) => job.log.error(error.to_string(), None),
        (_, None) => {}
    }
    job.log.enter(match outcome.state() {
        JobState::Done => State::Done,
        JobState::Drained => State::Drained,
        JobState::Cancelled => State::Cancelled,
        _ => State::Failed,
    });
}
