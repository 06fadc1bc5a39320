//! Jobs that cannot go on.

use std::sync::Arc;
use std::time::Duration;

use purlin_sdk::{FixedWindows, Pipeline, Sealed, Timestamp, Trigger};

use super::Engine;
use crate::config::EngineConfig;
use crate::event::{Action, Event};
use crate::local::LocalExecutor;
use crate::outcome::Outcome;
use crate::plan::{PlanOptions, StageId, StageKind, plan};

fn sealed() -> Sealed {
    let p = Pipeline::new();
    let trigger = Trigger::after_watermark().early(Trigger::after_count(2).repeatedly());
    let windowing = FixedWindows::of(Duration::from_secs(1)).triggering(trigger).discarding();
    let pairs = p.create([("a".to_owned(), 1i64)]).with_timestamps(|_| Timestamp(7));
    drop(pairs.window_into(windowing).group_by_key());
    p.seal().expect("a pipeline")
}

/// Runs a job whose state is broken before it begins.
fn outcome(break_state: impl FnOnce(&mut Engine, StageId)) -> Outcome {
    let sealed = sealed();
    let plan = plan(&sealed.pipeline, &PlanOptions::default()).expect("a plan");
    let mut engine = Engine::new(Arc::new(plan), EngineConfig::default()).expect("an engine");
    let executor = LocalExecutor::new(Arc::clone(engine.shuffle()), Arc::clone(&sealed.table));
    let groups = engine
        .plan()
        .stages
        .iter()
        .find(|stage| matches!(stage.kind, StageKind::GroupByKey { .. }))
        .map(|stage| stage.id);
    break_state(&mut engine, groups.expect("a grouping"));
    let mut actions = engine.step(Event::Start { now: Timestamp(0) });
    while !actions.is_empty() {
        let next = std::mem::take(&mut actions);
        for action in next {
            match action {
                Action::Run(bundle) => actions.extend(engine.step(executor.run(bundle))),
                Action::Finished(outcome) => return outcome,
                _ => {}
            }
        }
    }
    panic!("the job neither goes on nor ends")
}

fn why(break_state: impl FnOnce(&mut Engine, StageId)) -> String {
    match outcome(break_state) {
        Outcome::Internal(why) => why,
        other => panic!("the job is not stuck: {other:?}"),
    }
}

#[test]
fn a_sound_job_is_done() {
    assert!(matches!(outcome(|_, _| {}), Outcome::Done));
}

#[test]
fn a_job_that_is_stuck_names_the_stage_and_its_hold() {
    let why = why(|engine, stage| engine.state.hold_for_ever(stage, Timestamp(5)));
    assert!(why.contains("stuck"), "{why}");
    assert!(why.contains("stage `"), "{why}");
    assert!(why.contains("input watermark +inf, output watermark 5 ms"), "{why}");
    assert!(why.contains("output hold 5 ms"), "{why}");
}

#[test]
fn a_job_that_is_stuck_names_a_key_and_its_timer() {
    let why = why(|engine, stage| {
        let facts = Arc::clone(&engine.facts);
        engine.state.hold_key_for_ever(&facts, stage, b"some key", Timestamp(5));
    });
    assert!(why.contains("output hold 5 ms"), "{why}");
    assert!(why.contains("1 keys with state, such as key `some key` in window"), "{why}");
    assert!(why.contains("whose timer `event` is set for +inf and holds 5 ms"), "{why}");
}
