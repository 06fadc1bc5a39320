//! What functions count.

#![expect(clippy::needless_pass_by_value, reason = "composites take their input by value")]

use crate::error::BoxError;
use crate::exec::{Context, DoFn, MetricValue};
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::shared::Shared;

list!(Metrics: counters_are_summed, counters_are_kept_per_step, distributions_are_merged,
    gauges_have_a_value, metrics_of_every_method_count, metrics_of_a_failed_job_are_not_counted,
    metrics_inside_composites_have_their_path;
    sharing: metrics_are_counted_once_despite_retries);

/// Reports every kind of metric.
#[derive(Clone)]
struct Reporter;

impl DoFn for Reporter {
    type In = i64;
    type Out = i64;

    fn start_bundle(&mut self, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.count("balance", 1);
        Ok(())
    }

    fn process(&mut self, element: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.count("sum", element);
        cx.count("elements", 1);
        cx.distribution("sizes", element);
        cx.gauge("level", element);
        cx.output(element);
        Ok(())
    }

    fn finish_bundle(&mut self, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.count("balance", -1);
        Ok(())
    }
}

fn counters_are_summed(p: &Pipeline) -> Ending {
    assert_that(&p.create(0i64..100).reshuffle().par_do(Reporter)).contains_in_any_order(0..100);
    Ending::done().counted("sum", 4950).counted("elements", 100)
}

fn counters_are_kept_per_step(p: &Pipeline) -> Ending {
    let all = p.create(0i64..10).par_do(Reporter).named("All");
    let few = all.filter(|n| *n < 3).par_do(Reporter).named("Few");
    assert_that(&few).contains_in_any_order([0, 1, 2]);
    Ending::done()
        .counted("elements", 13)
        .measured("All", "elements", |value| *value == MetricValue::Counter(10))
        .measured("Few", "elements", |value| *value == MetricValue::Counter(3))
}

fn distributions_are_merged(p: &Pipeline) -> Ending {
    let numbers = p.create([3i64, -1, 7, 5]).reshuffle().par_do(Reporter).named("Report");
    assert_that(&numbers).contains_in_any_order([-1, 3, 5, 7]);
    Ending::done().measured("Report", "sizes", |value| {
        *value == MetricValue::Distribution { count: 4, sum: 14, min: -1, max: 7 }
    })
}

fn gauges_have_a_value(p: &Pipeline) -> Ending {
    let numbers = p.create([42i64, 42]).reshuffle().par_do(Reporter).named("Report");
    assert_that(&numbers).contains_in_any_order([42, 42]);
    Ending::done()
        .measured("Report", "level", |value| matches!(value, MetricValue::Gauge { value: 42, .. }))
}

fn metrics_of_every_method_count(p: &Pipeline) -> Ending {
    let numbers = p.create(0i64..10).reshuffle().par_do(Reporter).named("Report");
    assert_that(&numbers).contains_in_any_order(0..10);
    Ending::done().measured("Report", "balance", |value| *value == MetricValue::Counter(0))
}

fn metrics_of_a_failed_job_are_not_counted(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64, 2]).par_do(Reporter);
    let _ = numbers.reshuffle().par_do(Reporter).try_map(|_| Err::<i64, _>("none of this"));
    // The first bundle committed in any case; no bundle of the second step ever does, unless its
    // output is committed before it is read.
    Ending::failed(&["none of this"]).and(|metrics| {
        match crate::testing::conformance::metrics::counter(metrics, "elements") {
            2..=4 => Ok(()),
            count => Err(format!("{count} elements were counted")),
        }
    })
}

fn metrics_inside_composites_have_their_path(p: &Pipeline) -> Ending {
    fn inner(numbers: crate::PCollection<i64>) -> crate::PCollection<i64> {
        numbers.par_do(Reporter).named("Report").main()
    }
    fn outer(numbers: crate::PCollection<i64>) -> crate::PCollection<i64> {
        numbers.apply(inner).apply(inner)
    }
    assert_that(&p.create([1i64]).apply(outer)).contains_in_any_order([1]);
    let one = |value: &MetricValue| *value == MetricValue::Counter(1);
    Ending::done().measured("outer/inner/Report", "elements", one).measured(
        "outer/inner 2/Report",
        "elements",
        one,
    )
}

/// Reports, and fails once.
#[derive(Clone)]
struct FailsOnce(Shared);

impl DoFn for FailsOnce {
    type In = i64;
    type Out = i64;

    fn process(&mut self, element: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.count("elements", 1);
        cx.distribution("sizes", element);
        cx.output(element);
        if self.0.add()? > 0 { Ok(()) } else { Err("once is enough".into()) }
    }
}

fn metrics_are_counted_once_despite_retries(p: &Pipeline) -> Ending {
    let numbers = p.create(1i64..11).par_do(FailsOnce(Shared::of(p, "calls"))).named("Fragile");
    assert_that(&numbers).contains_in_any_order(1..11);
    Ending::done().counted("elements", 10).measured("Fragile", "sizes", |value| {
        *value == MetricValue::Distribution { count: 10, sum: 55, min: 1, max: 10 }
    })
}
