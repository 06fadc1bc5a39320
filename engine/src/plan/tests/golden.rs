//! What plans look like.

use expect_test::{Expect, expect};
use purlin_proto::pipeline::{ParDoPayload, trigger};
use purlin_proto::urns::coders;

use super::builder::{Builder, splittable, stateful};
use crate::plan::PlanOptions;

fn check(builder: &Builder, expected: &Expect) {
    expected.assert_eq(&builder.explain());
}

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
fn combines_are_lifted() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let counted = b.combine("Count", read);
    b.par_do("Print", counted);
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
            stage 3 `Count/MergeAccumulators+Count+Print`: sdk in `rust`
              reads  Count.grouped
              runs   Count/MergeAccumulators (combine_per_key_merge_accumulators)
              runs   Count (combine_per_key_extract_outputs)
              runs   Print (pardo)
            collections
              Start: bytes, bounded, global_windows
              Count.precombined: kv<bytes, bytes>, bounded, global_windows
              Count.grouped: kv<bytes, iterable<bytes>>, bounded, global_windows
        "#]],
    );
}

#[test]
fn combines_are_not_lifted_past_a_trigger_that_counts() {
    let mut b = Builder::new();
    b.trigger("global", trigger::Trigger::ElementCount(trigger::ElementCount { element_count: 3 }));
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    b.combine("Count", read);
    check(
        &b,
        &expect![[r#"
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
            collections
              Start: bytes, bounded, global_windows
              Read: kv<bytes, varint>, bounded, global_windows
              Count.grouped: kv<bytes, iterable<varint>>, bounded, global_windows
        "#]],
    );
}

#[test]
fn splittable_do_fns_are_expanded() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do_with("Read", start, "kv", &splittable());
    b.par_do("Print", read);
    check(
        &b,
        &expect![[r#"
            stage 0 `Start`: impulse
              writes Start
            stage 1 `Read/(PairWithRestriction+SplitAndSize)`: sdk in `rust`
              reads  Start
              runs   Read/PairWithRestriction (sdf_pair_with_restriction)
              runs   Read/SplitAndSize (sdf_split_and_size_restrictions)
              writes Read.sized
            stage 2 `Read/Reshuffle`: reshuffle
              reads  Read.sized
              writes Read.shuffled
            stage 3 `Read+Print`: sdk in `rust`, splittable
              reads  Read.shuffled
              runs   Read (sdf_process_sized_element_and_restrictions)
              runs   Print (pardo)
            collections
              Start: bytes, bounded, global_windows
              Read.sized: kv<kv<bytes, bytes>, double>, bounded, global_windows
              Read.shuffled: kv<kv<bytes, bytes>, double>, bounded, global_windows
        "#]],
    );
}

#[test]
fn producers_write_a_flatten_directly() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let left = b.par_do("Left", start);
    let left = b.group("Group", left);
    let left = b.par_do("A", left);
    let right = b.par_do("B", start);
    let joined = b.flatten("Flatten", &[left, right]);
    b.par_do("Print", joined);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Left+B`: sdk in `rust`
          reads  Start
          runs   B (pardo)
          runs   Left (pardo)
          writes Flatten
          writes Left
        stage 2 `Group`: group by key
          reads  Left
          writes Group
        stage 3 `A`: sdk in `rust`
          reads  Group
          runs   A (pardo)
          writes Flatten
        stage 4 `Print`: sdk in `rust`
          reads  Flatten
          runs   Print (pardo)
        collections
          Start: bytes, bounded, global_windows
          Flatten: kv<bytes, varint>, bounded, global_windows
          Left: kv<bytes, varint>, bounded, global_windows
          Group: kv<bytes, iterable<varint>>, bounded, global_windows
    "#]],
    );
}

#[test]
fn a_flatten_within_a_stage_stays_there() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let even = b.par_do("Even", read);
    let odd = b.par_do("Odd", read);
    let joined = b.flatten("Flatten", &[even, odd]);
    b.par_do("Print", joined);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read+Even+Odd+…`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          runs   Even (pardo)
          runs   Odd (pardo)
          runs   Flatten (flatten)
          runs   Print (pardo)
        collections
          Start: bytes, bounded, global_windows
    "#]],
    );
}

#[test]
fn a_flatten_of_what_is_read_elsewhere_is_a_stage() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let twice = b.flatten("Twice", &[read, read]);
    let all = b.flatten("All", &[twice, read]);
    b.par_do("Print", all);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          writes Read
        stage 2 `Twice`: flatten
          reads  Read
          reads  Read
          writes All
        stage 3 `All`: flatten
          reads  Read
          writes All
        stage 4 `Print`: sdk in `rust`
          reads  All
          runs   Print (pardo)
        collections
          Start: bytes, bounded, global_windows
          Read: kv<bytes, varint>, bounded, global_windows
          All: kv<bytes, varint>, bounded, global_windows
    "#]],
    );
}

#[test]
fn a_flatten_of_nothing_is_an_empty_collection() {
    let mut b = Builder::new();
    let nothing = b.flatten("Nothing", &[]);
    b.par_do("Print", nothing);
    check(
        &b,
        &expect![[r#"
        stage 0 `Nothing`: flatten
          writes Nothing
        stage 1 `Print`: sdk in `rust`
          reads  Nothing
          runs   Print (pardo)
        collections
          Nothing: kv<bytes, varint>, bounded, global_windows
    "#]],
    );
}

#[test]
fn a_flatten_of_other_coders_converts() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let left = b.par_do("Left", start);
    let right = b.par_do_with("Right", start, "bytes", &ParDoPayload::default());
    let joined = b.flatten("Flatten", &[left, right]);
    b.group("Group", joined);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Left+Right+Flatten/Convert`: sdk in `rust`
          reads  Start
          runs   Left (pardo)
          runs   Right (pardo)
          runs   Flatten/Convert (flatten)
          runs   Flatten (flatten)
          writes Flatten
        stage 2 `Group`: group by key
          reads  Flatten
          writes Group
        collections
          Start: bytes, bounded, global_windows
          Flatten: kv<bytes, varint>, bounded, global_windows
          Group: kv<bytes, iterable<varint>>, bounded, global_windows
    "#]],
    );
}

#[test]
fn side_inputs_that_end_are_fused() {
    let mut b = Builder::new();
    let names = b.impulse("Names");
    let names = b.par_do("ReadNames", names);
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    b.with_side("Look up", read, names);
    check(
        &b,
        &expect![[r#"
        stage 0 `Names`: impulse
          writes Names
        stage 1 `ReadNames`: sdk in `rust`
          reads  Names
          runs   ReadNames (pardo)
          writes ReadNames
        stage 2 `Start`: impulse
          writes Start
        stage 3 `Read+Look up`: sdk in `rust`
          reads  Start
          side   ReadNames as `side` of Look up
          runs   Read (pardo)
          runs   Look up (pardo)
        collections
          Names: bytes, bounded, global_windows
          ReadNames: kv<bytes, varint>, bounded, global_windows
          Start: bytes, bounded, global_windows
    "#]],
    );
}

#[test]
fn a_stage_does_not_feed_its_own_side_input() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let names = b.par_do("Names", read);
    let looked_up = b.with_side("Look up", read, names);
    b.par_do("Print", looked_up);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read+Names`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          runs   Names (pardo)
          writes Names
          writes Read
        stage 2 `Look up+Print`: sdk in `rust`
          reads  Read
          side   Names as `side` of Look up
          runs   Look up (pardo)
          runs   Print (pardo)
        collections
          Start: bytes, bounded, global_windows
          Names: kv<bytes, varint>, bounded, global_windows
          Read: kv<bytes, varint>, bounded, global_windows
    "#]],
    );
}

#[test]
fn a_stage_does_not_feed_its_own_side_input_by_way_of_a_group() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let grouped = b.group("Group", read);
    let names = b.par_do("Names", grouped);
    b.with_side("Look up", read, names);
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
        stage 3 `Names`: sdk in `rust`
          reads  Group
          runs   Names (pardo)
          writes Names
        stage 4 `Look up`: sdk in `rust`
          reads  Read
          side   Names as `side` of Look up
          runs   Look up (pardo)
        collections
          Start: bytes, bounded, global_windows
          Read: kv<bytes, varint>, bounded, global_windows
          Group: kv<bytes, iterable<varint>>, bounded, global_windows
          Names: kv<bytes, varint>, bounded, global_windows
    "#]],
    );
}

#[test]
fn a_transform_with_a_windowed_side_input_begins_a_stage() {
    let mut b = Builder::new();
    b.windowing = "fixed";
    let names = b.impulse("Names");
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    b.with_side("Look up", read, names);
    check(
        &b,
        &expect![[r#"
        stage 0 `Names`: impulse
          writes Names
        stage 1 `Start`: impulse
          writes Start
        stage 2 `Read`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          writes Read
        stage 3 `Look up`: sdk in `rust`
          reads  Read
          side   Names as `side` of Look up
          runs   Look up (pardo)
        collections
          Names: bytes, bounded, fixed_windows
          Start: bytes, bounded, fixed_windows
          Read: kv<bytes, varint>, bounded, fixed_windows
    "#]],
    );
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
    b.transform("Odd", super::builder::spec("my:odd:v1", vec![1]), &[("x", read)], &[("y", "Odd")]);
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

#[test]
fn plans_are_drawn() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let names = b.par_do("Names \"x\"", read);
    b.with_side("Look up", read, names);
    expect![[r#"
        digraph plan {
          node [shape=box];
          s0 [label="0: Start\nimpulse", style=rounded];
          s1 [label="1: Read+Names \"x\"\nsdk"];
          s2 [label="2: Look up\nsdk"];
          s0 -> s1 [label="Start"];
          s1 -> s2 [label="Names \"x\"", style=dashed];
          s1 -> s2 [label="Read"];
        }
    "#]]
    .assert_eq(&b.plan(&PlanOptions::default()).dot());
}

#[test]
fn flattens_of_flattens_are_one() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let a = b.par_do("A", start);
    let c = b.par_do("C", start);
    let first = b.flatten("First", &[a, c]);
    let other = b.impulse("Other");
    let d = b.par_do("D", other);
    let all = b.flatten("All", &[first, d]);
    b.par_do("Print", all);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `A+C`: sdk in `rust`
          reads  Start
          runs   A (pardo)
          runs   C (pardo)
          runs   First (flatten)
          writes All
        stage 2 `Other`: impulse
          writes Other
        stage 3 `D`: sdk in `rust`
          reads  Other
          runs   D (pardo)
          writes All
        stage 4 `Print`: sdk in `rust`
          reads  All
          runs   Print (pardo)
        collections
          Start: bytes, bounded, global_windows
          All: kv<bytes, varint>, bounded, global_windows
          Other: bytes, bounded, global_windows
    "#]],
    );
}

#[test]
fn a_group_writes_a_flatten_directly() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let a = b.reshuffle("A", read);
    let c = b.reshuffle("C", read);
    b.flatten("Flatten", &[a, c]);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          writes Read
        stage 2 `A`: reshuffle
          reads  Read
          writes Flatten
        stage 3 `C`: reshuffle
          reads  Read
          writes Flatten
        collections
          Start: bytes, bounded, global_windows
          Read: kv<bytes, varint>, bounded, global_windows
          Flatten: kv<bytes, varint>, bounded, global_windows
    "#]],
    );
}

#[test]
fn a_collection_may_be_main_and_side_input_at_once() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    b.with_side("Self join", read, read);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          writes Read
        stage 2 `Self join`: sdk in `rust`
          reads  Read
          side   Read as `side` of Self join
          runs   Self join (pardo)
        collections
          Start: bytes, bounded, global_windows
          Read: kv<bytes, varint>, bounded, global_windows
    "#]],
    );
}

#[test]
fn side_inputs_that_follow_from_one_another_come_one_after_the_other() {
    let mut b = Builder::new();
    let start = b.impulse("Start");
    let read = b.par_do("Read", start);
    let left = b.par_do("Left", read);
    let right = b.par_do("Right", read);
    let from_right = b.with_side("Left with right", left, right);
    b.with_side("Right with left", right, from_right);
    check(
        &b,
        &expect![[r#"
        stage 0 `Start`: impulse
          writes Start
        stage 1 `Read+Left+Right`: sdk in `rust`
          reads  Start
          runs   Read (pardo)
          runs   Left (pardo)
          runs   Right (pardo)
          writes Left
          writes Right
        stage 2 `Left with right`: sdk in `rust`
          reads  Left
          side   Right as `side` of Left with right
          runs   Left with right (pardo)
          writes Left with right
        stage 3 `Right with left`: sdk in `rust`
          reads  Right
          side   Left with right as `side` of Right with left
          runs   Right with left (pardo)
        collections
          Start: bytes, bounded, global_windows
          Left: kv<bytes, varint>, bounded, global_windows
          Right: kv<bytes, varint>, bounded, global_windows
          Left with right: kv<bytes, varint>, bounded, global_windows
    "#]],
    );
}
