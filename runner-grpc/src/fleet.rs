//! The workers of a job: started for its environments, joined by others, stopped at its end.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use prost::Message;
use purlin_engine::plan::Plan;
use purlin_proto::fn_execution::beam_fn_external_worker_pool_client::BeamFnExternalWorkerPoolClient;
use purlin_proto::fn_execution::{ProcessBundleDescriptor, StartWorkerRequest, StopWorkerRequest};
use purlin_proto::pipeline::{Environment, ExternalPayload, ProcessPayload};
use purlin_proto::urns::environments as urn;
use purlin_sdk::{Error, Result};

use crate::fn_api::{Worker, WorkerKind, Workers};
use crate::process::Process;
use crate::remote::{Fate, Helpers, Pool, Running};
use crate::sync::lock;
use crate::worker::setup::{ENDPOINT_VARIABLE, ID_VARIABLE};
use crate::{secret, transport};

/// The entry of a process environment that makes it one of ours, and the arguments of its program
/// as JSON. Such a program gets its id by the environment, where others cannot read it; the
/// programs of other SDKs get theirs as an argument, as Beam has it.
pub(crate) const ARGUMENTS: &str = "PURLIN_WORKER_ARGUMENTS";

/// How long workers have to end once they were told to.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
const BUNDLES_PER_THREAD: usize = 2;

/// What all the workers of a job have in common.
pub(crate) struct FleetConfig {
    pub(crate) job_id: String,
    /// Where this runner serves them.
    pub(crate) address: String,
    pub(crate) registry: Arc<Workers>,
    pub(crate) kind: Arc<WorkerKind>,
    /// How many to start of each environment.
    pub(crate) count: usize,
    /// How many bundles each runs at a time.
    pub(crate) threads: usize,
    pub(crate) fate: Fate,
    /// The helper stages, of which the workers know.
    pub(crate) helpers: Helpers,
}

/// The workers of a job.
pub(crate) struct Fleet {
    config: FleetConfig,
    pools: BTreeMap<String, Arc<Pool>>,
    processes: Mutex<Vec<Process>>,
    /// Pools of other programs' workers, to be told of the end of each.
    external: Mutex<Vec<(String, String)>>,
    started: AtomicUsize,
}

impl Fleet {
    /// Starts workers for every environment that the plan uses.
    pub(crate) async fn start(
        config: FleetConfig,
        plan: &Plan,
        environments: &BTreeMap<String, Environment>,
    ) -> Result<Self> {
        let sdk_stages = plan.stages.iter().filter_map(|stage| stage.sdk());
        let used = sdk_stages.map(|sdk| sdk.environment_id.clone());
        let pools: BTreeMap<_, _> = used.map(|id| (id, Pool::new())).collect();
        let this = Self {
            config,
            pools,
            processes: Mutex::default(),
            external: Mutex::default(),
            started: AtomicUsize::new(0),
        };
        for (id, pool) in &this.pools {
            let environment = environments.get(id).cloned().unwrap_or_default();
            for _ in 0..this.config.count {
                if let Err(error) = this.start_worker(&environment, pool).await {
                    this.stop().await;
                    return Err(error);
                }
            }
        }
        Ok(this)
    }

    /// The workers of an environment.
    pub(crate) fn pool(&self, environment_id: &str) -> Option<Arc<Pool>> {
        self.pools.get(environment_id).cloned()
    }

    /// The helper stages that they run.
    pub(crate) fn helpers(&self) -> &Helpers {
        &self.config.helpers
    }

    /// What they are doing.
    pub(crate) fn running(&self) -> Arc<Running> {
        Arc::clone(&self.config.fate.running)
    }

    async fn start_worker(&self, environment: &Environment, pool: &Arc<Pool>) -> Result<()> {
        let number = self.started.fetch_add(1, Ordering::Relaxed) + 1;
        let label = format!("worker-{number}");
        let id = format!("{label}-{}", secret::random()?);
        let worker = Worker::new(id, label, Arc::clone(&self.config.kind));
        self.config.registry.add(Arc::clone(&worker));
        pool.add(Arc::clone(&worker), self.config.threads * BUNDLES_PER_THREAD);
        let process = match environment.urn.as_str() {
            urn::PROCESS => Some(self.start_process(environment, &worker)?),
            urn::EXTERNAL => {
                self.start_external(environment, &worker).await?;
                None
            }
            other => {
                return Err(Error::Unsupported {
                    runner: crate::RUNNER.to_owned(),
                    feature: format!(
                        "workers of environment `{other}`\n  help: use a process or an external \
                         worker pool"
                    ),
                });
            }
        };
        self.config.fate.watch(&worker, process, pool);
        Ok(())
    }

    fn start_process(&self, environment: &Environment, worker: &Worker) -> Result<Process> {
        let payload = ProcessPayload::decode(environment.payload.clone())
            .map_err(|error| Error::caused("the payload of a process environment", error))?;
        let mut variables = payload.env;
        let (id, address) = (worker.secret_id(), &self.config.address);
        let arguments = match variables.remove(ARGUMENTS) {
            Some(arguments) => {
                variables.insert(ID_VARIABLE.to_owned(), id.to_owned());
                variables.insert(ENDPOINT_VARIABLE.to_owned(), address.clone());
                serde_json::from_str(&arguments)
                    .map_err(|error| Error::caused(format!("`{ARGUMENTS}`"), error))?
            }
            None => vec![format!("--id={id}"), format!("--provision_endpoint={address}")],
        };
        let process = Process::start(&payload.command, &arguments, &variables)?;
        lock(&self.processes).push(process.clone());
        Ok(process)
    }

    async fn start_external(&self, environment: &Environment, worker: &Worker) -> Result<()> {
        let payload = ExternalPayload::decode(environment.payload.clone())
            .map_err(|error| Error::caused("the payload of an external environment", error))?;
        let pool = payload.endpoint.unwrap_or_default().url;
        let here = Some(transport::descriptor(&self.config.address));
        let request = StartWorkerRequest {
            worker_id: worker.secret_id().to_owned(),
            control_endpoint: here.clone(),
            logging_endpoint: here.clone(),
            artifact_endpoint: here.clone(),
            provision_endpoint: here,
            params: payload.params,
        };
        let channel = transport::connect(&pool).await?;
        let answer = BeamFnExternalWorkerPoolClient::new(channel).start_worker(request).await;
        let error = match answer {
            Ok(answer) => answer.into_inner().error,
            Err(status) => status.message().to_owned(),
        };
        if !error.is_empty() {
            return Err(Error::environment(format!(
                "the worker pool at `{pool}` did not start a worker: {error}"
            )));
        }
        lock(&self.external).push((pool, worker.secret_id().to_owned()));
        Ok(())
    }

    /// Lets workers join that somebody starts by hand, with a token that is written to `file`.
    pub(crate) fn open(&self, file: &Path) -> Result<()> {
        let token = secret::random()?;
        write_secret(file, &token).map_err(|error| {
            Error::caused(format!("the token file `{}` cannot be written", file.display()), error)
        })?;
        let Some(pool) = self.pools.values().next().cloned() else { return Ok(()) };
        let (kind, fate) = (Arc::clone(&self.config.kind), self.config.fate.clone());
        let most = self.config.threads * BUNDLES_PER_THREAD;
        let joined = AtomicUsize::new(0);
        self.config.registry.open(&self.config.job_id, &token, move |id| {
            let number = joined.fetch_add(1, Ordering::Relaxed) + 1;
            let label = format!("joined-worker-{number}");
            let worker = Worker::joined(id.to_owned(), label, Arc::clone(&kind));
            pool.add(Arc::clone(&worker), most);
            fate.watch(&worker, None, &pool);
            worker
        });
        let address = &self.config.address;
        tracing::info!(
            "workers may join with `--worker={address} --token-file={}`",
            file.display()
        );
        Ok(())
    }

    /// Stops all workers; those that do not go by themselves are killed.
    pub(crate) async fn stop(&self) {
        self.config.registry.close(&self.config.job_id);
        let workers: Vec<Arc<Worker>> =
            self.pools.values().flat_map(|pool| pool.workers()).collect();
        workers.iter().for_each(|worker| worker.stop());
        let processes = std::mem::take(&mut *lock(&self.processes));
        let gone = async {
            for process in &processes {
                process.exited().await;
            }
        };
        if tokio::time::timeout(STOP_TIMEOUT, gone).await.is_err() {
            processes.iter().for_each(Process::kill);
        }
        let external = std::mem::take(&mut *lock(&self.external));
        for (pool, worker_id) in external {
            stop_external(&pool, worker_id).await;
        }
        workers.iter().for_each(|worker| self.config.registry.remove(worker));
    }
}

/// A pool that has gone has stopped its workers.
async fn stop_external(pool: &str, worker_id: String) {
    if let Ok(channel) = transport::connect(pool).await {
        let mut client = BeamFnExternalWorkerPoolClient::new(channel);
        drop(client.stop_worker(StopWorkerRequest { worker_id }).await);
    }
}

/// Writes a file that nobody else can read, also if it was there before.
fn write_secret(file: &Path, secret: &str) -> std::io::Result<()> {
    use std::io::Write;
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(secret.as_bytes())
}

/// The descriptors of a plan and its helpers, each with the endpoints that its workers need.
pub(crate) fn descriptors(
    plan: &Plan,
    helpers: &Helpers,
    address: &str,
) -> HashMap<String, ProcessBundleDescriptor> {
    let sdk_stages = plan.stages.iter().filter_map(|stage| stage.sdk());
    let stages = sdk_stages.flat_map(|sdk| [&sdk.descriptor].into_iter().chain(&sdk.draining));
    let all = stages.chain(helpers.descriptors());
    let complete = |descriptor: &Arc<ProcessBundleDescriptor>| {
        let descriptor = crate::endpoints::complete(descriptor, address);
        (descriptor.id.clone(), descriptor)
    };
    all.map(complete).collect()
}
