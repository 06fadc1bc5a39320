//! What is fused into one stage, and what is not.

use expect_test::expect;
use purlin_proto::pipeline::ParDoPayload;
use purlin_proto::urns::coders;

use super::check;
use crate::plan::PlanOptions;
use crate::plan::tests::builder::{Builder, stateful};

#[test]
fn chains_are_fused_and_grouping_is_between_them() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let parse = b.par_do("Parse", read);
    let grouped = b.group("Group", parse);
    b.par_do("Print", grouped);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read+Parse`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          runs   Parse (pardo)
          writes Parse
        stage 2 `Group`: group by key
          reads  Parse
          writes Group
        stage 3 `Print`: sdk in `rust`
          reads  Group
          runs   Print (pardo)
        collections
          Start: bytes, bounded, global_windows
          Parse: kv<bytes, varint>, bounded, global_windows
          Group: kv<bytes, iterable<varint>>, bounded, global_windows
    "#]],
    );
}

#[test]
fn unfused_each_transform_is_a_stage() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let counted = b.combine("Count", read);
    b.par_do("Print", counted);
    expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          writes Read
        stage 2 `Count/GroupByKey`: group by key
          reads  Read
          writes Count.grouped
        stage 3 `Count`: sdk in `rust`
          reads  Count.grouped
          runs   Count (combine_grouped_values)
          writes Count
        stage 4 `Print`: sdk in `rust`
          reads  Count
          runs   Print (pardo)
        collections
          Start: bytes, bounded, global_windows
          Read: kv<bytes, varint>, bounded, global_windows
          Count.grouped: kv<bytes, iterable<varint>>, bounded, global_windows
          Count: kv<bytes, varint>, bounded, global_windows
    "#]]
    .assert_eq(&b.plan(&PlanOptions { lift_combiners: false, ..PlanOptions::unfused() }).explain());
}

#[test]
fn stateful_transforms_begin_a_stage() {
    let mut b = Builder::new();
    b.coder("timer", coders::TIMER, &["bytes", "global_window"]);
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let kept = b.par_do_with("Keep", read, "kv", &stateful());
    b.par_do_with("Keep again", read, "kv", &stateful());
    b.par_do("Print", kept);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          writes Read
        stage 2 `Keep+Print`: sdk in `rust`, keyed, with timers
          reads  Read
          runs   Keep (pardo)
          runs   Print (pardo)
        stage 3 `Keep again`: sdk in `rust`, keyed, with timers
          reads  Read
          runs   Keep again (pardo)
        collections
          Start: bytes, bounded, global_windows
          Read: kv<bytes, varint>, bounded, global_windows
    "#]],
    );
}

#[test]
fn a_reshuffle_is_a_stage() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let spread = b.reshuffle("Spread", read);
    b.par_do("Print", spread);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          writes Read
        stage 2 `Spread`: reshuffle
          reads  Read
          writes Spread
        stage 3 `Print`: sdk in `rust`
          reads  Spread
          runs   Print (pardo)
        collections
          Start: bytes, bounded, global_windows
          Read: kv<bytes, varint>, bounded, global_windows
          Spread: kv<bytes, varint>, bounded, global_windows
    "#]],
    );
}

#[test]
fn consumers_of_one_collection_share_a_stage() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let grouped = b.group("Group", read);
    b.par_do("Print", grouped);
    b.par_do("Log", grouped);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          writes Read
        stage 2 `Group`: group by key
          reads  Read
          writes Group
        stage 3 `Print+Log`: sdk in `rust`
          reads  Group
          runs   Log (pardo)
          runs   Print (pardo)
        collections
          Start: bytes, bounded, global_windows
          Read: kv<bytes, varint>, bounded, global_windows
          Group: kv<bytes, iterable<varint>>, bounded, global_windows
    "#]],
    );
}

#[test]
fn environments_are_not_mixed() {
    let mut b = Builder::new();
    b.environment("python", "another worker");
    b.environment("rust_too", "worker");
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    b.environment = "rust_too";
    let here = b.par_do("Here", read);
    b.environment = "python";
    b.par_do_with("There", here, "pickled_kv", &ParDoPayload::default());
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read+Here`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          runs   Here (pardo)
          writes Here
        stage 2 `There`: sdk in `python`
          reads  Here
          runs   There (pardo)
        collections
          Start: bytes, bounded, global_windows
          Here: kv<bytes, varint>, bounded, global_windows
    "#]],
    );
}

#[test]
fn unknown_coders_are_length_prefixed_at_edges_only() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let inside = b.par_do_with("Inside", start, "pickle", &ParDoPayload::default());
    let read = b.par_do_with("Read", inside, "pickled_kv", &ParDoPayload::default());
    b.collection("Group", "grouped");
    let grouped = b.group("Group", read);
    b.par_do("Print", grouped);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Inside+Read`: sdk in `rust`
          reads  Start
          runs   Inside (pardo)
          runs   Read (pardo)
          writes Read
        stage 2 `Group`: group by key
          reads  Read
          writes Group
        stage 3 `Print`: sdk in `rust`
          reads  Group
          runs   Print (pardo)
        collections
          Start: bytes, bounded, global_windows
          Read: kv<length_prefix<pickled_python>, length_prefix<pickled_python>>, bounded, global_windows
          Group: kv<length_prefix<pickled_python>, iterable<length_prefix<pickled_python>>>, bounded, global_windows
    "#]],
    );
}

#[test]
fn a_transform_of_an_unknown_urn_is_alone() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    b.collection("Odd", "kv");
    b.transform(
        "Odd",
        crate::plan::tests::builder::spec("my:odd:v1", vec![1]),
        &[("x", read)],
        &[("y", "Odd")],
    );
    b.par_do("Print", "Odd");
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          writes Read
        stage 2 `Odd`: sdk in `rust`
          reads  Read
          runs   Odd (my:odd:v1)
          writes Odd
        stage 3 `Print`: sdk in `rust`
          reads  Odd
          runs   Print (pardo)
        collections
          Start: bytes, bounded, global_windows
          Read: kv<bytes, varint>, bounded, global_windows
          Odd: kv<bytes, varint>, bounded, global_windows
    "#]],
    );
}
