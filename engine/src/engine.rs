//! The deterministic core: events in, actions out.

mod drain;
mod split;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use purlin_proto::fn_execution::ProcessBundleDescriptor;
use purlin_sdk::Error;
use purlin_sdk::Timestamp;
use purlin_sdk::exec::{BundleMetrics, ExecConfig, Failure, MetricValue};
use tracing::debug;

use crate::bundle::{BundleId, BundleResult};
use crate::commit::{BundleCommit, Change, Commit, KeyChanges};
use crate::config::EngineConfig;
use crate::event::{Action, Event};
use crate::outcome::Outcome;
use crate::plan::{Plan, StageId, StageKind};
use crate::residual::residual_work;
use crate::schedule::{Flight, Schedule};
use crate::script;
use crate::shuffle::Shuffle;
use crate::state::{Facts, Part, State};

/// A job's brain: it decides what runs when, and knows neither clock nor thread nor file.
pub struct Engine {
    facts: Arc<Facts>,
    config: EngineConfig,
    shuffle: Arc<Shuffle>,
    state: State,
    schedule: Schedule,
    /// Where accumulators were added to those that wait, since that was last looked at.
    grown: BTreeMap<StageId, BTreeSet<Part>>,
    now: Timestamp,
    has_started: bool,
    outcome: Option<Outcome>,
    wake_at: Option<Timestamp>,
    commits: Vec<Commit>,
}

impl Engine {
    /// The engine of a job.
    ///
    /// # Errors
    /// When the plan names coders that cannot be skipped, or partitions of a kind that it cannot make.
    pub fn new(plan: Arc<Plan>, config: EngineConfig) -> Result<Self, Error> {
        let facts = Arc::new(Facts::new(plan, config.hands_over_groups)?);
        let shuffle = Arc::new(Shuffle::new(&facts, &config)?);
        Ok(Self {
            state: State::new(&facts),
            schedule: Schedule::new(facts.plan.stages.len(), config.seed, shuffle.state_memory()),
            grown: BTreeMap::new(),
            facts,
            config,
            shuffle,
            now: Timestamp::MIN,
            has_started: false,
            outcome: None,
            wake_at: None,
            commits: Vec::new(),
        })
    }

    /// The durable state.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.facts.plan
    }

    /// Prepares the outputs of bundles, on any thread.
    #[must_use]
    pub fn shuffle(&self) -> &Arc<Shuffle> {
        &self.shuffle
    }

    /// How the processors of a stage must be wired, so that what they write fits its readers.
    #[must_use]
    pub fn exec_config(&self, stage: StageId) -> ExecConfig {
        self.shuffle.exec_config(stage)
    }

    /// The bytes of queues, buffers and side inputs.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.state.memory_bytes()
    }

    /// Counts everything again that is counted as it changes, for tests: holds, timers, bytes,
    /// queues and what runs. It is for a time after [`Event::Start`], between events.
    ///
    /// # Errors
    /// When something must not be so; the message begins with the number of the broken invariant in
    /// the description of this crate.
    pub fn audit(&self) -> Result<(), String> {
        self.state.audit(&self.facts)?;
        self.schedule.audit(&self.facts, &self.state)
    }

    /// The commits since the last call, where [`EngineConfig::record`] is set.
    pub fn take_commits(&mut self) -> Vec<Commit> {
        std::mem::take(&mut self.commits)
    }

    /// Brings a fresh engine to the state that these commits describe; [`Event::Start`] goes on from
    /// there.
    pub fn replay<'a>(&mut self, commits: impl IntoIterator<Item = &'a Commit>) {
        for commit in commits {
            self.now = self.now.max(commit.now);
            let effects = self.state.apply(&self.facts, commit);
            self.note_growth(effects.grown);
        }
        self.schedule.restore(&self.facts, &self.state, self.now);
    }

    /// The wall-clock time, for the events that follow.
    pub fn advance_clock(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// Takes an event and answers with what to do now.
    pub fn step(&mut self, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.outcome.is_some() {
            // Late messages of a job that has ended.
            if let Event::BundleDone { id, .. } = event {
                actions.push(Action::Forget(id));
            }
            return actions;
        }
        match event {
            Event::Start { now } => self.start(now, &mut actions),
            Event::Tick { now } => self.advance_clock(now),
            Event::BundleDone { id, result } => self.bundle_done(id, *result, &mut actions),
            Event::BundleFailed { id, failure } => self.bundle_failed(id, failure),
            Event::BundleSplit { id, ask, split } => {
                self.bundle_split(id, ask, *split, &mut actions);
            }
            Event::Drain => self.drain(&mut actions),
            Event::Cancel => self.outcome = Some(Outcome::Cancelled),
            Event::Abort(message) => self.outcome = Some(Outcome::Aborted(message)),
        }
        self.settle(&mut actions);
        actions
    }

    fn start(&mut self, now: Timestamp, actions: &mut Vec<Action>) {
        self.now = self.now.max(now);
        self.has_started = true;
        self.commit(Change::Start, actions);
        self.schedule.start(self.state.starts());
        let facts = Arc::clone(&self.facts);
        for stage in &facts.plan.stages {
            if matches!(stage.kind, StageKind::Impulse { .. }) && !self.state.has_emitted(stage.id)
            {
                self.commit(Change::Impulse(stage.id), actions);
            }
        }
    }

    fn commit(&mut self, change: Change, actions: &mut Vec<Action>) {
        let commit = Commit { now: self.now, change };
        let effects = self.state.apply(&self.facts, &commit);
        self.note_growth(effects.grown);
        for (stage, entry) in effects.added {
            self.schedule.add(&self.state, stage, entry, self.now);
        }
        actions.extend(effects.finalize.into_iter().map(Action::Finalize));
        if self.config.record {
            self.commits.push(commit);
        }
    }

    fn note_growth(&mut self, grown: Vec<(StageId, Part)>) {
        for (stage, part) in grown {
            self.grown.entry(stage).or_default().insert(part);
        }
    }

    fn bundle_done(&mut self, id: BundleId, result: BundleResult, actions: &mut Vec<Action>) {
        let Some(flight) = self.schedule.land(id) else {
            actions.push(Action::Forget(id));
            return;
        };
        debug!(stage = flight.stage.0, bundle = id.0, outputs = result.outputs.len(), "committed");
        match self.bundle_commit(id, flight, result) {
            Ok(commit) => self.commit(Change::Bundle(Box::new(commit)), actions),
            Err(message) => {
                actions.push(Action::Forget(id));
                self.outcome = Some(Outcome::Internal(message));
            }
        }
    }

    fn bundle_commit(
        &self,
        id: BundleId,
        flight: Flight,
        result: BundleResult,
    ) -> Result<BundleCommit, String> {
        let descriptor = self.descriptor(flight.stage);
        let now = self.state.processing_time(self.now);
        let residuals: Result<Vec<_>, _> = result
            .residuals
            .into_iter()
            .map(|residual| residual_work(descriptor, residual, now))
            .collect();
        let mut residuals = residuals?;
        if self.state.is_draining() {
            self.drain_residuals(&flight, &mut residuals);
        }
        let keyed = flight.partition.map(|partition| KeyChanges {
            partition,
            changes: result.changes,
            transfers: result.transfers,
        });
        if let Some(keyed) = &keyed {
            self.state.check_transfers(flight.stage, keyed)?;
        }
        Ok(BundleCommit {
            bundle: id,
            stage: flight.stage,
            consumed: flight.entries,
            outputs: result.outputs,
            residuals,
            unprocessed: result.unprocessed,
            keyed,
            metrics: named_metrics(descriptor, result.metrics),
            finalizes: result.finalizes,
            seen: result.seen,
        })
    }

    fn descriptor(&self, stage: StageId) -> Option<&ProcessBundleDescriptor> {
        self.facts.plan.stages[stage.0].sdk().map(|sdk| &*sdk.descriptor)
    }

    fn bundle_failed(&mut self, id: BundleId, mut failure: Box<Failure>) {
        let Some(flight) = self.schedule.land(id) else { return };
        let stage = &self.facts.plan.stages[flight.stage.0].name;
        debug!(stage, bundle = id.0, attempt = flight.attempt, %failure, "bundle failed");
        if flight.attempt >= self.config.attempts {
            failure.attempt = flight.attempt;
            self.outcome = Some(Outcome::Failed(failure));
        } else {
            self.schedule.retry(flight);
        }
    }

    /// Fires windows, starts bundles, and notices the end, until nothing more follows from what is
    /// known.
    fn settle(&mut self, actions: &mut Vec<Action>) {
        if self.outcome.is_none() && self.has_started {
            self.advance(actions);
            while self.outcome.is_none() && self.is_quiescent() && self.play(actions) {
                self.advance(actions);
            }
            self.checkpoint_slow(actions);
            self.split_long(actions);
            self.end_if_nothing_is_left();
        }
        match &self.outcome {
            Some(outcome) => {
                // What still runs is of no use any more.
                actions.extend(self.schedule.flights().map(|(id, _)| Action::Checkpoint(id)));
                let last = if outcome.is_orderly() { Action::Finalize } else { Action::Forget };
                actions.extend(self.state.unfinalized().into_iter().map(last));
                actions.push(Action::Finished(outcome.clone()));
            }
            None => self.ask_for_wake_up(actions),
        }
    }

    fn advance(&mut self, actions: &mut Vec<Action>) {
        self.fire(actions);
        self.compact(actions);
        self.schedule.wake(self.state.processing_time(self.now));
        self.dispatch(actions);
    }

    /// Whether nothing happens unless time passes, once all that can run was started.
    fn is_quiescent(&self) -> bool {
        self.schedule.in_flight() == 0
    }

    /// Has the next event of a test's script happen; `false` where there is none.
    fn play(&mut self, actions: &mut Vec<Action>) -> bool {
        let Some((stage, position)) = self.state.next_scripted(&self.facts) else { return false };
        match script::elements(&self.shuffle, stage, position) {
            Ok(outputs) => self.commit(Change::Script { stage, outputs }, actions),
            Err(failure) => self.outcome = Some(Outcome::Failed(failure)),
        }
        true
    }

    fn fire(&mut self, actions: &mut Vec<Action>) {
        let facts = Arc::clone(&self.facts);
        for stage in &facts.plan.stages {
            if matches!(stage.kind, StageKind::GroupByKey { .. }) {
                let windows = self.state.complete_windows(stage.id);
                if !windows.is_empty() {
                    self.commit(Change::Fire { stage: stage.id, windows }, actions);
                }
            }
        }
    }

    /// Has accumulators merged that take too much room while they wait.
    fn compact(&mut self, actions: &mut Vec<Action>) {
        let partitions = self.config.partitions.max(self.config.group_partitions);
        let partitions = usize::try_from(partitions).unwrap_or(1).max(1);
        let most = self.config.compact_bytes / partitions;
        for (stage, parts) in std::mem::take(&mut self.grown) {
            let mut parts: Vec<_> = parts.into_iter().collect();
            parts.retain(|part| self.state.should_compact(stage, part, most));
            if !parts.is_empty() {
                self.commit(Change::Compact { stage, parts }, actions);
            }
        }
    }

    fn dispatch(&mut self, actions: &mut Vec<Action>) {
        while self.schedule.in_flight() < self.config.max_in_flight {
            let Some(bundle) = self.schedule.next(&self.facts, &self.state, &self.config, self.now)
            else {
                break;
            };
            actions.extend(self.split_at_random(bundle.id));
            actions.push(Action::Run(bundle));
        }
    }

    /// Asks splittable bundles to stop that run for long on an unbounded source, or whose readers
    /// cannot keep up.
    fn checkpoint_slow(&mut self, actions: &mut Vec<Action>) {
        let slow = self.schedule.slow(&self.facts, &self.state, &self.config, self.now);
        actions.extend(slow.into_iter().map(Action::Checkpoint));
    }

    fn ask_for_wake_up(&mut self, actions: &mut Vec<Action>) {
        let next = self.schedule.next_wake_up(&self.facts, &self.state, &self.config);
        if next != self.wake_at {
            self.wake_at = next;
            actions.extend(next.map(Action::WakeAt));
        }
    }

    fn end_if_nothing_is_left(&mut self) {
        if self.schedule.is_busy(&self.facts, &self.state) {
            return;
        }
        self.outcome = Some(if !self.state.is_complete() {
            Outcome::Internal(self.why_stuck())
        } else if self.state.is_draining() {
            Outcome::Drained
        } else {
            Outcome::Done
        });
    }

    fn why_stuck(&self) -> String {
        let stages = self.facts.plan.stages.iter();
        let stuck = stages.filter(|stage| self.state.stage_watermarks(stage.id).1 < Timestamp::MAX);
        let lines: Vec<String> = stuck
            .map(|stage| {
                format!(
                    "\n  stage `{}`: {}",
                    stage.name,
                    self.state.describe(&self.facts, stage.id)
                )
            })
            .collect();
        format!("the job is stuck: nothing runs, and these stages are not done{}", lines.concat())
    }
}

pub(crate) fn is_splittable(facts: &Facts, stage: StageId) -> bool {
    matches!(&facts.plan.stages[stage.0].kind, StageKind::Sdk(sdk) if sdk.is_splittable)
}

fn named_metrics(
    descriptor: Option<&ProcessBundleDescriptor>,
    metrics: BundleMetrics,
) -> Vec<(String, String, MetricValue)> {
    let name_of = |id: String| {
        let transform = descriptor.and_then(|found| found.transforms.get(&id));
        transform.map_or(id, |transform| transform.unique_name.clone())
    };
    let metrics = metrics.values.into_iter();
    metrics.map(|((transform, name), value)| (name_of(transform), name, value)).collect()
}

#[cfg(test)]
mod tests;
