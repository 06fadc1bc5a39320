//! Splits of running bundles of the source.

use std::sync::Arc;

use purlin_engine::BundleInput;
use purlin_sdk::coders::windowed::WindowCoder;
use purlin_sdk::exec::{BundleSplit, Chunk, Framing};

use crate::elements::{bytes, for_each};
use crate::world::{Range, decoded, residual};

/// The range that a bundle of the source reads.
pub(crate) fn range_of(input: &BundleInput) -> Range {
    let BundleInput::Elements(chunks) = input else { panic!("a source gets elements") };
    let mut ranges = Vec::new();
    for chunk in chunks {
        for_each(chunk, WindowCoder::Global, |_, reader| ranges.push(decoded(&bytes(reader))));
    }
    assert_eq!(ranges.len(), 1, "a bundle of one restriction is split, and no other");
    ranges[0]
}

/// The parts of a range below `at` and from there.
pub(crate) fn split_at((start, end): Range, at: u64) -> BundleSplit {
    let primary = residual((start, at), 0).application.expect("it has one");
    BundleSplit { primary, residual: residual((at, end), 0) }
}

/// What a bundle goes on with after a split.
pub(crate) fn primary_of(split: &BundleSplit) -> BundleInput {
    let data = split.primary.element.clone();
    let chunk = Chunk { data, framing: Framing::Each, count: 1, partition: None, index: None };
    BundleInput::Elements(vec![Arc::new(chunk)])
}
