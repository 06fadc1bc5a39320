//! Coders at the edges of stages.

use expect_test::{Expect, expect};
use purlin_proto::pipeline::{Coder, ParDoPayload};
use purlin_proto::urns::coders;

use super::builder::{Builder, stateful};
use crate::plan::{Plan, PlanOptions, StageKind};

/// A coder as a type expression.
fn text(coders: &std::collections::BTreeMap<String, Coder>, id: &str) -> String {
    let coder = &coders[id];
    let urn = coder.spec.as_ref().unwrap().urn.clone();
    let parts: Vec<String> = coder.component_coder_ids.iter().map(|id| text(coders, id)).collect();
    let name = urn.trim_start_matches("beam:coder:").trim_end_matches(":v1").to_owned();
    if parts.is_empty() { name } else { format!("{name}<{}>", parts.join(", ")) }
}

fn windowed(plan: &Plan, id: &str) -> String {
    let collection = plan.collections.iter().find(|collection| collection.id == id).unwrap();
    text(&collection.coders, &collection.windowed_coder_id)
}

/// A stateful transform whose keys, windows and values the runner does not know.
fn opaque() -> Builder {
    let mut b = Builder::new();
    b.strategy("odd", "my:windows", "my_window");
    b.coder("my_window", "my:window", &[]);
    b.coder("timer", coders::TIMER, &["pickle", "my_window"]);
    b.windowing = "odd";
    let start = b.impulse("Start");
    let read = b.par_do_with("Read", start, "pickled_kv", &ParDoPayload::default());
    let mut payload = stateful();
    let bag = purlin_proto::pipeline::BagStateSpec { element_coder_id: "pickle".to_owned() };
    payload.state_specs.get_mut("bag").unwrap().spec =
        Some(purlin_proto::pipeline::state_spec::Spec::BagSpec(bag));
    b.par_do_with("Keep", read, "kv", &payload);
    b
}

fn check(b: &Builder, expected: &Expect) {
    let plan = b.plan(&PlanOptions::default());
    let mut lines = vec![windowed(&plan, "Read")];
    for stage in &plan.stages {
        let StageKind::Sdk(sdk) = &stage.kind else { continue };
        for timer in &sdk.timers {
            lines.push(format!(
                "{}: {}",
                timer.name,
                text(&sdk.descriptor.coders, &timer.coder_id)
            ));
        }
        if let Some(keep) = sdk.descriptor.transforms.get("Keep") {
            let mut payload = crate::plan::traits::par_do_payload("Keep", keep).unwrap();
            for id in crate::plan::payload::coder_ids(&mut payload) {
                lines.push(format!("payload: {}", text(&sdk.descriptor.coders, id)));
            }
        }
    }
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn keys_have_the_same_form_in_elements_timers_and_state() {
    check(
        &opaque(),
        &expect![[r#"
        windowed_value<kv<length_prefix<pickled_python>, length_prefix<pickled_python>>, length_prefix<my:window>>
        due: timer<length_prefix<pickled_python>, length_prefix<my:window>>
        payload: length_prefix<pickled_python>
        payload: timer<length_prefix<pickled_python>, length_prefix<my:window>>"#]],
    );
}

#[test]
fn unknown_windows_tell_their_end_where_all_sdks_can() {
    let mut b = opaque();
    let environment = b.components().environments.get_mut("rust").unwrap();
    environment.capabilities.push(coders::CUSTOM_WINDOW.to_owned());
    check(
        &b,
        &expect![[r#"
        windowed_value<kv<length_prefix<pickled_python>, length_prefix<pickled_python>>, custom_window<length_prefix<my:window>>>
        due: timer<length_prefix<pickled_python>, custom_window<length_prefix<my:window>>>
        payload: length_prefix<pickled_python>
        payload: timer<length_prefix<pickled_python>, custom_window<length_prefix<my:window>>>"#]],
    );
}

#[test]
fn known_and_prefixed_coders_stay_as_they_are() {
    let mut b = Builder::new();
    b.coder("prefixed", coders::LENGTH_PREFIX, &["pickle"]);
    b.coder("mixed", coders::KV, &["prefixed", "varint"]);
    let start = b.impulse("Start");
    let read = b.par_do_with("Read", start, "mixed", &ParDoPayload::default());
    b.collection("Group", "grouped");
    b.group("Group", read);
    let plan = b.plan(&PlanOptions::default());
    let read = plan.collections.iter().find(|collection| collection.id == "Read").unwrap();
    assert_eq!(read.coder_id, "mixed");
}

#[test]
fn a_runner_may_know_fewer_coders() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    b.group("Group", read);
    let mut options = PlanOptions::default();
    options.known_coders.remove(coders::VARINT);
    let plan = b.plan(&options);
    expect!["windowed_value<kv<bytes, iterable<length_prefix<varint>>>, global_window>"]
        .assert_eq(&windowed(&plan, "Group"));
}

#[test]
fn descriptors_of_other_content_have_other_ids() {
    let ids = |coder: &str| {
        let mut b = Builder::new();
        let start = b.impulse("Start");
        let read = b.par_do_with("Read", start, coder, &ParDoPayload::default());
        b.reshuffle("Spread", read);
        let plan = b.plan(&PlanOptions::default());
        plan.stages.iter().find_map(|stage| match &stage.kind {
            StageKind::Sdk(sdk) => Some(sdk.descriptor.id.clone()),
            _ => None,
        })
    };
    assert_eq!(ids("kv"), ids("kv"));
    assert_ne!(ids("kv"), ids("varint"));
}
