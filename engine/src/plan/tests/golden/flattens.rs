//! Plans with unions.

use expect_test::expect;
use purlin_proto::pipeline::ParDoPayload;

use super::check;
use crate::plan::tests::builder::Builder;

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
