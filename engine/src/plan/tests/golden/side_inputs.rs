//! Plans with side inputs.

use expect_test::expect;

use super::check;
use crate::plan::tests::builder::Builder;

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
