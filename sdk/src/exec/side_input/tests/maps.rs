//! Side inputs that are looked up by key.

use super::*;
use crate::Serde;
use crate::exec::SideMap;
use crate::exec::side_input::map::FEW;

/// A pipeline whose step `Use` looks up numbers in a map, and a host for it.
fn lookup() -> (Pipeline, TestHost) {
    let p = Pipeline::new();
    let map = p.create([(0i64, 0i64)]).as_map();
    let used = p.create([0i64]).with_side_input(map);
    drop(used.map(|n, map| map.get(&n).copied().unwrap_or(-1)).named("Use"));
    (p, TestHost::default())
}

fn found(p: &Pipeline, host: &TestHost, keys: &[i64]) -> Result<Vec<i64>, Box<Failure>> {
    let outputs = run::<i64, i64>(p, "Use", Role::ParDo, host, vec![vec![numbers(keys)]])?;
    Ok(outputs[0].iter().map(|(value, _)| *value).collect())
}

fn reads(host: &TestHost) -> usize {
    *host.reads.lock().expect("no panics")
}

fn entries(keys: std::ops::Range<i64>) -> Bytes {
    encoded(&keys.map(|key| (key, vec![key * 10])).collect::<Vec<_>>())
}

#[test]
fn a_key_is_asked_for_once_in_a_bundle() {
    let (p, mut host) = lookup();
    host.fill(&values_key(&p, 1), vec![encoded(&[10i64])]);
    assert_eq!(found(&p, &host, &[1, 2, 1, 2]), Ok(vec![10, -1, 10, -1]));
    assert_eq!(reads(&host), 2);
}

#[test]
fn the_values_of_a_key_may_come_in_pages() {
    let p = Pipeline::new();
    let map = p.create([(0i64, 0i64)]).as_multimap();
    let used = p.create([0i64]).with_side_input(map);
    drop(used.map(|n, map| map[&n].iter().sum::<i64>()).named("Use"));
    let mut host = TestHost::default();
    let data = encoded(&[300i64, 40, 2]);
    host.fill(&values_key(&p, 1), vec![data.slice(..1), data.slice(1..3), data.slice(3..)]);
    assert_eq!(found(&p, &host, &[1]), Ok(vec![342]));
}

/// Has the host answer the first few lookups, of the keys from 0 on.
fn fill_few(p: &Pipeline, host: &mut TestHost) {
    let few = i64::try_from(FEW).expect("few");
    (0..few).for_each(|key| host.fill(&values_key(p, key), vec![encoded(&[key * 10])]));
}

#[test]
fn a_small_map_is_read_at_once_when_many_keys_are_asked_for() {
    let (p, mut host) = lookup();
    fill_few(&p, &mut host);
    host.fill(&entries_key(&p), vec![entries(0..20), entries(20..40)]);
    let keys: Vec<i64> = (0..50).collect();
    let expected: Vec<i64> = keys.iter().map(|key| if *key < 40 { key * 10 } else { -1 }).collect();
    assert_eq!(found(&p, &host, &keys), Ok(expected));
    assert_eq!(reads(&host), FEW + 2);
}

#[test]
fn keys_behind_the_beginning_of_a_large_map_are_asked_for_one_by_one() {
    let p = Pipeline::new();
    let map = p.create([(0i64, String::new())]).as_map();
    let used = p.create([0i64]).with_side_input(map);
    let size = |text: &String| i64::try_from(text.len()).unwrap_or(i64::MAX);
    drop(used.map(move |n, map| map.get(&n).map_or(-1, size)).named("Use"));
    let mut host = TestHost::default();
    let entry = |key: i64| (key, vec!["x".repeat(1 << 20)]);
    let beginning = encoded(&(0..17).map(entry).collect::<Vec<_>>());
    // The page ends in the middle of an entry, which is not used.
    let cut = beginning.len() - 3;
    host.fill(&entries_key(&p), vec![beginning.slice(..cut), encoded(&[entry(17)])]);
    for key in [16i64, 17] {
        host.fill(&values_key(&p, key), vec![encoded(&["y".to_owned()])]);
    }
    // Absent keys are asked for as well, until much is read.
    let few = i64::try_from(FEW).expect("few");
    let keys: Vec<i64> = (100..100 + few).chain([0, 15, 16, 17, 18, 16]).collect();
    let mut expected = vec![-1; FEW];
    expected.extend([1 << 20, 1 << 20, 1, 1, -1, 1]);
    assert_eq!(found(&p, &host, &keys), Ok(expected));
    assert_eq!(reads(&host), FEW + 1 + 3);
}

#[test]
fn a_key_that_occurs_twice_in_a_map_is_named() {
    let (p, mut host) = lookup();
    host.fill(&values_key(&p, 7), vec![encoded(&[0i64, 1])]);
    let text = found(&p, &host, &[7]).expect_err("twice").to_string();
    assert!(text.contains("has the key 7 twice in this window"), "{text}");
    assert!(text.contains("the map made at sdk/src/exec/side_input/tests/maps.rs:"), "{text}");
    assert!(text.contains("transform `Use` failed"), "{text}");
    assert!(text.contains("element: 7"), "{text}");
    assert!(text.contains("help: combine the values of each key first"), "{text}");
}

#[test]
fn what_is_no_value_ends_the_bundle() {
    let (p, mut host) = lookup();
    host.fill(&values_key(&p, 7), vec![Bytes::from_static(b"\xff")]);
    let text = found(&p, &host, &[7]).expect_err("malformed").to_string();
    assert!(text.contains("transform `Use` failed") && text.contains("element: 7"), "{text}");
    fill_few(&p, &mut host);
    host.fill(&values_key(&p, 7), vec![Bytes::new()]);
    host.fill(&entries_key(&p), vec![entries(0..1).slice(..3)]);
    let keys: Vec<i64> = (0..=i64::try_from(FEW).expect("few")).collect();
    let text = found(&p, &host, &keys).expect_err("cut").to_string();
    assert!(text.contains("transform `Use` failed"), "{text}");
    assert!(text.contains(&format!("element: {FEW}")), "{text}");
}

#[test]
fn keys_come_in_pages_that_may_end_inside_a_key() {
    let p = Pipeline::new();
    let map = p.create([(0i64, 0i64)]).as_map();
    let sum = |map: &SideMap<i64, i64>| map.keys().sum::<i64>();
    drop(p.create([0i64]).with_side_input(map).map(move |n, map| n + sum(map)).named("Use"));
    let mut host = TestHost::default();
    let data = encoded(&[1i64, 300, 5_000]);
    host.fill(&keys_key(&p), vec![data.slice(..2), data.slice(2..4), data.slice(4..)]);
    assert_eq!(found(&p, &host, &[1_000_000]), Ok(vec![1_005_301]));
    host.fill(&keys_key(&p), vec![data.slice(..2)]);
    assert!(found(&p, &host, &[0]).is_err());
}

#[test]
fn keys_whose_bytes_may_differ_are_a_mistake_that_names_the_step() {
    let p = Pipeline::new();
    let pairs = p.create([(Serde("EUR".to_owned()), 1i64)]);
    let list = pairs.as_list();
    drop(p.create([0i64]).with_side_input(list).map(|n, list| n + list[0].1));
    assert!(p.seal().is_ok());
    drop(p.create([0i64]).with_side_input(pairs.as_map()).map(|n, _| n).named("Convert"));
    let text = p.seal().err().expect("it is a mistake").to_string();
    let expected = "`Convert` cannot look up the keys of its side input: serde promises";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("help: use a key whose equal values have equal bytes"), "{text}");
}
