//! What plans say that they need.

use expect_test::{Expect, expect};
use prost::Message;
use purlin_proto::pipeline::{ParDoPayload, TestStreamPayload, trigger};
use purlin_proto::urns::{coders, transforms as urn};

use super::builder::{Builder, spec, splittable, stateful};
use crate::plan::PlanOptions;

fn check(builder: &Builder, expected: &Expect) {
    let features = builder.plan(&PlanOptions::default()).features();
    let lines: Vec<String> = features
        .iter()
        .map(|feature| format!("{}: {}\n", feature.name, feature.transform))
        .collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn plain_pipelines_need_nothing() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let grouped = b.group("Group", read);
    b.par_do("Print", grouped);
    check(&b, &expect![[""]]);
}

#[test]
fn what_a_par_do_needs_is_listed() {
    let mut b = Builder::new();
    b.coder("timer", coders::TIMER, &["bytes", "global_window"]);
    let start = b.impulse("Start");
    let read = b.par_do_with("Read", start, "kv", &splittable());
    let payload = ParDoPayload {
        on_window_expiration_timer_family_spec: "due".to_owned(),
        requests_finalization: true,
        requires_stable_input: true,
        requires_time_sorted_input: true,
        ..stateful()
    };
    b.par_do_with("Keep", read, "kv", &payload);
    check(
        &b,
        &expect![[r#"
            bundle finalization: Keep
            event-time timers: Keep
            on window expiration: Keep
            splittable DoFn: Read
            stable input: Keep
            stateful processing: Keep
            time-sorted input: Keep
        "#]],
    );
}

#[test]
fn what_a_grouping_needs_is_listed() {
    let mut b = Builder::new();
    b.is_bounded = false;
    b.strategy("odd", "my:windows", "pickle");
    b.trigger("odd", trigger::Trigger::Always(trigger::Always {}));
    let odd = b.components().windowing_strategies.get_mut("odd").unwrap();
    odd.allowed_lateness = 1;
    odd.accumulation_mode = 2;
    odd.merge_status = 2;
    b.windowing = "odd";
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    b.group("Group", read);
    check(
        &b,
        &expect![[r#"
        accumulating panes: Group
        allowed lateness: Group
        custom windows: Group
        merging windows: Group
        non-default triggers: Group
        unbounded grouping: Group
    "#]],
    );
}

#[test]
fn side_inputs_and_test_streams_are_listed() {
    let mut b = Builder::new();
    b.is_bounded = false;
    b.windowing = "fixed";
    b.collection("Script", "kv");
    let payload = TestStreamPayload { coder_id: "kv".to_owned(), ..Default::default() };
    let spec = spec(urn::TEST_STREAM, payload.encode_to_vec());
    b.transform("Script", spec, &[], &[("out", "Script")]);
    b.with_side("Look up", "Script", "Script");
    check(
        &b,
        &expect![[r#"
        TestStream: Script
        side input: Look up
        unbounded side input: Look up
        windowed side input: Look up
    "#]],
    );
}
