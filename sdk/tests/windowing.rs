//! What windowing says in a pipeline's proto, and which mistakes in it are found.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use purlin_sdk::proto::{
    WindowingStrategy, accumulation_mode, closing_behavior, merge_status, on_time_behavior,
    output_time, trigger,
};
use purlin_sdk::{
    EmptyPane, FixedWindows, GlobalWindows, Grouped, PCollection, Pipeline, Sessions,
    TimestampCombiner, Trigger, WindowInto, io,
};

const MINUTE: Duration = Duration::from_secs(60);

fn pairs(p: &Pipeline) -> PCollection<(i64, i64)> {
    p.create([1i64]).map(|n| (n, n))
}

/// The strategies of a pipeline that windows and then groups, in this order.
fn strategies(windowing: impl Into<WindowInto>) -> [WindowingStrategy; 2] {
    let p = Pipeline::new();
    let windowed = pairs(&p).window_into(windowing).named("Windowed");
    drop(windowed.group_by_key().named("Grouped"));
    let components = p.seal().unwrap().pipeline.components.unwrap();
    ["Windowed.out", "Grouped.out"].map(|name| {
        let collection = components.pcollections.values().find(|c| c.unique_name == name).unwrap();
        components.windowing_strategies[&collection.windowing_strategy_id].clone()
    })
}

fn mistakes(windowing: impl Into<WindowInto>) -> String {
    let p = Pipeline::new();
    drop(pairs(&p).window_into(windowing).group_by_key());
    p.seal().err().map_or_else(String::new, |error| error.to_string())
}

#[test]
fn windows_have_the_defaults_of_the_model() {
    let [windowed, grouped] = strategies(FixedWindows::of(MINUTE));
    assert!(matches!(
        windowed.trigger.as_ref().unwrap().trigger,
        Some(trigger::Trigger::Default(_))
    ));
    assert_eq!(windowed.accumulation_mode(), accumulation_mode::Enum::Discarding);
    assert_eq!(windowed.on_time_behavior(), on_time_behavior::Enum::FireAlways);
    assert_eq!(windowed.closing_behavior(), closing_behavior::Enum::EmitIfNonempty);
    assert_eq!(windowed.output_time(), output_time::Enum::EndOfWindow);
    assert_eq!(windowed.merge_status(), merge_status::Enum::NonMerging);
    assert_eq!(windowed.allowed_lateness, 0);
    assert_eq!(windowed, grouped);
}

#[test]
fn all_that_windows_are_given_is_in_the_proto() {
    let trigger = || Trigger::after_watermark().late(Trigger::after_count(3));
    let [windowed, grouped] = strategies(
        FixedWindows::of(MINUTE)
            .triggering(trigger())
            .retracting()
            .allowed_lateness(MINUTE)
            .timestamp_combiner(TimestampCombiner::Latest)
            .on_time_behavior(EmptyPane::IfNonempty)
            .closing_behavior(EmptyPane::Always),
    );
    assert_eq!(windowed.trigger, Some(Trigger::from(trigger()).to_proto()));
    assert_eq!(windowed.accumulation_mode(), accumulation_mode::Enum::Retracting);
    assert_eq!(windowed.on_time_behavior(), on_time_behavior::Enum::FireIfNonempty);
    assert_eq!(windowed.closing_behavior(), closing_behavior::Enum::EmitAlways);
    assert_eq!(windowed.output_time(), output_time::Enum::LatestInPane);
    assert_eq!(windowed.allowed_lateness, 60_000);
    let continuation = Trigger::after_watermark().late(Trigger::after_count(1));
    let trigger = Some(Trigger::from(continuation).to_proto());
    assert_eq!(grouped, WindowingStrategy { trigger, ..windowed });
}

#[test]
fn a_combination_hands_the_continuation_on() {
    let p = Pipeline::new();
    let trigger = Trigger::after_count(9).repeatedly();
    let windowed = pairs(&p).window_into(GlobalWindows.triggering(trigger).discarding());
    drop(windowed.count_per_key().named("Count"));
    let components = p.seal().unwrap().pipeline.components.unwrap();
    let collections = &components.pcollections;
    let output = collections.values().find(|c| c.unique_name.starts_with("Count/Combine")).unwrap();
    let strategy = &components.windowing_strategies[&output.windowing_strategy_id];
    assert_eq!(strategy.trigger, Some(Trigger::after_count(1).repeatedly().to_proto()));
}

#[test]
fn panes_need_an_accumulation_mode_only_where_there_can_be_several() {
    let fixed = || FixedWindows::of(MINUTE);
    for several in [
        fixed().triggering(Trigger::after_count(1).repeatedly()),
        fixed().allowed_lateness(MINUTE),
        fixed().triggering(Trigger::after_watermark().early(Trigger::always())),
    ] {
        let text = mistakes(several.clone());
        assert!(text.contains("fire more than once") && text.contains("windowing.rs:"), "{text}");
        assert_eq!(mistakes(several.accumulating()), "");
    }
    for one in
        [fixed().triggering(Trigger::never()), fixed().triggering(Trigger::after_watermark())]
    {
        assert_eq!(mistakes(one), "");
    }
}

#[test]
fn a_trigger_that_loses_data_must_be_allowed() {
    let finishing = || FixedWindows::of(MINUTE).triggering(Trigger::after_count(5)).discarding();
    let text = mistakes(finishing());
    for part in ["may finish", "windowing.rs:", ".repeatedly()", ".allow_unsafe_triggers()"] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
    assert_eq!(mistakes(finishing().allow_unsafe_triggers()), "");
}

#[test]
fn mistakes_inside_triggers_are_found() {
    let text = mistakes(GlobalWindows.triggering(Trigger::after_count(0).repeatedly()));
    assert!(text.contains("after 0 elements") && text.contains("windowing.rs:"), "{text}");
}

#[test]
fn sessions_are_merged_once() {
    let [windowed, grouped] = strategies(Sessions::with_gap(MINUTE));
    assert_eq!(windowed.merge_status(), merge_status::Enum::NeedsMerge);
    let already = merge_status::Enum::AlreadyMerged.into();
    assert_eq!(grouped, WindowingStrategy { merge_status: already, ..windowed });
}

#[test]
fn windows_of_several_kinds_cannot_be_flattened() {
    let p = Pipeline::new();
    let day = pairs(&p).window_into(purlin_sdk::CalendarWindows::days(1));
    let week = pairs(&p).window_into(purlin_sdk::CalendarWindows::days(7));
    drop(day.flatten_with([week]));
    let text = p.seal().err().unwrap().to_string();
    assert!(text.contains("different windows"), "{text}");
}

/// What is found wrong with what `reads` does with groups that take back what they said.
fn retracted(reads: impl Fn(&PCollection<(i64, Grouped<i64>)>)) -> String {
    let p = Pipeline::new();
    let trigger = Trigger::after_count(1).repeatedly();
    let windows = FixedWindows::of(MINUTE).triggering(trigger).retracting();
    reads(&pairs(&p).window_into(windows).group_by_key());
    p.seal().err().map_or_else(String::new, |error| error.to_string())
}

#[test]
fn what_cannot_take_anything_back_refuses_retractions_with_a_cure() {
    let counts =
        |groups: &PCollection<(i64, Grouped<i64>)>| groups.map(|(k, v)| (k, v.len() as u64));
    let refused: [(&str, &dyn Fn(&PCollection<(i64, Grouped<i64>)>)); 5] = [
        ("a grouping cannot", &|groups| drop(counts(groups).group_by_key())),
        ("a grouping cannot", &|groups| drop(counts(groups).count_per_key())),
        ("a grouping cannot", &|groups| {
            drop(counts(groups).reshuffle().window_into(GlobalWindows).group_by_key());
        }),
        ("a side input cannot", &|groups| {
            let side = counts(groups).as_iter();
            drop(pairs(groups.pipeline()).with_side_input(side).map(|n, _| n));
        }),
        ("this sink cannot", &|groups| {
            let lines = counts(groups).map(|(key, _)| key);
            drop(lines.apply(io::text::write("nowhere/at-all")));
        }),
    ];
    for (part, reads) in refused {
        let text = retracted(reads);
        for part in [part, "1 mistake(s)", "windowing.rs:", ".with_value_kinds()"] {
            assert!(text.contains(part), "no `{part}` in:\n{text}");
        }
    }
}

#[test]
fn functions_and_what_makes_the_kinds_part_of_elements_take_retractions() {
    let text = retracted(|groups| {
        let counts = groups.map(|(key, values)| (key, values.len() as u64));
        drop(counts.flatten_with([counts.clone()]).reshuffle().filter(|(_, n)| *n > 1));
        drop(counts.with_value_kinds().count_globally());
    });
    assert_eq!(text, "");
}

#[test]
fn windows_that_fire_once_take_nothing_back() {
    let windows = FixedWindows::of(MINUTE).triggering(Trigger::after_watermark()).retracting();
    let p = Pipeline::new();
    drop(pairs(&p).window_into(windows).count_per_key().group_by_key());
    assert!(p.seal().is_ok());
}
