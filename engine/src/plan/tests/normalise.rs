//! How submitted hierarchies become flat.

use expect_test::{Expect, expect};
use prost::Message;
use purlin_proto::pipeline::{CombinePayload, PTransform, ParDoPayload};
use purlin_proto::urns::transforms as urn;

use super::builder::{Builder, spec};

fn check(builder: &Builder, expected: &Expect) {
    expected.assert_eq(&builder.explain());
}

/// Moves transforms into a composite.
fn nest(b: &mut Builder, name: &str, composite_urn: &str, members: &[&str]) {
    b.pipeline.root_transform_ids.retain(|id| !members.contains(&id.as_str()));
    let composite = b.transform(name, spec(composite_urn, vec![]), &[], &[]);
    composite.environment_id.clear();
    composite.subtransforms = members.iter().map(|id| (*id).to_owned()).collect();
}

#[test]
fn composites_are_opened() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    b.par_do("Print", read);
    nest(&mut b, "Inner", "my:inner:v1", &["Start", "Read"]);
    nest(&mut b, "Outer", urn::COMBINE_GLOBALLY, &["Inner", "Print"]);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read+Print`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          runs   Print (pardo)
        collections
          Start: bytes, bounded, global_windows
    "#]],
    );
}

#[test]
fn shells_are_dropped() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    // Java's view of a collection, a composite that returns its input, one that returns what
    // another made, and one without anything.
    b.transform("View", spec(urn::CREATE_VIEW, vec![1]), &[("in", read)], &[("out", read)]);
    b.transform("Same", spec("my:same:v1", vec![]), &[("in", read)], &[("out", read)]);
    b.transform("Other", spec("", vec![]), &[("in", start)], &[("out", read)]);
    b.transform("Nothing", spec("", vec![]), &[], &[]);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
        collections
          Start: bytes, bounded, global_windows
    "#]],
    );
}

#[test]
fn known_composites_are_not_opened() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let counted = b.combine("Count", read);
    b.reshuffle("Spread", counted);
    b.par_do("Fallback", read);
    b.pipeline.root_transform_ids.pop();
    let transforms = &mut b.components().transforms;
    transforms.get_mut("Spread").unwrap().subtransforms.push("Fallback".to_owned());
    let count = transforms.get_mut("Count").unwrap();
    // The environment is that of a transform inside.
    count.subtransforms.push("Fallback".to_owned());
    count.environment_id.clear();
    check(
        &b,
        &expect![[r#"
            stage 0 `Start`: impulse
              writes Start
            stage 1 `Read+Count/Precombine`: sdk in `rust`
              reads  Start
              runs   Read (pardo)
              runs   Count/Precombine (combine_per_key_precombine)
              writes Count.precombined
            stage 2 `Count/GroupByKey`: group by key of combine `Count`
              reads  Count.precombined
              writes Count.grouped
            stage 3 `Count/MergeAccumulators+Count`: sdk in `rust`
              reads  Count.grouped
              runs   Count/MergeAccumulators (combine_per_key_merge_accumulators)
              runs   Count (combine_per_key_extract_outputs)
              writes Count
            stage 4 `Spread`: reshuffle
              reads  Count
              writes Spread
            collections
              Start: bytes, bounded, global_windows
              Count.precombined: kv<bytes, bytes>, bounded, global_windows
              Count.grouped: kv<bytes, iterable<bytes>>, bounded, global_windows
              Count: kv<bytes, varint>, bounded, global_windows
              Spread: kv<bytes, varint>, bounded, global_windows
        "#]],
    );
}

#[test]
fn a_combine_without_payload_is_a_composite() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    b.group("Count/Group", read);
    nest(&mut b, "Count", urn::COMBINE_PER_KEY, &["Count/Group"]);
    b.pipeline.root_transform_ids.pop();
    let count = b.components().transforms.get_mut("Count").unwrap();
    count.inputs.insert("in".to_owned(), "Read".to_owned());
    count.outputs.insert("out".to_owned(), "Count/Group".to_owned());
    b.pipeline.root_transform_ids.push("Count".to_owned());
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          writes Read
        stage 2 `Count/Group`: group by key
          reads  Read
          writes Count/Group
        collections
          Start: bytes, bounded, global_windows
          Read: kv<bytes, varint>, bounded, global_windows
          Count/Group: kv<bytes, iterable<varint>>, bounded, global_windows
    "#]],
    );
}

#[test]
fn what_would_never_start_gets_an_impulse() {
    let mut b = Builder::new();
    b.collection("Read", "kv");
    let payload = ParDoPayload::default().encode_to_vec();
    b.transform("Read", spec(urn::PAR_DO, payload), &[], &[("out", "Read")]);
    check(
        &b,
        &expect![[r#"
            stage 0 `Read/Impulse`: impulse
              writes Read.start
            stage 1 `Read`: sdk in `rust`
              reads  Read.start
              runs   Read (pardo)
            collections
              Read.start: bytes, bounded, global_windows
        "#]],
    );
}

#[test]
fn what_was_expanded_by_an_sdk_is_kept() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let payload = CombinePayload { accumulator_coder_id: "bytes".to_owned(), ..Default::default() };
    for (name, part, input) in [
        ("Precombine", urn::COMBINE_PER_KEY_PRECOMBINE, read),
        ("Convert", urn::COMBINE_PER_KEY_CONVERT_TO_ACCUMULATORS, "Precombine"),
    ] {
        b.collection(name, "kv");
        b.transform(name, spec(part, payload.encode_to_vec()), &[("in", input)], &[("out", name)]);
    }
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read+Precombine+Convert`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          runs   Precombine (combine_per_key_precombine)
          runs   Convert (combine_per_key_convert_to_accumulators)
        collections
          Start: bytes, bounded, global_windows
    "#]],
    );
}

#[test]
fn an_empty_pipeline_has_an_empty_plan() {
    check(
        &Builder::new(),
        &expect![[r#"
        collections
    "#]],
    );
    let mut b = Builder::new();
    b.pipeline.components = None;
    assert_eq!(b.plan(&crate::plan::PlanOptions::default()).stages.len(), 0);
}

#[test]
fn transforms_that_no_root_reaches_are_ignored() {
    let mut b = Builder::new();
    b.impulse("Start");
    b.components().transforms.insert("Lost".to_owned(), PTransform::default());
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        collections
          Start: bytes, bounded, global_windows
    "#]],
    );
}
