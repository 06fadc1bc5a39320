//! What plans look like.

mod flattens;
mod fused;
mod side_inputs;

use expect_test::{Expect, expect};
use purlin_proto::pipeline::trigger;

use crate::plan::PlanOptions;
use crate::plan::tests::builder::{Builder, splittable};

fn check(builder: &Builder, expected: &Expect) {
    expected.assert_eq(&builder.explain());
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
