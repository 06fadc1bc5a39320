//! The engine's executor: each bundle of user code runs on a worker, the engine's own work in this
//! process.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use purlin_engine::plan::{CollectionId, Plan, SdkStage, StageId};
use purlin_engine::{
    Bundle, BundleId, BundleResult, Event, Executor, KeyedBundle, Output, Shuffle, is_own_work,
    own_work, user_input,
};
use purlin_proto::fn_execution::{
    FinalizeBundleRequest, ProcessBundleResponse, instruction_request as ask,
};
use purlin_sdk::Failure;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tracing::warn;

use super::conversation::{Conversation, Input, Trouble};
use super::frames::frames;
use super::intake::Intake;
use super::open::OpenBundle;
use super::pool::Pool;
use super::running::{OpenSplit, Place, Running, SplitAsk};
use super::split::{checkpoint, share};
use super::windows::RemoteWindows;
use crate::fleet::Fleet;
use crate::monitoring;
use crate::stage::Stage;
use crate::sync::lock;
use crate::threads::Threads;

/// How long finalisers of a job that has ended may take.
const FINALIZE_TIMEOUT: Duration = Duration::from_secs(30);

type Outcome<T> = Result<T, Box<Failure>>;

/// Runs bundles on the workers of a job. Dropping it stops them.
pub(crate) struct RemoteExecutor {
    shared: Arc<Shared>,
    runtime: Handle,
    bundles: Mutex<JoinSet<()>>,
    finalizing: Mutex<JoinSet<()>>,
    fleet: Fleet,
}

struct Shared {
    plan: Arc<Plan>,
    shuffle: Arc<Shuffle>,
    /// By stage; `None` for those that the runner does itself.
    stages: Vec<Option<Remote>>,
    events: Sender<Event>,
    running: Arc<Running>,
    /// Where bundles ran that wait for finalisation.
    finalizers: Mutex<HashMap<BundleId, Place>>,
    /// The worker on which a stage failed last: it remembers elements of that stage since then.
    failed_on: Mutex<HashMap<StageId, String>>,
    /// They do the work that this process does itself.
    cores: Arc<Threads>,
    /// Whether no worker is left to ask about windows.
    is_forsaken: Arc<AtomicBool>,
}

/// A bundle that is ready to travel.
struct Framed {
    bundle: Bundle,
    keyed: Option<KeyedBundle>,
    source: String,
    input: Input,
}

/// A stage of user code.
struct Remote {
    stage: Arc<Stage>,
    /// The stage with its restrictions truncated first.
    draining: Option<Arc<Stage>>,
    sinks: Arc<BTreeMap<String, CollectionId>>,
    pool: Arc<Pool>,
}

impl RemoteExecutor {
    /// An executor on the workers of `fleet`.
    pub(crate) fn new(
        plan: &Arc<Plan>,
        shuffle: &Arc<Shuffle>,
        fleet: Fleet,
        events: &Sender<Event>,
        runtime: &Handle,
    ) -> Outcome<Self> {
        let windows = RemoteWindows::new(fleet.helpers(), |id| fleet.pool(id), runtime)?;
        let is_forsaken = windows.is_forsaken();
        shuffle.call_window_fns_by(Arc::new(windows));
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let cores = Threads::start("cores", cores).map_err(|error| Failure::from_error(&error))?;
        let stages = plan.stages.iter();
        let stages =
            stages.map(|stage| stage.sdk().map(|sdk| Remote::new(sdk, &fleet)).transpose());
        let shared = Shared {
            stages: stages.collect::<Outcome<_>>()?,
            plan: Arc::clone(plan),
            shuffle: Arc::clone(shuffle),
            events: events.clone(),
            running: fleet.running(),
            finalizers: Mutex::default(),
            failed_on: Mutex::default(),
            cores: Arc::new(cores),
            is_forsaken,
        };
        Ok(Self {
            shared: Arc::new(shared),
            runtime: runtime.clone(),
            bundles: Mutex::default(),
            finalizing: Mutex::default(),
            fleet,
        })
    }
}

impl Remote {
    fn new(sdk: &SdkStage, fleet: &Fleet) -> Outcome<Self> {
        let pool = fleet.pool(&sdk.environment_id).ok_or_else(|| {
            Failure::new(format!("environment `{}` has no workers", sdk.environment_id))
        })?;
        Ok(Self {
            stage: Arc::new(Stage::new(sdk.descriptor.as_ref().clone())?),
            draining: match &sdk.draining {
                Some(draining) => Some(Arc::new(Stage::new(draining.as_ref().clone())?)),
                None => None,
            },
            sinks: Arc::new(sdk.outputs.iter().cloned().collect()),
            pool,
        })
    }
}

impl Executor for RemoteExecutor {
    fn run(&self, bundle: Bundle) {
        let shared = Arc::clone(&self.shared);
        let what = format!(
            "stage `{}` (bundle {}, attempt {})",
            shared.plan.stages[bundle.stage.0].name, bundle.id, bundle.attempt
        );
        shared.running.accepted(bundle.id, what);
        let mut bundles = lock(&self.bundles);
        while bundles.try_join_next().is_some() {}
        bundles.spawn_on(
            async move {
                if let Some(event) = shared.bundle(bundle).await {
                    // A job that has ended does not listen any more.
                    drop(shared.events.send(event));
                }
            },
            &self.runtime,
        );
    }

    fn checkpoint(&self, id: BundleId) {
        if let Some(place) = self.shared.running.checkpoint(id) {
            self.runtime.spawn(async move { checkpoint(&place).await });
        }
    }

    fn split(&self, bundle: BundleId, ask: u32, fraction: f64) {
        let ask = SplitAsk { bundle, ask, fraction };
        if let Some(open) = self.shared.running.split(ask) {
            self.runtime.spawn(Arc::clone(&self.shared).split(ask, open));
        }
    }

    fn finalize(&self, id: BundleId) {
        let Some(place) = lock(&self.shared.finalizers).remove(&id) else { return };
        let mut finalizing = lock(&self.finalizing);
        while finalizing.try_join_next().is_some() {}
        finalizing.spawn_on(finalize(place), &self.runtime);
    }

    /// Beam has no message for it: a worker drops finalisers in time, and all at its end.
    fn forget(&self, id: BundleId) {
        lock(&self.shared.finalizers).remove(&id);
    }
}

/// Has the finalisers of a bundle called on the worker that ran it. It is best effort.
async fn finalize(place: Place) {
    let request = ask::Request::FinalizeBundle(FinalizeBundleRequest {
        instruction_id: place.instruction.clone(),
    });
    let answer = place.worker.ask(&format!("{}-finalize", place.instruction), request).await;
    let worker = &place.worker.label;
    match answer {
        Some(answer) if answer.error.is_empty() => {}
        Some(answer) => warn!(worker, error = answer.error, "a finaliser failed"),
        None => warn!(worker, "the worker was lost before its finalisers were called"),
    }
}

impl Shared {
    /// Runs a bundle; `None` if its worker was lost, which is reported otherwise.
    async fn bundle(self: &Arc<Self>, bundle: Bundle) -> Option<Event> {
        let id = bundle.id;
        let is_own_work = is_own_work(&self.plan, &bundle);
        let result = match &self.stages[bundle.stage.0] {
            Some(remote) if !is_own_work => self.remote(bundle, remote).await?,
            _ => {
                let shuffle = Arc::clone(&self.shuffle);
                let result = self.compute(move || own_work(&shuffle, &bundle)).await;
                if result.is_err() && self.is_forsaken.load(Ordering::Relaxed) {
                    // As with any bundle whose worker was lost.
                    return None;
                }
                result
            }
        };
        self.running.ended(id);
        Some(match result {
            Ok(result) => Event::BundleDone { id, result: Box::new(result) },
            Err(failure) => Event::BundleFailed { id, failure },
        })
    }

    async fn remote(
        self: &Arc<Self>,
        bundle: Bundle,
        remote: &Remote,
    ) -> Option<Outcome<BundleResult>> {
        let (id, stage, attempt) = (bundle.id, bundle.stage, bundle.attempt);
        let preferred = lock(&self.failed_on).get(&stage).cloned().filter(|_| attempt > 1);
        let lease = remote.pool.lease(bundle.input.size_bytes(), preferred.as_deref()).await;
        let worker = Arc::clone(&lease.worker);
        match self.on_worker(bundle, remote, &worker).await {
            Ok(result) => Some(Ok(result)),
            Err(Trouble::Lost) => None,
            Err(Trouble::Failed(mut failure)) => {
                lock(&self.failed_on).insert(stage, worker.label.clone());
                failure.worker.get_or_insert_with(|| worker.label.clone());
                failure.attempt = attempt;
                drop(lock(&self.finalizers).remove(&id));
                Some(Err(failure))
            }
        }
    }

    async fn on_worker(
        self: &Arc<Self>,
        bundle: Bundle,
        remote: &Remote,
        worker: &Arc<crate::fn_api::Worker>,
    ) -> Result<BundleResult, Trouble> {
        let id = bundle.id;
        let draining = remote.draining.as_ref().filter(|_| bundle.truncates);
        let described = draining.unwrap_or(&remote.stage);
        let Framed { bundle, keyed, source, input } =
            self.framed(bundle).await.map_err(Trouble::Failed)?;
        let (open, limit) = (described.outputs.clone(), bundle.output_limit);
        let intake = Intake::new(&self.shuffle, &remote.sinks, &self.cores, open, limit);
        let end = OpenBundle::new(&self.shuffle, &bundle, keyed, intake);
        let place =
            Place { worker: Arc::clone(worker), instruction: format!("bundle-{id}"), source };
        let conversation = Conversation {
            place: place.clone(),
            stage: Arc::clone(described),
            end: Arc::clone(&end),
        };
        let at_once = bundle.time_limit == Some(Duration::ZERO);
        let began = || self.began(id, &place, at_once);
        let response = conversation.hold(input, began).await?;
        self.running.settle(id).await.map_err(Trouble::Failed)?;
        if response.requires_finalization {
            lock(&self.finalizers).insert(id, place);
        }
        let outputs = end.intake.take().map_err(Trouble::Failed)?;
        // The engine changes next what the bundle has seen of its keys.
        drop(bundle);
        let result = self.result(response, outputs, end).await;
        result.map_err(Trouble::Failed)
    }

    /// A bundle has been given to its worker: passes on what was asked of it before.
    fn began(self: &Arc<Self>, id: BundleId, place: &Place, at_once: bool) {
        let asked = self.running.began(id, place.clone());
        if let Some(ask) = asked.split
            && let Some(open) = self.running.split(ask)
        {
            tokio::spawn(Arc::clone(self).split(ask, open));
        }
        if asked.checkpoint || at_once {
            let place = place.clone();
            tokio::spawn(async move { checkpoint(&place).await });
        }
    }

    /// Has a bundle give a part of its work away, and tells the engine before the bundle ends.
    async fn split(self: Arc<Self>, SplitAsk { bundle, ask, fraction }: SplitAsk, open: OpenSplit) {
        match share(&open.place, fraction).await {
            Ok(Some(split)) => {
                let split = Box::new(split);
                // A job that has ended does not listen any more.
                drop(self.events.send(Event::BundleSplit { id: bundle, ask, split }));
            }
            Ok(None) => {}
            Err(offence) => self.running.offended(bundle, offence),
        }
    }

    /// The input of a bundle as it travels.
    async fn framed(&self, bundle: Bundle) -> Outcome<Framed> {
        let (plan, shuffle) = (Arc::clone(&self.plan), Arc::clone(&self.shuffle));
        self.compute(move || {
            let Some(sdk) = plan.stages[bundle.stage.0].sdk() else {
                return Err(Failure::new("a stage without user code came to a worker"));
            };
            let keyed = KeyedBundle::open(&shuffle, &bundle)?;
            let input = Input {
                frames: match &keyed {
                    Some(keyed) => frames(&shuffle, sdk, keyed.elements())?,
                    None => frames(&shuffle, sdk, &user_input(&shuffle, &bundle)?)?,
                },
                timers: keyed.as_ref().map_or_else(|| Ok(Vec::new()), KeyedBundle::timers)?,
            };
            Ok(Framed { bundle, keyed, source: sdk.source.clone(), input })
        })
        .await
    }

    /// What the engine gets of what a worker sent.
    async fn result(
        &self,
        response: ProcessBundleResponse,
        outputs: Vec<Output>,
        end: Arc<OpenBundle>,
    ) -> Outcome<BundleResult> {
        let result = self.compute(move || {
            let mut result = BundleResult { outputs, ..Default::default() };
            end.close(&mut result)?;
            Ok(result)
        });
        let mut result = BundleResult {
            residuals: response.residual_roots,
            finalizes: response.requires_finalization,
            ..result.await?
        };
        monitoring::collect(&response.monitoring_infos, &mut result.metrics);
        Ok(result)
    }

    /// Work of this process itself, on one of its cores.
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let (result, done) = oneshot::channel();
        // Nobody listens any more when the job has ended.
        self.cores.submit(move || drop(result.send(work())));
        done.await.unwrap_or_else(|_| {
            Err(Failure::new("the runner panicked over a bundle, which is a mistake of its own"))
        })
    }
}

impl Drop for RemoteExecutor {
    fn drop(&mut self) {
        lock(&self.bundles).abort_all();
        let mut finalizing = std::mem::take(&mut *lock(&self.finalizing));
        self.runtime.block_on(async {
            let all = async { while finalizing.join_next().await.is_some() {} };
            if tokio::time::timeout(FINALIZE_TIMEOUT, all).await.is_err() {
                warn!("finalisers took too long and were given up");
            }
            self.fleet.stop().await;
        });
    }
}
