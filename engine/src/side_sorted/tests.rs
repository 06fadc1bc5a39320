//! What is sorted into files is found as it is in memory.

use std::sync::Arc;

use proptest::prelude::*;
use purlin_sdk::coders::Nesting;
use purlin_sdk::{Element, Pipeline};

use super::*;
use crate::config::EngineConfig;
use crate::engine::Engine;
use crate::plan::PlanOptions;
use crate::refuse::plan_for;
use crate::side_index::KeyIndex;
use crate::side_keys::Lookup;
use crate::side_panes::Kept;
use crate::side_sort::sort;
use crate::spill::{Spill, TestStore};

/// A shuffle with so much memory, and a collection of pairs of strings that is looked up by key.
fn shuffle(memory_bytes: usize) -> (Arc<Shuffle>, CollectionId) {
    let p = Pipeline::new();
    let pairs = p.create([(String::new(), String::new())]).as_multimap();
    drop(p.create([0i64]).with_side_input(pairs).map(|n, _| n));
    let sealed = p.seal().expect("a pipeline");
    let plan = plan_for("test", &sealed.pipeline, &PlanOptions::default()).expect("a plan");
    let read = |collection: &crate::plan::Collection| !collection.side_consumers.is_empty();
    let collection = plan.collections.iter().position(read).expect("there is a side input");
    let spill = Spill { memory_bytes, store: Arc::new(TestStore) };
    let config = EngineConfig { spill: Some(spill), ..EngineConfig::default() };
    let engine = Engine::new(plan, config).expect("an engine");
    (Arc::clone(engine.shuffle()), CollectionId(collection))
}

type Pairs = Vec<(String, String)>;

/// Each list of pairs as a chunk, of which every second was spilled.
fn kept(shuffle: &Shuffle, chunks: &[Pairs]) -> Vec<Kept> {
    let chunk = |(number, pairs): (usize, &Pairs)| {
        let mut data = Vec::new();
        for pair in pairs {
            pair.encode(&mut data, Nesting::Nested).expect("strings are encoded");
        }
        let chunk = plain(data, u32::try_from(pairs.len()).expect("few")).expect("small");
        let chunk = match number % 2 {
            0 => shuffle.spiller().expect("memory is bounded").spill(chunk).expect("it is kept"),
            _ => chunk.into(),
        };
        // Of others only every second element.
        let rows = || (0..chunk.count()).step_by(2).collect();
        let elements = (number % 3 == 2).then(rows);
        Kept { slice: HeldSlice { chunk, elements }, pane: 0 }
    };
    chunks.iter().enumerate().filter(|(_, pairs)| !pairs.is_empty()).map(chunk).collect()
}

/// All that is read page by page, and in how many pages.
fn all(read: impl Fn(usize) -> StatePage) -> (Vec<u8>, usize) {
    let (mut data, mut position, mut pages) = (Vec::new(), 0, 0);
    loop {
        let page = read(position);
        data.extend_from_slice(&page.data);
        pages += 1;
        if page.next.is_empty() {
            return (data, pages);
        }
        let next = <[u8; 8]>::try_from(page.next.as_ref()).expect("a position");
        let next = usize::try_from(u64::from_be_bytes(next)).expect("small");
        assert!(next > position, "a page brings the reader no further");
        position = next;
    }
}

/// Compares what is in files with what is in memory; returns the number of blocks, and of the pages
/// of keys with values.
fn compare(memory_bytes: usize, chunks: &[Pairs]) -> (usize, usize) {
    let (shuffle, collection) = shuffle(memory_bytes);
    let kept = kept(&shuffle, chunks);
    let slices = kept.iter().map(|kept| shuffle.load_indexed(collection, &kept.slice));
    let index = KeyIndex::new(slices.collect::<Result<_>>().expect("it is read"));
    let spiller = shuffle.spiller().expect("memory is bounded");
    let sorted = sort(&shuffle, spiller, collection, &kept).expect("it is sorted");
    let blocks = Blocks { sorted: &sorted, shuffle: &shuffle, collection };
    let keys = chunks.iter().flatten().map(|(key, _)| key.clone()).chain(["absent".to_owned()]);
    let keys: std::collections::BTreeSet<String> = keys.collect();
    let encoded: Vec<Vec<u8>> = keys
        .iter()
        .map(|key| {
            let mut out = Vec::new();
            key.encode(&mut out, Nesting::Nested).expect("strings are encoded");
            out
        })
        .collect();
    let asks = encoded.iter().map(|key| Ask::Values(key)).chain([Ask::Keys, Ask::KeysAndValues]);
    let mut pages = 0;
    for ask in asks {
        let in_memory = all(|position| Lookup { index: &index, position }.page(ask).expect("read"));
        let in_files = all(|position| blocks.page(ask, position).expect("read"));
        assert!(in_files.0 == in_memory.0, "{} and {} bytes", in_files.0.len(), in_memory.0.len());
        pages = in_files.1;
    }
    (sorted.blocks.len(), pages)
}

fn pairs(keys: usize, values: std::ops::Range<usize>, length: usize) -> Pairs {
    values.map(|n| (format!("k{}", n % keys), format!("{n:0>length$}"))).collect()
}

#[test]
fn keys_with_few_and_many_values_are_found_in_files() {
    for keys in [1, 3, 100, 5000] {
        let chunks: Vec<Pairs> =
            (0..5).map(|n| pairs(keys, n * 2000..(n + 1) * 2000, 300)).collect();
        let (blocks, pages) = compare(200_000, &chunks);
        assert!(blocks > 20 && pages > 1, "{keys} keys: {blocks} blocks, {pages} pages");
    }
}

#[test]
fn a_large_key_among_small_ones_is_found() {
    let large = |n: usize| ("k7".to_owned(), format!("{n:0>50000}"));
    let chunks = [pairs(50, 0..100, 10), (0..40).map(large).collect(), pairs(50, 100..200, 10)];
    for memory in [1, 100_000, 100_000_000] {
        let (blocks, pages) = compare(memory, &chunks);
        assert!(blocks > 30 && pages > 1, "{blocks} blocks, {pages} pages");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_chunks_are_found_in_files_as_in_memory(
        chunks in prop::collection::vec(
            prop::collection::vec((0usize..30, 0usize..3), 0..40), 0..8),
        memory in 1usize..300_000,
    ) {
        let text = |size: usize| "v".repeat([1, 700, 20_000][size]);
        let pair = |(n, (key, size)): (usize, &(usize, usize))| {
            (key.to_string(), format!("{n}{}", text(*size)))
        };
        let chunks: Vec<Pairs> =
            chunks.iter().map(|rows| rows.iter().enumerate().map(pair).collect()).collect();
        compare(memory, &chunks);
    }
}
