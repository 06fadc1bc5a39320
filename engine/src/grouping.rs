//! Groups encoded pairs by key.
//!
//! Keys are never decoded nor copied while grouping: see [`ByKey`]. One pass over its references
//! writes the output, unless the reader of the groups can make them of the pairs by itself.

use std::sync::Arc;

use purlin_proto::pipeline::output_time;
use purlin_sdk::coders::windowed::{WindowCoder, put_stamp};
use purlin_sdk::coders::wire::put_count;
use purlin_sdk::coders::{CoderError, Reader};
use purlin_sdk::exec::{
    BundleProcessor, ByKey, Chunk, Entry, Failure, Framing, Grouper, PairSlice, Pairs, Position,
};
use purlin_sdk::{PaneInfo, Stamp, Timestamp, Window, Windows};

use crate::bundle::{Bundle, BundleInput, BundleResult, GroupInput, GroupSlice};
use crate::grouping::divide::{Part, Parts};
use crate::keyed::group_keyed;
use crate::plan::{CollectionId, StageKind};
use crate::random::Random;
use crate::shuffle::{Shuffle, end_of};

mod divide;

/// The size at which a chunk of groups is handed on.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;

/// Runs a bundle of a GroupByKey stage.
///
/// # Errors
/// When a group is too large to encode, or the input is not that of such a stage.
pub fn group_bundle(shuffle: &Shuffle, bundle: &Bundle) -> Result<BundleResult, Box<Failure>> {
    if bundle.keyed.is_some() {
        return group_keyed(shuffle, bundle);
    }
    let (StageKind::GroupByKey { input, output, .. }, BundleInput::Groups(groups)) =
        (&shuffle.plan().stages[bundle.stage.0].kind, &bundle.input)
    else {
        return Err(Failure::new("a bundle of groups came to a stage that does not group"));
    };
    let mut random = bundle.seed.map(Random::new);
    let mut result = BundleResult::default();
    let edges = Edges { pairs: *input, layout: Layout::of(shuffle, *output) };
    for held in groups {
        let mut parts = Parts::of(shuffle, &edges, held);
        while let Some(part) = parts.next()? {
            for chunk in group(&edges.load(shuffle, &part.group)?, &edges.layout, random.as_mut())?
            {
                shuffle.prepare(*output, chunk, random.as_mut(), &mut result.outputs)?;
            }
        }
    }
    Ok(result)
}

/// The elements that the user code of a bundle's stage reads: those of the bundle, or the groups of
/// the pairs that it holds.
///
/// # Errors
/// When a group is too large to encode, or the bundle has groups for no user code.
pub fn user_input(shuffle: &Shuffle, bundle: &Bundle) -> Result<Vec<Arc<Chunk>>, Box<Failure>> {
    if let BundleInput::Elements(chunks) = &bundle.input {
        return Ok(chunks.clone());
    }
    let edges = Edges::of(shuffle, bundle)?;
    let mut random = bundle.seed.map(Random::new);
    let mut written = Vec::new();
    for held in bundle.input.groups() {
        let held = edges.load(shuffle, held)?;
        written.extend(group(&held, &edges.layout, random.as_mut())?);
    }
    Ok(written.into_iter().map(Arc::new).collect())
}

/// Gives the user code of a bundle what [`user_input`] says, and spares writing groups where it can
/// make them by itself.
pub(crate) fn feed(
    shuffle: &Shuffle,
    bundle: &Bundle,
    processor: &mut BundleProcessor,
    source: &str,
) -> Result<(), Box<Failure>> {
    if let BundleInput::Elements(chunks) = &bundle.input {
        return chunks.iter().try_for_each(|chunk| processor.process(source, chunk));
    }
    let edges = Edges::of(shuffle, bundle)?;
    let mut random = bundle.seed.map(Random::new);
    for held in bundle.input.groups() {
        let mut parts = Parts::of(shuffle, &edges, held);
        while let Some(part) = parts.next()? {
            if random.is_none() && feed_part(shuffle, &part, &edges, processor, source)? {
                continue;
            }
            let held = edges.load(shuffle, &part.group)?;
            for chunk in group(&held, &edges.layout, random.as_mut())? {
                processor.process(source, &chunk)?;
            }
        }
    }
    Ok(())
}

/// `false` where the reader wants groups in bytes.
fn feed_part(
    shuffle: &Shuffle,
    part: &Part,
    edges: &Edges,
    processor: &mut BundleProcessor,
    source: &str,
) -> Result<bool, Box<Failure>> {
    if !edges.layout.stamps_alike() {
        return Ok(false);
    }
    if let Some(group) = part.paged() {
        return processor.process_paged(source, &group);
    }
    let load = |slice| shuffle.load(edges.pairs, slice, |it| !pair_slice(it).is_readable());
    let slices: Result<_, _> = part.group.slices.iter().map(load).collect();
    let held = Loaded::new(&part.group, slices?);
    let pairs = Pairs {
        slices: held.slices.iter().map(pair_slice).collect(),
        stamp: held.stamp(held.window.max_timestamp()),
    };
    processor.process_pairs(source, &pairs)
}

fn pair_slice(slice: &GroupSlice) -> PairSlice<'_> {
    PairSlice { chunk: &slice.chunk, elements: slice.elements.as_deref() }
}

fn lacks_index(slice: &GroupSlice) -> bool {
    slice.chunk.index.is_none()
}

/// The collections of a grouping whose groups user code reads.
struct Edges {
    pairs: CollectionId,
    layout: Layout,
}

impl Edges {
    fn of(shuffle: &Shuffle, bundle: &Bundle) -> Result<Self, Box<Failure>> {
        let stage = &shuffle.plan().stages[shuffle.grouping_of(bundle.stage).0];
        let StageKind::GroupByKey { input, output, .. } = stage.kind else {
            let name = &stage.name;
            return Err(Failure::new(format!("groups came to the user code of stage `{name}`")));
        };
        Ok(Self { pairs: input, layout: Layout::of(shuffle, output) })
    }

    /// A group in memory, with an index.
    fn load(&self, shuffle: &Shuffle, group: &GroupInput) -> Result<Loaded, Box<Failure>> {
        let load = |slice| shuffle.load(self.pairs, slice, lacks_index);
        let slices: Result<_, _> = group.slices.iter().map(load).collect();
        Ok(Loaded::new(group, slices?))
    }
}

/// A [`GroupInput`] in memory.
struct Loaded {
    window: Window,
    pane: PaneInfo,
    slices: Vec<GroupSlice>,
}

impl Loaded {
    fn new(group: &GroupInput, slices: Vec<GroupSlice>) -> Self {
        Self { window: group.window.clone(), pane: group.pane, slices }
    }

    fn stamp(&self, timestamp: Timestamp) -> Stamp {
        Stamp {
            timestamp: timestamp.min(self.window.max_timestamp()),
            windows: Windows::One(self.window.clone()),
            pane: self.pane,
            ..Stamp::default()
        }
    }
}

/// How groups are written.
struct Layout {
    output_time: output_time::Enum,
    windows: WindowCoder,
    index: bool,
}

impl Layout {
    fn of(shuffle: &Shuffle, output: CollectionId) -> Self {
        Self {
            output_time: shuffle.plan().collections[output.0].windowing.output_time(),
            windows: shuffle.window_coder(output),
            index: shuffle.wants_index(output),
        }
    }

    /// Whether all groups of a window have the same timestamp.
    fn stamps_alike(&self) -> bool {
        self.output_time == output_time::Enum::EndOfWindow
    }
}

/// Groups the elements of slices that have an index.
pub(crate) fn by_key(slices: &[GroupSlice]) -> ByKey<'_> {
    let mut grouper = Grouper::with_capacity(slices.iter().map(GroupSlice::count).sum());
    for (slice, GroupSlice { chunk, elements }) in (0..).zip(slices) {
        let index = chunk.index.as_deref().unwrap_or_default();
        let mut add = |row: u32| {
            let entry = &index[row as usize];
            grouper.add(entry.key_hash, key_of(chunk, entry), Position { slice, at: row });
        };
        match elements {
            Some(rows) => rows.iter().copied().for_each(&mut add),
            None => (0..chunk.count).for_each(&mut add),
        }
    }
    grouper.finish()
}

fn group(
    input: &Loaded,
    layout: &Layout,
    random: Option<&mut Random>,
) -> Result<Vec<Chunk>, Box<Failure>> {
    let groups = by_key(&input.slices);
    let mut order: Vec<usize> = (0..groups.len()).collect();
    if let Some(random) = random {
        random.shuffle(&mut order);
    }
    let mut writer = Writer::new(input, layout);
    for group in order {
        writer.write(groups.key(group), groups.elements(group))?;
    }
    writer.flush()?;
    Ok(writer.chunks)
}

fn key_of<'a>(chunk: &'a Chunk, entry: &Entry) -> &'a [u8] {
    let start = entry.value as usize;
    &chunk.data[start..start + entry.key_length as usize]
}

/// Writes groups into chunks.
struct Writer<'a> {
    input: &'a Loaded,
    layout: &'a Layout,
    data: Vec<u8>,
    count: u32,
    index: Vec<Entry>,
    chunks: Vec<Chunk>,
}

impl<'a> Writer<'a> {
    fn new(input: &'a Loaded, layout: &'a Layout) -> Self {
        let (data, index, chunks) = (Vec::new(), Vec::new(), Vec::new());
        Self { input, layout, data, count: 0, index, chunks }
    }

    fn write(
        &mut self,
        (key, key_hash): (&[u8], u64),
        elements: &[Position],
    ) -> Result<(), Box<Failure>> {
        let start = self.data.len();
        if !self.layout.stamps_alike() {
            let stamp = self.input.stamp(self.timestamp(elements)?);
            put_stamp(&mut self.data, &stamp, &self.layout.windows);
        }
        let value = self.data.len();
        self.data.extend_from_slice(key);
        put_count(&mut self.data, elements.len()).map_err(|error| Failure::from_error(&error))?;
        for element in elements {
            let chunk = &self.input.slices[element.slice as usize].chunk;
            let index = chunk.index.as_deref().unwrap_or_default();
            let row = element.at as usize;
            let from = (index[row].value + index[row].key_length) as usize;
            self.data.extend_from_slice(&chunk.data[from..end_of(chunk, index, row)]);
        }
        self.count += 1;
        if self.layout.index {
            let entry = |key_length| Entry {
                start: offset(start),
                value: offset(value),
                key_length,
                key_hash,
            };
            self.index.push(entry(offset(key.len())));
        }
        if self.data.len() >= CHUNK_BYTES { self.flush() } else { Ok(()) }
    }

    /// The earliest or latest timestamp of the elements.
    fn timestamp(&self, elements: &[Position]) -> Result<Timestamp, Box<Failure>> {
        let mut result: Option<Timestamp> = None;
        for element in elements {
            let chunk = &self.input.slices[element.slice as usize].chunk;
            let next = timestamp_of(chunk, element.at as usize)
                .map_err(|error| Failure::from_error(&error))?;
            result = Some(match (result, self.layout.output_time) {
                (None, _) => next,
                (Some(old), output_time::Enum::EarliestInPane) => old.min(next),
                (Some(old), _) => old.max(next),
            });
        }
        Ok(result.unwrap_or_else(|| self.input.window.max_timestamp()))
    }

    fn flush(&mut self) -> Result<(), Box<Failure>> {
        if self.count == 0 {
            return Ok(());
        }
        if u32::try_from(self.data.len()).is_err() {
            return Err(Failure::new(format!(
                "the values of one key take {} bytes, and 4 GiB is the most that a group may have",
                self.data.len()
            )));
        }
        let framing = match self.layout.output_time {
            output_time::Enum::EndOfWindow => {
                Framing::Constant(self.input.stamp(self.input.window.max_timestamp()))
            }
            _ => Framing::Each,
        };
        self.chunks.push(Chunk {
            data: std::mem::take(&mut self.data).into(),
            framing,
            count: std::mem::take(&mut self.count),
            // Another grouping partitions by another key.
            partition: None,
            index: self.layout.index.then(|| std::mem::take(&mut self.index)),
        });
        Ok(())
    }
}

fn timestamp_of(chunk: &Chunk, row: usize) -> Result<Timestamp, CoderError> {
    match (&chunk.framing, &chunk.index) {
        (Framing::Constant(stamp), _) => Ok(stamp.timestamp),
        (Framing::Each, Some(index)) => {
            Reader::new(&chunk.data[index[row].start as usize..]).timestamp()
        }
        (Framing::Each, None) => Err(CoderError::new("elements to be grouped have no index")),
    }
}

fn offset(at: usize) -> u32 {
    // Larger chunks are refused when they are handed on.
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
