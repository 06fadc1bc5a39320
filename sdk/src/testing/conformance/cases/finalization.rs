//! Calls after a commit.

use crate::error::BoxError;
use crate::exec::{Context, DoFn};
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::ending::equal;
use crate::testing::conformance::shared::Shared;

list!(Finalization: ;
    sharing: a_call_follows_the_commit, calls_of_all_methods_follow, a_failed_job_calls_nothing,
    a_retried_bundle_calls_once, calls_behind_a_grouping_follow,
    an_error_of_a_call_does_not_undo_the_commit);

/// What a function that asks for calls does beside.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    FailsOnce,
    Fails,
    CallsFail,
}

/// Asks for a call for each element, and at the end of each bundle that had some.
#[derive(Clone)]
struct Asks {
    kind: Kind,
    called: Shared,
    processed: Shared,
}

impl Asks {
    fn new(p: &Pipeline, kind: Kind) -> Self {
        Self { kind, called: Shared::of(p, "called"), processed: Shared::of(p, "processed") }
    }

    fn ask(&self, cx: &mut Context<i64>) {
        let (called, fails) = (self.called.clone(), self.kind == Kind::CallsFail);
        cx.on_commit(move || {
            called.add()?;
            if fails { Err("nobody is there".into()) } else { Ok(()) }
        });
    }
}

impl DoFn for Asks {
    type In = i64;
    type Out = i64;

    fn process(&mut self, element: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        self.ask(cx);
        cx.output(element);
        match self.kind {
            Kind::Fails => Err("always".into()),
            Kind::FailsOnce if self.processed.add()? == 0 => Err("once".into()),
            _ => Ok(()),
        }
    }
}

/// Whether there were so many calls in the end.
fn calls(asks: &Asks, ending: Ending, expected: i64) -> Ending {
    let called = asks.called.clone();
    ending.and(move |_| equal("calls", &called.get(), &expected))
}

fn a_call_follows_the_commit(p: &Pipeline) -> Ending {
    let asks = Asks::new(p, Kind::Plain);
    let ending = calls(&asks, Ending::done(), 100);
    assert_that(&p.create(0i64..100).reshuffle().par_do(asks)).contains_in_any_order(0..100);
    ending
}

/// Asks for a call at the start and at the end of each bundle.
#[derive(Clone)]
struct AtBothEnds(Asks);

impl DoFn for AtBothEnds {
    type In = i64;
    type Out = i64;

    fn start_bundle(&mut self, cx: &mut Context<i64>) -> Result<(), BoxError> {
        self.0.ask(cx);
        Ok(())
    }

    fn process(&mut self, element: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.output(element);
        Ok(())
    }

    fn finish_bundle(&mut self, cx: &mut Context<i64>) -> Result<(), BoxError> {
        self.0.ask(cx);
        cx.count("bundles", 1);
        Ok(())
    }
}

fn calls_of_all_methods_follow(p: &Pipeline) -> Ending {
    let asks = Asks::new(p, Kind::Plain);
    let called = asks.called.clone();
    let numbers = p.create(0i64..100).reshuffle().par_do(AtBothEnds(asks));
    assert_that(&numbers).contains_in_any_order(0..100);
    Ending::done().and(move |metrics| {
        let bundles = crate::testing::conformance::metrics::counter(metrics, "bundles");
        equal("calls", &called.get(), &(2 * bundles))
    })
}

fn a_failed_job_calls_nothing(p: &Pipeline) -> Ending {
    let asks = Asks::new(p, Kind::Fails);
    let ending = calls(&asks, Ending::failed(&["always"]), 0);
    let _ = p.create([1i64, 2]).par_do(asks);
    ending
}

fn a_retried_bundle_calls_once(p: &Pipeline) -> Ending {
    let asks = Asks::new(p, Kind::FailsOnce);
    let ending = calls(&asks, Ending::done(), 10);
    assert_that(&p.create(0i64..10).reshuffle().par_do(asks)).contains_in_any_order(0..10);
    ending
}

fn calls_behind_a_grouping_follow(p: &Pipeline) -> Ending {
    let asks = Asks::new(p, Kind::Plain);
    let ending = calls(&asks, Ending::done(), 2);
    let sums = p.create(0i64..10).key_by(|n| n % 2).combine_per_key(crate::transforms::Sum);
    let sums = sums.values().par_do(asks);
    assert_that(&sums).contains_in_any_order([20, 25]);
    assert_that(&sums.key_by(|n| *n).group_by_key().keys()).contains_in_any_order([20, 25]);
    ending
}

fn an_error_of_a_call_does_not_undo_the_commit(p: &Pipeline) -> Ending {
    let asks = Asks::new(p, Kind::CallsFail);
    let ending = calls(&asks, Ending::done(), 3);
    assert_that(&p.create([1i64, 2, 3]).par_do(asks)).contains_in_any_order([1, 2, 3]);
    ending
}
