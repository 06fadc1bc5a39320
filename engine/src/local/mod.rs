//! Runs bundles in this process.

mod control;
mod host;
mod pool;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use purlin_proto::pipeline::FunctionSpec;
use purlin_sdk::Window;
use purlin_sdk::exec::{
    BundleControl, BundleProcessor, Failure, Finalizer, FnTable, panic_failure,
};
use tracing::warn;

use self::control::Controls;
use self::host::{Collected, LocalHost};
use self::pool::Pool;
use crate::bundle::{Bundle, BundleId, BundleResult};
use crate::event::Event;
use crate::grouping::feed;
use crate::keyed::KeyedBundle;
use crate::own_work::{is_own_work, own_work};
use crate::plan::{SdkStage, SideInput, StageId};
use crate::random::Random;
use crate::shuffle::Shuffle;
use crate::user_windows::UserWindows;

/// Runs bundles in this process, on whatever thread asks for it.
///
/// It keeps wired stages for the next bundle, and the finalisers of bundles until they are called.
/// One may be shared by any number of threads.
pub struct LocalExecutor {
    shuffle: Arc<Shuffle>,
    pool: Pool,
    controls: Controls,
    finalizers: Mutex<BTreeMap<BundleId, Vec<Finalizer>>>,
}

/// The window functions of this process.
struct TableWindows(Arc<FnTable>);

impl UserWindows for TableWindows {
    fn merge(
        &self,
        window_fn: &FunctionSpec,
        windows: &[Window],
    ) -> Result<Vec<(Window, Vec<Window>)>, Box<Failure>> {
        self.0.window_fn(window_fn)?.merge(windows)
    }

    fn side_input_windows(
        &self,
        _: StageId,
        side: &SideInput,
        main: &[Window],
    ) -> Result<Vec<Window>, Box<Failure>> {
        let window_fn = self.0.window_fns.of_mapping(&side.mapping)?;
        main.iter().map(|window| window_fn.side_input_window(window)).collect()
    }
}

/// Gives a stage with state its elements and the timers that fire, and those that fire then: a timer
/// that sets the next, as many do, needs no bundle for each. Where the schedule is random, it needs one
/// by chance.
fn process_keyed(
    processor: &mut BundleProcessor,
    keyed: &Mutex<KeyedBundle>,
    bundle: &Bundle,
    sdk: &SdkStage,
) -> Result<(), Box<Failure>> {
    // User code asks for state meanwhile.
    let elements = lock(keyed).elements().to_vec();
    elements.iter().try_for_each(|chunk| processor.process(&sdk.source, chunk))?;
    let mut random = bundle.seed.map(Random::new);
    loop {
        let timers = lock(keyed).timers()?;
        for fired in &timers {
            processor.process_timers(&fired.transform_id, &fired.family, &fired.timers)?;
        }
        if timers.is_empty() || random.as_mut().is_some_and(|random| random.one_in(2)) {
            return Ok(());
        }
        processor.flush_state()?;
        if !lock(keyed).fire_next()? {
            return Ok(());
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here is left half-changed by a panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LocalExecutor {
    /// An executor of a plan's stages.
    #[must_use]
    pub fn new(shuffle: Arc<Shuffle>, table: Arc<FnTable>) -> Self {
        shuffle.call_window_fns_by(Arc::new(TableWindows(Arc::clone(&table))));
        Self {
            pool: Pool::new(Arc::clone(&shuffle), table),
            shuffle,
            controls: Controls::default(),
            finalizers: Mutex::default(),
        }
    }

    /// Runs a bundle to its end. A panic of user code ends the bundle and not the thread.
    #[must_use]
    pub fn run(&self, bundle: Bundle) -> Event {
        let id = bundle.id;
        let result = catch_unwind(AssertUnwindSafe(|| self.run_unfenced(&bundle)));
        // The engine changes next what the bundle has seen of its keys: it should be the only owner.
        drop(bundle);
        self.controls.ended(id);
        match result {
            Ok(Ok(result)) => Event::BundleDone { id, result: Box::new(result) },
            Ok(Err(failure)) => Event::BundleFailed { id, failure },
            Err(panic) => Event::BundleFailed { id, failure: panic_failure(panic.as_ref()) },
        }
    }

    fn run_unfenced(&self, bundle: &Bundle) -> Result<BundleResult, Box<Failure>> {
        let stage = &self.shuffle.plan().stages[bundle.stage.0];
        match stage.sdk() {
            _ if is_own_work(self.shuffle.plan(), bundle) => own_work(&self.shuffle, bundle),
            Some(sdk) => {
                let mut processor = self.pool.take(bundle, sdk)?;
                let result = self.process(&mut processor, bundle, sdk)?;
                // One that failed is not used again: user code may be in any state.
                self.pool.put(bundle, processor);
                Ok(result)
            }
            None => Err(Failure::new(format!("stage `{}` cannot run this bundle", stage.name))),
        }
    }

    fn process(
        &self,
        processor: &mut BundleProcessor,
        bundle: &Bundle,
        sdk: &SdkStage,
    ) -> Result<BundleResult, Box<Failure>> {
        let collected = Arc::new(Mutex::new(Collected::new(bundle.seed.map(Random::new))));
        let control = processor.control();
        let keyed = KeyedBundle::open(&self.shuffle, bundle)?.map(|it| Arc::new(Mutex::new(it)));
        let host = LocalHost::new(&self.shuffle, bundle, keyed.as_ref(), &control, &collected);
        processor.start_bundle(Box::new(host))?;
        self.control(bundle, control);
        match &keyed {
            Some(keyed) => process_keyed(processor, keyed, bundle, sdk)?,
            None => feed(&self.shuffle, bundle, processor, &sdk.source)?,
        }
        let outcome = processor.finish_bundle()?;
        let mut result = BundleResult {
            outputs: std::mem::take(&mut lock(&collected).outputs),
            residuals: outcome.residuals,
            metrics: outcome.metrics,
            finalizes: !outcome.finalizers.is_empty(),
            ..BundleResult::default()
        };
        if let Some(keyed) = keyed {
            // The processor has let go of its host.
            let keyed = Arc::into_inner(keyed)
                .ok_or_else(|| Failure::new("somebody still works on the keys of a bundle"))?;
            keyed.into_inner().unwrap_or_else(PoisonError::into_inner).close(&mut result)?;
        }
        if result.finalizes {
            lock(&self.finalizers).insert(bundle.id, outcome.finalizers);
        }
        Ok(result)
    }

    /// Makes a running bundle stoppable, and passes on what was asked for already.
    fn control(&self, bundle: &Bundle, control: BundleControl) {
        if bundle.time_limit == Some(Duration::ZERO) {
            control.checkpoint();
        }
        self.controls.started(bundle.id, control);
    }

    /// Asks a bundle to stop at its next claim. One that has not begun stops at its first.
    pub fn checkpoint(&self, id: BundleId) {
        self.controls.checkpoint(id);
    }

    /// Asks a bundle to keep `fraction` of what is left at its next claim. What it gives away is
    /// sent to `events`, before its end is.
    pub fn split(&self, id: BundleId, ask: u32, fraction: f64, events: &Sender<Event>) {
        let events = events.clone();
        let answer = move |split| {
            // A job that has ended does not listen any more.
            let _ = events.send(Event::BundleSplit { id, ask, split: Box::new(split) });
        };
        self.controls.split(id, fraction, Box::new(answer));
    }

    /// Calls the finalisers of a bundle. One that fails is logged: its effects are best effort.
    pub fn finalize(&self, id: BundleId) {
        let finalizers = lock(&self.finalizers).remove(&id).unwrap_or_default();
        for finalizer in finalizers {
            match catch_unwind(AssertUnwindSafe(finalizer)) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!(bundle = id.0, %error, "a finaliser failed"),
                Err(panic) => {
                    let failure = panic_failure(panic.as_ref());
                    warn!(bundle = id.0, %failure, "a finaliser panicked");
                }
            }
        }
    }

    /// Drops the finalisers of a bundle.
    pub fn forget(&self, id: BundleId) {
        lock(&self.finalizers).remove(&id);
    }
}
