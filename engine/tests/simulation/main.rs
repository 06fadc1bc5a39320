//! The engine under random schedules: bundles of any size that fail, end in any order and report
//! twice, with crashes and drains. Each test runs many seeds and names the one that fails.

mod elements;
mod plan;
mod splits;
mod world;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use plan::{plan, plan_with_combine, plan_with_lateness};
use purlin_engine::Outcome;
use world::{ENDLESS, World};

use std::collections::VecDeque;
use std::time::Duration;

use purlin_sdk::Timing;

const SEEDS: u64 = 150;

fn for_each_seed(test: impl Fn(u64)) {
    for seed in 0..SEEDS {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| test(seed))) {
            let note = format!("this was seed {seed}\n");
            // The harness shows what a failing test wrote.
            std::io::Write::write_all(&mut std::io::stderr(), note.as_bytes()).ok();
            resume_unwind(panic);
        }
    }
}

#[test]
fn every_element_is_processed_once_whatever_the_schedule() {
    for_each_seed(|seed| {
        let mut world = World::new(plan(true), seed, vec![(0, 60), (60, 100), (100, 101)]);
        world.run(None, None);
        world.check_end();
        world.check_conservation();
        assert_eq!(world.emitted.len(), 101);
    });
}

#[test]
fn bundles_that_run_long_are_split() {
    let splits = std::cell::Cell::new(0);
    for_each_seed(|seed| {
        let mut world = World::new(plan(true), seed, vec![(0, 200)]);
        world.run(None, None);
        splits.set(splits.get() + world.splits);
        world.check_end();
        world.check_conservation();
        assert_eq!(world.emitted.len(), 200);
    });
    assert!(splits.get() > 100, "there were {} splits", splits.get());
}

#[test]
fn a_crash_loses_nothing_that_was_committed() {
    for_each_seed(|seed| {
        let mut world = World::new(plan(true), seed, vec![(0, 60), (60, 100)]);
        world.run(None, Some(1 + usize::try_from(seed).expect("small") % 40));
        world.check_end();
        world.check_conservation();
        assert_eq!(world.emitted.len(), 100);
    });
}

#[test]
fn a_drain_finishes_what_was_read_and_what_ends_by_itself() {
    for_each_seed(|seed| {
        let mut world = World::new(plan(false), seed, vec![(0, 50), (50, ENDLESS)]);
        world.run(Some(1 + usize::try_from(seed).expect("small")), None);
        world.check_end();
        world.check_conservation();
        assert!((0..50).all(|number| world.emitted.contains(&number)), "bounded work is finished");
    });
}

#[test]
fn windows_fire_while_an_endless_source_is_read() {
    for_each_seed(|seed| {
        let mut world = World::new(plan(false), seed, vec![(0, ENDLESS)]);
        world.failures = false;
        world.run(Some(400), None);
        world.check_end();
        world.check_conservation();
    });
}

#[test]
fn what_waits_is_merged_and_nothing_is_lost_or_counted_twice() {
    let merged = Cell::new(0);
    for_each_seed(|seed| {
        let mut world = World::new(plan_with_combine(true), seed, vec![(0, 60), (60, 101)]);
        let crash_after = (seed % 3 == 0).then(|| 1 + usize::try_from(seed).expect("small") % 60);
        world.run(None, crash_after);
        world.check_end();
        world.check_conservation();
        assert_eq!(world.emitted.len(), 101);
        merged.set(merged.get() + world.merged);
    });
    assert!(merged.get() > 10 * usize::try_from(SEEDS).expect("small"), "{}", merged.get());
}

#[test]
fn a_drain_ends_what_is_being_merged() {
    for_each_seed(|seed| {
        let mut world = World::new(plan_with_combine(false), seed, vec![(0, 50), (50, ENDLESS)]);
        world.run(Some(1 + usize::try_from(seed).expect("small")), None);
        world.check_end();
        world.check_conservation();
    });
}

/// Number 3 comes when its window has fired, at 12 s; number 7 when 40 s have passed.
fn late_script() -> VecDeque<(Vec<u64>, u64)> {
    VecDeque::from([(vec![1, 2], 1), (vec![11], 12), (vec![3, 13], 40), (vec![7, 41], 42)])
}

#[test]
fn late_elements_are_dropped_and_counted() {
    for_each_seed(|seed| {
        let mut world = World::scripted(plan(true), seed, late_script());
        world.run(None, None);
        assert_eq!(world.outcome, Some(Outcome::Done));
        assert_eq!(world.counter("droppedDueToLateness"), 2);
        assert!(world.panes.iter().all(|pane| pane.timing == Timing::OnTime && pane.is_last));
    });
}

#[test]
fn late_elements_within_the_allowed_lateness_fire_again() {
    for_each_seed(|seed| {
        let plan = plan_with_lateness(true, Duration::from_secs(15));
        let mut world = World::scripted(plan, seed, late_script());
        world.run(None, None);
        assert_eq!(world.outcome, Some(Outcome::Done));
        assert_eq!(world.counter("droppedDueToLateness"), 1);
        let late: Vec<_> = world
            .groups
            .iter()
            .zip(&world.panes)
            .filter(|(_, pane)| pane.timing == Timing::Late)
            .map(|((_, _, numbers), pane)| (numbers.clone(), pane.index))
            .collect();
        // Panes are counted by key, and this key had no pane before.
        assert_eq!(late, [(vec![3], 0)]);
    });
}

#[test]
fn a_bundle_that_always_fails_ends_the_job_with_its_failure() {
    let mut world = World::new(plan(true), 1, vec![(0, 10)]);
    let mut failing = purlin_engine::Engine::new(
        std::sync::Arc::clone(&world.plan),
        purlin_engine::EngineConfig { attempts: 3, ..world.config.clone() },
    )
    .expect("a plan");
    world.failures = false;
    let mut attempts = 0;
    let mut actions = failing.step(purlin_engine::Event::Start { now: purlin_sdk::Timestamp(0) });
    let outcome = loop {
        let next = actions.iter().find_map(|action| match action {
            purlin_engine::Action::Finished(outcome) => Some(Err(outcome.clone())),
            purlin_engine::Action::Run(bundle) if bundle.stage.0 == plan::SPLIT => {
                Some(Ok(bundle.id))
            }
            _ => None,
        });
        match next.expect("an action") {
            Err(outcome) => break outcome,
            Ok(id) => {
                attempts += 1;
                let failure = purlin_sdk::exec::Failure::new("always");
                actions = failing.step(purlin_engine::Event::BundleFailed { id, failure });
            }
        }
    };
    assert_eq!(attempts, 3);
    let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!((failure.attempt, failure.causes), (3, vec!["always".to_owned()]));
}
