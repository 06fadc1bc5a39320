//! When windows fire, and what their panes say.

use crate::pipeline::Pipeline;
use crate::testing::conformance::Ending;
use crate::testing::conformance::played::Play::{self, Add, At, Mark, MarkMillis, Pass};
use crate::testing::conformance::played::{play, see_panes, see_windows};
use crate::testing::conformance::source::see;
use crate::testing::conformance::stamps::{seconds, with_pane};
use crate::transforms::Sum;
use crate::window::{
    EmptyPane, FixedWindows, GlobalWindows, SlidingWindows, TimestampCombiner, Trigger, WindowInto,
};

list!(Triggers: a_window_fires_once_its_end_has_passed, a_pane_on_time_is_one_pane,
    the_default_trigger_fires_again_for_late_elements, late_panes_of_accumulating_windows,
    early_panes_of_discarding_windows, early_panes_of_accumulating_windows,
    early_and_late_panes, an_empty_pane_on_time, no_empty_pane_on_time, an_empty_last_pane,
    the_global_window_fires_by_count, a_count_fires_with_what_came_together,
    a_trigger_that_fires_always, a_trigger_that_never_fires, a_trigger_that_has_finished,
    a_trigger_by_processing_time, early_panes_by_processing_time,
    processing_time_is_aligned, either_of_two_triggers, both_of_two_triggers,
    one_trigger_after_the_other, a_trigger_until_another, each_key_fires_by_itself,
    each_window_fires_by_itself, each_sliding_window_fires_by_itself,
    a_pane_has_the_earliest_timestamp, a_pane_has_the_latest_timestamp,
    an_early_pane_is_at_the_end_of_its_window, combinations_fire_as_groups_do,
    combinations_accumulate, a_grouping_of_panes_lets_them_pass,
    elements_after_the_lateness_are_dropped, elements_at_the_end_of_the_lateness_are_kept,
    dropped_elements_are_counted);

fn tens() -> FixedWindows {
    FixedWindows::of(seconds(10))
}

fn panes(p: &Pipeline, script: impl IntoIterator<Item = Play>, windowing: impl Into<WindowInto>) {
    see_panes(&play(p, script), windowing);
}

fn a_window_fires_once_its_end_has_passed(p: &Pipeline) -> Ending {
    panes(p, [Add("a", 1), Add("a", 2), Mark(10), Add("a", 11)], tens());
    Ending::done().saw(&[("a: 1+2 OnTime 0/0 first last", 1), ("a: 11 OnTime 0/0 first last", 1)])
}

fn a_pane_on_time_is_one_pane(p: &Pipeline) -> Ending {
    // The watermark stands exactly at the last timestamp of the window, then passes it.
    let windowing = tens().allowed_lateness(seconds(100)).accumulating();
    panes(p, [Add("a", 1), MarkMillis(9999), MarkMillis(10_000), Mark(50)], windowing);
    Ending::done().saw(&[("a: 1 OnTime 0/0 first", 1)])
}

fn the_default_trigger_fires_again_for_late_elements(p: &Pipeline) -> Ending {
    let windowing = tens().allowed_lateness(seconds(100)).discarding();
    panes(p, [Add("a", 1), Mark(10), Add("a", 2), Add("a", 3), Mark(50)], windowing);
    Ending::done().saw(&[("a: 1 OnTime 0/0 first", 1), ("a: 2 Late 1/1", 1), ("a: 3 Late 2/2", 1)])
}

fn late_panes_of_accumulating_windows(p: &Pipeline) -> Ending {
    let windowing = tens().allowed_lateness(seconds(100)).accumulating();
    panes(p, [Add("a", 1), Mark(10), Add("a", 2), Add("a", 3)], windowing);
    Ending::done().saw(&[
        ("a: 1 OnTime 0/0 first", 1),
        ("a: 1+2 Late 1/1", 1),
        ("a: 1+2+3 Late 2/2", 1),
    ])
}

fn early(count: u32) -> WindowInto {
    tens().triggering(Trigger::after_watermark().early(Trigger::after_count(count).repeatedly()))
}

fn early_panes_of_discarding_windows(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Add("a", 2), Add("a", 3), Mark(10)];
    panes(p, script, early(2).discarding());
    Ending::done().saw(&[("a: 1+2 Early 0/-1 first", 1), ("a: 3 OnTime 1/0 last", 1)])
}

fn early_panes_of_accumulating_windows(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Add("a", 2), Add("a", 3), Mark(10)];
    panes(p, script, early(2).accumulating());
    Ending::done().saw(&[("a: 1+2 Early 0/-1 first", 1), ("a: 1+2+3 OnTime 1/0 last", 1)])
}

fn early_and_late_panes(p: &Pipeline) -> Ending {
    let trigger = Trigger::after_watermark()
        .early(Trigger::after_count(1).repeatedly())
        .late(Trigger::after_count(1).repeatedly());
    let windowing = tens().triggering(trigger).allowed_lateness(seconds(100)).accumulating();
    panes(p, [Add("a", 1), Add("a", 2), Mark(10), Add("a", 3)], windowing);
    Ending::done().saw(&[
        ("a: 1 Early 0/-1 first", 1),
        ("a: 1+2 Early 1/-1", 1),
        ("a: 1+2 OnTime 2/0", 1),
        ("a: 1+2+3 Late 3/1", 1),
    ])
}

fn an_empty_pane_on_time(p: &Pipeline) -> Ending {
    panes(p, [Add("a", 1), Mark(10)], early(1).discarding());
    Ending::done().saw(&[("a: 1 Early 0/-1 first", 1), ("a:  OnTime 1/0 last", 1)])
}

fn no_empty_pane_on_time(p: &Pipeline) -> Ending {
    let windowing = early(1).discarding().on_time_behavior(EmptyPane::IfNonempty);
    panes(p, [Add("a", 1), Mark(10)], windowing);
    Ending::done().saw(&[("a: 1 Early 0/-1 first", 1)])
}

fn an_empty_last_pane(p: &Pipeline) -> Ending {
    let windowing =
        tens().allowed_lateness(seconds(20)).discarding().closing_behavior(EmptyPane::Always);
    panes(p, [Add("a", 1), Mark(10), Mark(50)], windowing);
    Ending::done().saw(&[("a: 1 OnTime 0/0 first", 1), ("a:  Late 1/1 last", 1)])
}

fn the_global_window_fires_by_count(p: &Pipeline) -> Ending {
    let windowing = GlobalWindows.triggering(Trigger::after_count(2).repeatedly()).discarding();
    panes(p, [Add("a", 1), Add("a", 2), Add("a", 3), Add("a", 4)], windowing);
    Ending::done().saw(&[
        ("a: 1+2 Early 0/-1 first", 1),
        ("a: 3+4 Early 1/-1", 1),
        ("a:  OnTime 2/0 last", 1),
    ])
}

fn a_count_fires_with_what_came_together(p: &Pipeline) -> Ending {
    let windowing = GlobalWindows.triggering(Trigger::after_count(2).repeatedly()).discarding();
    let pairs = p.create((1i64..=6).map(|n| ("a".to_owned(), n)).collect::<Vec<_>>());
    let sums = pairs.window_into(windowing).combine_per_key(Sum);
    // A trigger is asked at the end of each bundle, so panes may hold more.
    let total = sums.window_into(GlobalWindows).map(|(_, sum)| sum).combine_globally(Sum);
    see(&total.map(|sum| format!("{sum} in all")));
    Ending::done().saw(&[("21 in all", 1)])
}

fn a_trigger_that_fires_always(p: &Pipeline) -> Ending {
    let windowing = tens().triggering(Trigger::always()).discarding();
    panes(p, [Add("a", 1), Add("a", 2)], windowing);
    Ending::done().saw(&[
        ("a: 1 Early 0/-1 first", 1),
        ("a: 2 Early 1/-1", 1),
        ("a:  OnTime 2/0 last", 1),
    ])
}

fn a_trigger_that_never_fires(p: &Pipeline) -> Ending {
    let windowing = tens().triggering(Trigger::never());
    panes(p, [Add("a", 1), Mark(50)], windowing);
    panes(p, [Add("b", 1), Mark(50)], tens());
    Ending::done().saw(&[("a: 1 OnTime 0/0 first last", 1), ("b: 1 OnTime 0/0 first last", 1)])
}

fn a_trigger_that_has_finished(p: &Pipeline) -> Ending {
    let windowing = tens().triggering(Trigger::after_count(1)).discarding().allow_unsafe_triggers();
    panes(p, [Add("a", 1), Add("a", 2), Add("a", 11), Mark(50)], windowing);
    Ending::done()
        .saw(&[("a: 1 Early 0/-1 first last", 1), ("a: 11 Early 0/-1 first last", 1)])
        .counted("droppedDueToClosedWindow", 1)
}

fn a_trigger_by_processing_time(p: &Pipeline) -> Ending {
    let trigger = Trigger::after_processing_time(seconds(5)).repeatedly();
    let windowing = GlobalWindows.triggering(trigger).discarding();
    let script =
        [Add("a", 1), Pass(3), Add("a", 2), Pass(3), Add("a", 3), Pass(3), Add("a", 4), Pass(3)];
    panes(p, script, windowing);
    Ending::done().saw(&[
        ("a: 1+2 Early 0/-1 first", 1),
        ("a: 3+4 Early 1/-1", 1),
        ("a:  OnTime 2/0 last", 1),
    ])
}

fn early_panes_by_processing_time(p: &Pipeline) -> Ending {
    let trigger =
        Trigger::after_watermark().early(Trigger::after_processing_time(seconds(5)).repeatedly());
    let windowing = tens().triggering(trigger).accumulating();
    panes(p, [Add("a", 1), Pass(6), Add("a", 2), Pass(3), Mark(10)], windowing);
    Ending::done().saw(&[("a: 1 Early 0/-1 first", 1), ("a: 1+2 OnTime 1/0 last", 1)])
}

fn processing_time_is_aligned(p: &Pipeline) -> Ending {
    let aligned = Trigger::after_processing_time(seconds(1)).aligned_to(seconds(60), seconds(0));
    let windowing = GlobalWindows.triggering(aligned.repeatedly()).discarding();
    let script = [Add("a", 1), Pass(40), Add("a", 2), Pass(30), Add("a", 3), Pass(60)];
    panes(p, script, windowing);
    Ending::done().saw(&[
        ("a: 1+2 Early 0/-1 first", 1),
        ("a: 3 Early 1/-1", 1),
        ("a:  OnTime 2/0 last", 1),
    ])
}

fn either_of_two_triggers(p: &Pipeline) -> Ending {
    let any: Vec<Trigger> =
        vec![Trigger::after_count(2), Trigger::after_processing_time(seconds(5)).into()];
    let windowing = GlobalWindows.triggering(Trigger::after_any(any).repeatedly()).discarding();
    panes(p, [Add("a", 1), Add("a", 2), Add("a", 3), Pass(6), Add("a", 4)], windowing);
    Ending::done().saw(&[
        ("a: 1+2 Early 0/-1 first", 1),
        ("a: 3 Early 1/-1", 1),
        ("a: 4 OnTime 2/0 last", 1),
    ])
}

fn both_of_two_triggers(p: &Pipeline) -> Ending {
    let all: Vec<Trigger> =
        vec![Trigger::after_count(2), Trigger::after_processing_time(seconds(5)).into()];
    let windowing = GlobalWindows.triggering(Trigger::after_all(all).repeatedly()).discarding();
    panes(p, [Add("a", 1), Add("a", 2), Add("a", 3), Pass(6), Add("a", 4)], windowing);
    Ending::done().saw(&[("a: 1+2+3 Early 0/-1 first", 1), ("a: 4 OnTime 1/0 last", 1)])
}

fn one_trigger_after_the_other(p: &Pipeline) -> Ending {
    let each = Trigger::after_each([Trigger::after_count(1), Trigger::after_count(2).repeatedly()]);
    let windowing = GlobalWindows.triggering(each).discarding();
    panes(p, (1..=5).map(|n| Add("a", n)), windowing);
    Ending::done().saw(&[
        ("a: 1 Early 0/-1 first", 1),
        ("a: 2+3 Early 1/-1", 1),
        ("a: 4+5 Early 2/-1", 1),
        ("a:  OnTime 3/0 last", 1),
    ])
}

fn a_trigger_until_another(p: &Pipeline) -> Ending {
    let trigger = Trigger::after_count(2)
        .repeatedly()
        .or_finally(Trigger::after_processing_time(seconds(5)))
        .repeatedly();
    let windowing = GlobalWindows.triggering(trigger).discarding();
    panes(p, [Add("a", 1), Add("a", 2), Add("a", 3), Pass(6), Add("a", 4), Add("a", 5)], windowing);
    Ending::done().saw(&[
        ("a: 1+2 Early 0/-1 first", 1),
        ("a: 3 Early 1/-1", 1),
        ("a: 4+5 Early 2/-1", 1),
        ("a:  OnTime 3/0 last", 1),
    ])
}

fn each_key_fires_by_itself(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Add("b", 2), Add("a", 3), Mark(10)];
    panes(p, script, early(2).discarding());
    Ending::done().saw(&[
        ("a: 1+3 Early 0/-1 first", 1),
        ("a:  OnTime 1/0 last", 1),
        ("b: 2 OnTime 0/0 first last", 1),
    ])
}

fn each_window_fires_by_itself(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Add("a", 11), Add("a", 3), Mark(10), Add("a", 12), Mark(20)];
    panes(p, script, early(2).accumulating());
    Ending::done().saw(&[
        ("a: 1+3 Early 0/-1 first", 1),
        ("a: 1+3 OnTime 1/0 last", 1),
        ("a: 11+12 Early 0/-1 first", 1),
        ("a: 11+12 OnTime 1/0 last", 1),
    ])
}

fn each_sliding_window_fires_by_itself(p: &Pipeline) -> Ending {
    let sliding = SlidingWindows::of(seconds(10)).every(seconds(5));
    let trigger = Trigger::after_watermark().early(Trigger::after_count(2).repeatedly());
    let windowing = sliding.triggering(trigger).discarding();
    panes(p, [Add("a", 1), Add("a", 7), Mark(20)], windowing);
    Ending::done().saw(&[
        ("a: 1 OnTime 0/0 first last", 1),
        ("a: 1+7 Early 0/-1 first", 1),
        ("a:  OnTime 1/0 last", 1),
        ("a: 7 OnTime 0/0 first last", 1),
    ])
}

fn a_pane_has_the_earliest_timestamp(p: &Pipeline) -> Ending {
    let windowing = early(2).accumulating().timestamp_combiner(TimestampCombiner::Earliest);
    see_windows(&play(p, [Add("a", 2), Add("a", 1), Mark(10)]), windowing);
    Ending::done()
        .saw(&[("a: 1+2 at 1000 ms in [0, 10000)", 1), ("a: 1+2 at 9999 ms in [0, 10000)", 1)])
}

fn a_pane_has_the_latest_timestamp(p: &Pipeline) -> Ending {
    let windowing = early(2).discarding().timestamp_combiner(TimestampCombiner::Latest);
    see_windows(&play(p, [Add("a", 2), Add("a", 1), Add("a", 3), Mark(10)]), windowing);
    Ending::done()
        .saw(&[("a: 1+2 at 2000 ms in [0, 10000)", 1), ("a: 3 at 3000 ms in [0, 10000)", 1)])
}

fn an_early_pane_is_at_the_end_of_its_window(p: &Pipeline) -> Ending {
    see_windows(&play(p, [Add("a", 1), Add("a", 2), Add("a", 3)]), early(2).discarding());
    Ending::done()
        .saw(&[("a: 1+2 at 9999 ms in [0, 10000)", 1), ("a: 3 at 9999 ms in [0, 10000)", 1)])
}

fn sums(p: &Pipeline, windowing: WindowInto) {
    let script = [Add("a", 1), Add("a", 2), Add("a", 3), Mark(10)];
    let sums = play(p, script).window_into(windowing).combine_per_key(Sum);
    see(&with_pane(&sums).map(|((key, sum), pane)| format!("{key}: {sum} {pane}")));
}

fn combinations_fire_as_groups_do(p: &Pipeline) -> Ending {
    sums(p, early(2).discarding());
    Ending::done().saw(&[("a: 3 Early 0/-1 first", 1), ("a: 3 OnTime 1/0 last", 1)])
}

fn combinations_accumulate(p: &Pipeline) -> Ending {
    sums(p, early(2).accumulating());
    Ending::done().saw(&[("a: 3 Early 0/-1 first", 1), ("a: 6 OnTime 1/0 last", 1)])
}

fn a_grouping_of_panes_lets_them_pass(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Add("a", 2), Add("a", 3), Mark(10)];
    let sums = play(p, script).window_into(early(2).discarding()).combine_per_key(Sum);
    let again = sums.group_by_key().map(|(key, group)| {
        let sums: Vec<i64> = group.into_iter().collect();
        format!("{key}: {sums:?}")
    });
    see(&with_pane(&again).map(|(text, pane)| format!("{text} {pane}")));
    Ending::done().saw(&[
        ("a: [3] Early 0/-1 first", 1),
        ("a: [3] Early 1/-1", 1),
        ("a: [] OnTime 2/0 last", 1),
    ])
}

fn elements_after_the_lateness_are_dropped(p: &Pipeline) -> Ending {
    let windowing = tens().allowed_lateness(seconds(5)).discarding();
    panes(p, [Add("a", 1), Mark(10), Add("a", 2), Mark(15), Add("a", 3)], windowing);
    Ending::done().saw(&[("a: 1 OnTime 0/0 first", 1), ("a: 2 Late 1/1", 1)])
}

fn elements_at_the_end_of_the_lateness_are_kept(p: &Pipeline) -> Ending {
    let windowing = tens().allowed_lateness(seconds(5)).discarding();
    let script =
        [Add("a", 1), Mark(10), MarkMillis(14_999), At("a", 2, 9), Mark(15), At("a", 3, 9)];
    panes(p, script, windowing);
    Ending::done().saw(&[("a: 1 OnTime 0/0 first", 1), ("a: 2 Late 1/1", 1)])
}

fn dropped_elements_are_counted(p: &Pipeline) -> Ending {
    let script = [Add("a", 1), Mark(10), Add("a", 2), Add("b", 3), Add("a", 11)];
    panes(p, script, tens());
    Ending::done()
        .saw(&[("a: 1 OnTime 0/0 first last", 1), ("a: 11 OnTime 0/0 first last", 1)])
        .counted("droppedDueToLateness", 2)
}
