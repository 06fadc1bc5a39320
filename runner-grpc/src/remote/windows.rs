//! Has users' window functions called, on the workers that have them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use purlin_engine::UserWindows;
use purlin_engine::plan::{SideInput, StageId};
use purlin_proto::pipeline::FunctionSpec;
use purlin_sdk::{Failure, Window};
use tokio::runtime::Handle;

use super::helper::{HelperStage, Helpers};
use super::mapping::MapStage;
use super::merging::{MergeStage, Merging};
use super::pool::Pool;
use super::question::{Question, lost};
use crate::stage::Stage;
use crate::sync::lock;

/// How many mergings are remembered. What elements see is remembered by the engine.
const REMEMBERED: usize = 4096;

/// Calls window functions by a bundle of a helper stage for each question.
///
/// Its bundles need no lease: who asks holds one of the runner's cores, for which a bundle with a
/// lease may be waiting. They wait at the worker for a thread, and a bundle there waits for nothing
/// that the runner's cores have to do.
pub(super) struct RemoteWindows {
    merging: Vec<(MergeStage, Workers)>,
    mapping: Vec<(MapStage, Workers)>,
    runtime: Handle,
    asked: AtomicU64,
    known: Mutex<HashMap<(usize, Vec<Window>), Merging>>,
    /// Set once there was no worker left to ask.
    is_forsaken: Arc<AtomicBool>,
}

/// Who runs a helper stage.
struct Workers {
    stage: Arc<Stage>,
    environment_id: String,
    pool: Option<Arc<Pool>>,
}

impl Workers {
    fn of(
        helper: &HelperStage,
        pool: impl Fn(&str) -> Option<Arc<Pool>>,
    ) -> Result<Self, Box<Failure>> {
        Ok(Self {
            stage: Arc::new(Stage::new(helper.descriptor.as_ref().clone())?),
            environment_id: helper.environment_id.clone(),
            pool: pool(&helper.environment_id),
        })
    }
}

impl RemoteWindows {
    /// One that asks the workers of each stage's pool.
    pub(super) fn new(
        helpers: &Helpers,
        pool: impl Fn(&str) -> Option<Arc<Pool>>,
        runtime: &Handle,
    ) -> Result<Self, Box<Failure>> {
        let merging = helpers.merging.iter();
        let merging = merging.map(|it| Ok((it.clone(), Workers::of(&it.helper, &pool)?)));
        let mapping = helpers.mapping.iter();
        let mapping = mapping.map(|it| Ok((it.clone(), Workers::of(&it.helper, &pool)?)));
        Ok(Self {
            merging: merging.collect::<Result<_, Box<Failure>>>()?,
            mapping: mapping.collect::<Result<_, Box<Failure>>>()?,
            runtime: runtime.clone(),
            asked: AtomicU64::new(1),
            known: Mutex::default(),
            is_forsaken: Arc::default(),
        })
    }

    /// Says whether bundles fail because all workers are lost, which is not their fault.
    pub(super) fn is_forsaken(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_forsaken)
    }

    /// The elements of the answer. Who asks is on a thread that may block.
    fn ask(&self, workers: &Workers, request: Bytes) -> Result<Bytes, Box<Failure>> {
        self.runtime.block_on(async {
            let pool = workers.pool.as_ref().ok_or_else(|| {
                let environment = &workers.environment_id;
                Failure::new(format!("environment `{environment}` has no workers"))
            })?;
            let Some(worker) = pool.connected().await else {
                self.is_forsaken.store(true, Ordering::Relaxed);
                return Err(lost());
            };
            let number = self.asked.fetch_add(1, Ordering::Relaxed);
            let question = Question {
                worker: Arc::clone(&worker),
                instruction: format!("windows-{number}"),
                stage: Arc::clone(&workers.stage),
                end: Arc::default(),
            };
            question.hold(HelperStage::SOURCE, request).await.map_err(|mut failure| {
                failure.worker.get_or_insert_with(|| worker.label.clone());
                failure
            })
        })
    }
}

impl UserWindows for RemoteWindows {
    fn merge(&self, window_fn: &FunctionSpec, windows: &[Window]) -> Result<Merging, Box<Failure>> {
        let index = self.merging.iter().position(|(stage, _)| stage.window_fn == *window_fn);
        let index = index.ok_or_else(|| not_told(window_fn))?;
        let mut sorted = windows.to_vec();
        sorted.sort();
        let question = (index, sorted);
        if let Some(merging) = lock(&self.known).get(&question) {
            return Ok(merging.clone());
        }
        let (stage, workers) = &self.merging[index];
        let merging = stage.answer(&self.ask(workers, stage.request(&question.1)?)?)?;
        let mut known = lock(&self.known);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(question, merging.clone());
        Ok(merging)
    }

    fn side_input_windows(
        &self,
        stage: StageId,
        side: &SideInput,
        main: &[Window],
    ) -> Result<Vec<Window>, Box<Failure>> {
        let mut helpers = self.mapping.iter();
        let helper = helpers.find(|(helper, _)| helper.answers(stage, side.collection));
        let (helper, workers) = helper.ok_or_else(|| not_told(&side.mapping))?;
        helper.answer(&self.ask(workers, helper.request(main))?, main.len())
    }
}

fn not_told(function: &FunctionSpec) -> Box<Failure> {
    Failure::new(format!("no worker was told of the window function `{}`", function.urn))
}
