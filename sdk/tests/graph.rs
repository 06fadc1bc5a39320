//! What sealing a pipeline promises: the same graph each time, and hashes that say what changed.

#![expect(clippy::unwrap_used, reason = "a test")]

use purlin_sdk::{FixedWindows, Pipeline, Sealed};
use std::time::Duration;

fn sealed(value: i64, name: &str) -> Sealed {
    let p = Pipeline::new();
    let numbers = p.create([value, 2]).named("Numbers");
    let pairs = numbers.map(|n| (n % 2, n)).named(name);
    drop(pairs.group_by_key());
    drop(pairs.map_values(|n| n + 1).map(|(_, n)| n).map(|n| n * 2));
    p.seal().unwrap()
}

#[test]
fn building_twice_gives_the_same_graph() {
    let (one, two) = (sealed(1, "Pair"), sealed(1, "Pair"));
    assert_eq!(one.pipeline, two.pipeline);
    assert_eq!(one.fingerprint(), two.fingerprint());
    assert_eq!(one.fingerprint().len(), 64);
}

#[test]
fn constants_change_the_fingerprint_but_not_the_shape() {
    let (one, other) = (sealed(1, "Pair"), sealed(5, "Pair"));
    assert_ne!(one.fingerprint(), other.fingerprint());
    assert_eq!(one.shape(), other.shape());
    assert_ne!(one.shape(), sealed(1, "Couple").shape());
}

#[test]
fn unnamed_steps_are_numbered_after_names_are_reserved() {
    let p = Pipeline::new();
    let numbers = p.create([1i64]);
    drop(numbers.map(|n| n).map(|n| n).named("Map").map(|n| n));
    let sealed = p.seal().unwrap();
    let transforms = sealed.pipeline.components.unwrap().transforms;
    let names: Vec<_> =
        transforms.values().map(|transform| transform.unique_name.as_str()).collect();
    for name in ["Map", "Map 2", "Map 3", "Create/Values"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[test]
fn all_mistakes_are_reported_with_their_places() {
    let p = Pipeline::new();
    let numbers = p.create([1.0f64]);
    drop(numbers.map(|n| (n, n)).named("Same").group_by_key());
    drop(numbers.window_into(FixedWindows::of(Duration::ZERO)).named("Same"));
    let message = p.seal().err().unwrap().to_string();
    for part in
        ["3 mistake(s)", "graph.rs:", "keys cannot be grouped", "named `Same`", "at least 1 ms"]
    {
        assert!(message.contains(part), "no `{part}` in:\n{message}");
    }
}

#[test]
fn a_plan_can_be_read() {
    let sealed = sealed(1, "Pair");
    expect_test::expect![[r#"
        Numbers · composite
          Impulse · beam:transform:impulse:v1 · [] → [c0]
          Values · beam:transform:pardo:v1 · [c0] → [c1]
        Pair · beam:transform:pardo:v1 · [c1] → [c2]
        GroupByKey · beam:transform:group_by_key:v1 · [c2] → [c3]
        MapValues · beam:transform:pardo:v1 · [c2] → [c4]
        Map · beam:transform:pardo:v1 · [c4] → [c5]
        Map 2 · beam:transform:pardo:v1 · [c5] → [c6]
    "#]]
    .assert_eq(&sealed.explain());
    let dot = sealed.dot();
    assert!(dot.starts_with("digraph pipeline {") && dot.contains("->"), "{dot}");
}
