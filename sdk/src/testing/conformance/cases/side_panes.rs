//! Side inputs whose windows have several panes: the latest counts.

use std::collections::BTreeSet;

use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::runner::Metrics;
use crate::testing::conformance::Ending;
use crate::testing::conformance::metrics::counter;
use crate::testing::conformance::source::Act::{Await, Give, Watermark};
use crate::testing::conformance::source::{Act, Gate, endless, script, see};
use crate::testing::conformance::stamps::seconds;
use crate::transforms::{Max, Sum};
use crate::window::{FixedWindows, GlobalWindows, Trigger, WindowInto};

list!(SideInputs: a_side_input_without_a_pane_is_ready_at_its_end;
    sharing: a_singleton_is_the_latest_accumulated_pane,
    a_singleton_is_the_latest_discarded_pane, a_list_has_all_discarded_panes,
    a_list_has_the_latest_accumulated_pane, a_map_has_the_latest_pane_of_each_key,
    a_multimap_has_the_latest_pane_of_each_key, an_early_pane_makes_a_window_ready);

fn each_element() -> Trigger {
    Trigger::after_count(1).repeatedly()
}

/// A window of all time with a pane for each element.
fn accumulating() -> WindowInto {
    GlobalWindows.triggering(each_element()).accumulating()
}

fn discarding() -> WindowInto {
    GlobalWindows.triggering(each_element()).discarding()
}

/// The elements 1, 2 and 3 of a stream that does not end before the job does, each once the pane of
/// the one before has come.
fn slowly(p: &Pipeline, panes: &Gate) -> PCollection<i64> {
    let acts =
        [1, 2, 3].into_iter().flat_map(|n| [Await(panes.clone(), n - 1), Give(n, n), Watermark(n)]);
    let acts: Vec<Act> = acts.chain([Await(panes.clone(), i64::MAX)]).collect();
    script(p, acts)
}

/// A job that ends when an element of the main input has seen the last text; no element may see
/// another than these.
fn ends_with(last: fn(&Metrics) -> bool, expected: &'static [&'static str]) -> Ending {
    Ending::cancelled_when(last).and(move |metrics| {
        let allowed: BTreeSet<String> =
            expected.iter().map(|text| format!("seen {text}")).collect();
        let names = metrics.keys().map(|(_, name)| name).filter(|name| name.starts_with("seen "));
        let wrong: Vec<_> = names.filter(|name| !allowed.contains(*name)).collect();
        if wrong.is_empty() { Ok(()) } else { Err(format!("{wrong:?}")) }
    })
}

fn a_singleton_is_the_latest_accumulated_pane(p: &Pipeline) -> Ending {
    let panes = Gate::of(p);
    let sum = slowly(p, &panes).window_into(accumulating()).combine_globally(Sum);
    let sum = panes.pass(&sum);
    see(&endless(p).with_side_input(sum.as_singleton()).map(|_, sum| sum.to_string()));
    ends_with(|metrics| counter(metrics, "seen 6") > 0, &["1", "3", "6"])
}

fn a_singleton_is_the_latest_discarded_pane(p: &Pipeline) -> Ending {
    let panes = Gate::of(p);
    let most = slowly(p, &panes).window_into(discarding()).combine_globally(Max);
    let most = panes.pass(&most);
    see(&endless(p).with_side_input(most.as_singleton()).map(|_, most| most.to_string()));
    ends_with(|metrics| counter(metrics, "seen 3") > 0, &["1", "2", "3"])
}

fn a_list_has_all_discarded_panes(p: &Pipeline) -> Ending {
    let panes = Gate::of(p);
    let sums = slowly(p, &panes).window_into(discarding()).combine_globally(Sum);
    let sums = panes.pass(&sums);
    see(&endless(p).with_side_input(sums.as_list()).map(|_, sums| format!("{sums:?}")));
    ends_with(|metrics| counter(metrics, "seen [1, 2, 3]") > 0, &["[1]", "[1, 2]", "[1, 2, 3]"])
}

fn a_list_has_the_latest_accumulated_pane(p: &Pipeline) -> Ending {
    let panes = Gate::of(p);
    let sums = slowly(p, &panes).window_into(accumulating()).combine_globally(Sum);
    let sums = panes.pass(&sums);
    see(&endless(p).with_side_input(sums.as_list()).map(|_, sums| format!("{sums:?}")));
    ends_with(|metrics| counter(metrics, "seen [6]") > 0, &["[1]", "[3]", "[6]"])
}

fn a_map_has_the_latest_pane_of_each_key(p: &Pipeline) -> Ending {
    let panes = Gate::of(p);
    let sums = slowly(p, &panes).window_into(accumulating()).key_by(|n| n % 2);
    let sums = panes.pass(&sums.combine_per_key(Sum)).as_map();
    let texts = endless(p).with_side_input(sums).map(|_, sums| {
        let shown = |key: i64| sums.get(&key).map_or("none".to_owned(), i64::to_string);
        format!("{} {}", shown(0), shown(1))
    });
    see(&texts);
    ends_with(
        |metrics| counter(metrics, "seen 2 4") > 0,
        &["none 1", "2 none", "2 1", "none 4", "2 4"],
    )
}

fn a_multimap_has_the_latest_pane_of_each_key(p: &Pipeline) -> Ending {
    let panes = Gate::of(p);
    let sums = slowly(p, &panes).window_into(accumulating()).key_by(|n| n % 2);
    let sums = panes.pass(&sums.combine_per_key(Sum)).as_multimap();
    let texts = endless(p)
        .with_side_input(sums)
        .map(|_, sums| format!("{:?} {:?}", sums.get(&0).cloned(), sums.get(&1).cloned()));
    see(&texts);
    ends_with(
        |metrics| counter(metrics, "seen Some([2]) Some([4])") > 0,
        &[
            "None Some([1])",
            "Some([2]) None",
            "Some([2]) Some([1])",
            "None Some([4])",
            "Some([2]) Some([4])",
        ],
    )
}

fn a_side_input_without_a_pane_is_ready_at_its_end(p: &Pipeline) -> Ending {
    let none = script(p, [Watermark(5)]).window_into(accumulating()).as_list();
    see(&script(p, [Give(1, 1)]).with_side_input(none).map(|n, none| format!("{n} {none:?}")));
    Ending::done().saw(&[("1 []", 1)])
}

fn an_early_pane_makes_a_window_ready(p: &Pipeline) -> Ending {
    let seen = Gate::of(p);
    let trigger = Trigger::after_watermark().early(Trigger::after_count(1));
    let windowing = FixedWindows::of(seconds(10)).triggering(trigger).accumulating();
    let acts = [Give(3, 3), Watermark(4), Await(seen.clone(), 1), Give(14, 14)];
    let side = script(p, acts).window_into(windowing).combine_globally(Sum).as_singleton();
    let main = script(p, [Give(1, 1), Give(11, 11)]).window_into(FixedWindows::of(seconds(10)));
    let pairs = seen.pass(&main.with_side_input(side).map(|n, side| (n, *side)));
    see(&pairs.map(|(n, side)| format!("{n} and {side}")));
    Ending::done().saw(&[("1 and 3", 1), ("11 and 14", 1)])
}
