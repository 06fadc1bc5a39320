//! Groupings, side inputs and state of more than the memory that they may use.

#![expect(clippy::unwrap_used, reason = "a test")]

mod state;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use purlin_runner_parallel::ParallelRunner;
use purlin_sdk::runner::JobState;
use purlin_sdk::transforms::{Sum, View};
use purlin_sdk::{Element, PCollection, Pipeline, PipelineOptions};
use tempfile::tempdir;

/// Runs a pipeline within so much memory; returns what reached its end, sorted, and whether there
/// were spilled elements when any of it did.
fn run<T: Element + Ord>(
    memory: usize,
    build: impl Fn(&Pipeline) -> PCollection<T>,
) -> (Vec<T>, bool) {
    let folder = tempdir().unwrap();
    let path = folder.path().to_owned();
    let seen = Arc::new(Mutex::new((Vec::new(), false)));
    let mut options = PipelineOptions::default();
    options.set("memory", format!("{memory}B"));
    options.set("spill-dir", path.display().to_string());
    let p = Pipeline::with_options(options);
    let sink = Arc::clone(&seen);
    drop(build(&p).map(move |value| {
        let mut seen = sink.lock().unwrap();
        seen.1 = seen.1 || entries(&path) > 0;
        seen.0.push(value);
    }));
    let runner = ParallelRunner::default().parallelism(2.try_into().unwrap());
    assert_eq!(p.run_with(&runner).unwrap().state, JobState::Done);
    assert_eq!(entries(folder.path()), 0, "files are left");
    let (mut values, spilled) = std::mem::take(&mut *seen.lock().unwrap());
    values.sort();
    (values, spilled)
}

fn entries(folder: &Path) -> usize {
    folder.read_dir().unwrap().count()
}

const ELEMENTS: u64 = 40_000;
/// What their groups wait in.
const DATA_BYTES: usize = 4_000_000;

/// Pairs of a key and about a hundred bytes.
fn pairs(p: &Pipeline, keys: u64) -> PCollection<(u64, String)> {
    p.create(0..200u64)
        .reshuffle()
        .flat_map(|n| n * 200..(n + 1) * 200)
        .map(move |n| (n % keys, format!("{n:0>99}")))
}

/// Each key with the number of its values and their sum, both found by reading them twice.
fn digests(keys: u64) -> Vec<(u64, (u64, u64))> {
    (0..keys)
        .map(|key| {
            let values = (0..ELEMENTS).filter(|n| n % keys == key);
            (key, (values.clone().count() as u64, values.sum()))
        })
        .collect()
}

fn grouped(p: &Pipeline, keys: u64) -> PCollection<(u64, (u64, u64))> {
    pairs(p, keys).group_by_key().map(|(key, group)| {
        let sum = group.iter().map(|value| value.parse::<u64>().unwrap()).sum();
        assert_eq!(group.len(), group.iter().count());
        (key, (group.iter().count() as u64, sum))
    })
}

#[test]
fn four_times_the_memory_is_grouped() {
    let (groups, spilled) = run(DATA_BYTES / 4, |p| grouped(p, 1000));
    assert!(spilled, "all was in memory");
    assert_eq!(groups, digests(1000));
}

#[test]
fn what_fits_is_not_written_anywhere() {
    let (groups, spilled) = run(DATA_BYTES * 8, |p| grouped(p, 1000));
    assert!(!spilled, "there was memory enough");
    assert_eq!(groups, digests(1000));
}

#[test]
fn one_group_may_be_larger_than_the_memory() {
    for keys in [1, 3] {
        let (groups, spilled) = run(DATA_BYTES / 20, |p| grouped(p, keys));
        assert!(spilled);
        assert_eq!(groups, digests(keys));
    }
}

#[test]
fn accumulators_of_many_keys_are_merged() {
    let (sums, spilled) =
        run(100_000, |p| pairs(p, 10_000).map(|(key, _)| (key, 1u64)).combine_per_key(Sum));
    assert!(spilled);
    assert_eq!(sums, (0..10_000).map(|key| (key, 4)).collect::<Vec<_>>());
}

/// The numbers of a few elements, each with what it finds of a side input.
fn seen<V: Send + Sync + 'static>(
    p: &Pipeline,
    side: View<V>,
    look: impl Fn(u64, &V) -> u64 + Send + Sync + 'static,
) -> PCollection<(u64, u64)> {
    p.create(0..20u64).reshuffle().with_side_input(side).map(move |n, side| (n, look(n, side)))
}

#[test]
fn side_inputs_may_be_larger_than_the_memory() {
    for memory in [DATA_BYTES / 10, DATA_BYTES * 8] {
        let value = |value: String| value.parse::<u64>().unwrap();
        let (sums, spilled) = run(memory, |p| {
            seen(p, pairs(p, 1000).as_iter(), move |_, side| {
                side.iter().map(|(_, number)| value(number)).sum()
            })
        });
        let sum = (0..ELEMENTS).sum::<u64>();
        assert_eq!(sums, (0..20).map(|n| (n, sum)).collect::<Vec<_>>());
        assert_eq!(spilled, memory < DATA_BYTES);

        let (sums, spilled) = run(memory, |p| {
            seen(p, pairs(p, 1000).as_multimap(), move |n, side| {
                // Keys that are there, in an order in which they are not, and some that are not.
                let keys = (0..60).map(|step| (n * 61 + step * 379) % 1200);
                let values = keys.filter_map(|key| side.get(&key)).flatten().cloned();
                values.map(value).sum::<u64>() + side.keys().count() as u64
            })
        });
        let of_key = |key: u64| (0..ELEMENTS).filter(move |n| n % 1000 == key).sum::<u64>();
        let expected = |n: u64| {
            let keys = (0..60).map(|step| (n * 61 + step * 379) % 1200);
            1000 + keys.map(of_key).sum::<u64>()
        };
        assert_eq!(sums, (0..20).map(|n| (n, expected(n))).collect::<Vec<_>>());
        assert_eq!(spilled, memory < DATA_BYTES);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_memory_gives_the_same_groups(
        pairs in prop::collection::vec((0u8..40, prop::collection::vec(any::<u8>(), 0..40)), 0..300),
        memory in 1usize..40_000,
    ) {
        let mut model: BTreeMap<u8, Vec<Vec<u8>>> = BTreeMap::new();
        for (key, value) in &pairs {
            model.entry(*key).or_default().push(value.clone());
        }
        model.values_mut().for_each(|values| values.sort());
        let (groups, _) = run(memory, |p| {
            p.create(pairs.clone()).reshuffle().group_by_key().map(|(key, group)| {
                let mut values: Vec<Vec<u8>> = group.into_iter().collect();
                values.sort();
                (key, values)
            })
        });
        prop_assert_eq!(groups, model.into_iter().collect::<Vec<_>>());
    }
}
