//! Groups encoded pairs by key.
//!
//! Index-based: keys are never decoded nor copied while grouping. A table maps the hashes of keys to
//! group numbers, a counting sort brings references to elements into the order of their groups, and
//! one pass over the references writes the output.

use std::sync::Arc;

use hashbrown::HashTable;
use purlin_proto::pipeline::output_time;
use purlin_sdk::coders::windowed::{WindowCoder, put_stamp};
use purlin_sdk::coders::wire::put_count;
use purlin_sdk::coders::{CoderError, Reader};
use purlin_sdk::exec::{Chunk, Entry, Failure, Framing};
use purlin_sdk::{Stamp, Timestamp, Windows};

use crate::bundle::{Bundle, BundleInput, BundleResult, GroupInput, GroupSlice};
use crate::keyed::group_keyed;
use crate::plan::{CollectionId, Plan, StageKind};
use crate::random::Random;
use crate::shuffle::{Shuffle, end_of};

/// The size at which a chunk of groups is handed on.
pub(crate) const CHUNK_BYTES: usize = 256 * 1024;

/// Whether a bundle is for [`group_bundle`], and not for user code: a grouping stage has some to
/// merge accumulators.
#[must_use]
pub fn is_grouping(plan: &Plan, bundle: &Bundle) -> bool {
    matches!(plan.stages[bundle.stage.0].kind, StageKind::GroupByKey { .. })
        && !matches!(bundle.input, BundleInput::Compact(_))
}

/// Runs a bundle of a GroupByKey stage.
///
/// # Errors
/// When a group is too large to encode, or the input is not that of such a stage.
pub fn group_bundle(shuffle: &Shuffle, bundle: &Bundle) -> Result<BundleResult, Box<Failure>> {
    if bundle.keyed.is_some() {
        return group_keyed(shuffle, bundle);
    }
    let (StageKind::GroupByKey { output, .. }, BundleInput::Groups(groups)) =
        (&shuffle.plan().stages[bundle.stage.0].kind, &bundle.input)
    else {
        return Err(Failure::new("a bundle of groups came to a stage that does not group"));
    };
    let mut random = bundle.seed.map(Random::new);
    let mut result = BundleResult::default();
    let layout = Layout::of(shuffle, *output);
    for input in groups {
        for chunk in group(input, &layout, random.as_mut())? {
            shuffle.prepare(*output, chunk, random.as_mut(), &mut result.outputs)?;
        }
    }
    Ok(result)
}

/// The elements that the user code of a bundle's stage reads: those of the bundle, or the groups of
/// the accumulators that it merges.
///
/// # Errors
/// When a group is too large to encode, or the bundle has groups for no user code.
pub fn user_input(shuffle: &Shuffle, bundle: &Bundle) -> Result<Vec<Arc<Chunk>>, Box<Failure>> {
    let stage = &shuffle.plan().stages[bundle.stage.0];
    match (&bundle.input, &stage.kind) {
        (BundleInput::Elements(chunks), _) => Ok(chunks.clone()),
        (BundleInput::Compact(input), StageKind::GroupByKey { output, .. }) => {
            let mut random = bundle.seed.map(Random::new);
            let chunks = group(input, &Layout::of(shuffle, *output), random.as_mut())?;
            Ok(chunks.into_iter().map(Arc::new).collect())
        }
        _ => Err(Failure::new(format!("groups came to the user code of stage `{}`", stage.name))),
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
}

/// A reference to an element: its slice and its row there.
#[derive(Clone, Copy, Default)]
pub(crate) struct Element {
    pub(crate) slice: u32,
    pub(crate) row: u32,
}

/// A key and how many elements have it.
struct Group<'a> {
    hash: u64,
    key: &'a [u8],
    count: usize,
}

/// Elements by key: keys in the order in which they first occur, elements in theirs.
pub(crate) struct Groups<'a> {
    groups: Vec<Group<'a>>,
    /// Where the elements of each begin.
    starts: Vec<usize>,
    sorted: Vec<Element>,
}

impl<'a> Groups<'a> {
    pub(crate) fn of(slices: &'a [GroupSlice]) -> Self {
        let (groups, of_elements) = number(slices);
        let sorted = sort(&groups, &of_elements);
        let mut starts = Vec::with_capacity(groups.len());
        let mut start = 0;
        for group in &groups {
            starts.push(start);
            start += group.count;
        }
        Self { groups, starts, sorted }
    }

    pub(crate) fn len(&self) -> usize {
        self.groups.len()
    }

    /// The key at a position and its elements.
    pub(crate) fn get(&self, position: usize) -> (&'a [u8], &[Element]) {
        let (group, elements) = self.group(position);
        (group.key, elements)
    }

    fn group(&self, position: usize) -> (&Group<'a>, &[Element]) {
        let group = &self.groups[position];
        let start = self.starts[position];
        (group, &self.sorted[start..start + group.count])
    }
}

fn group(
    input: &GroupInput,
    layout: &Layout,
    random: Option<&mut Random>,
) -> Result<Vec<Chunk>, Box<Failure>> {
    let groups = Groups::of(&input.slices);
    let mut order: Vec<usize> = (0..groups.len()).collect();
    if let Some(random) = random {
        random.shuffle(&mut order);
    }
    let mut writer = Writer::new(input, layout);
    for position in order {
        let (group, elements) = groups.group(position);
        writer.write(group, elements)?;
    }
    writer.flush()?;
    Ok(writer.chunks)
}

/// Gives each key a number, and each element the number of its key.
fn number(slices: &[GroupSlice]) -> (Vec<Group<'_>>, Vec<(u32, Element)>) {
    let total = slices.iter().map(GroupSlice::count).sum();
    let mut table: HashTable<u32> = HashTable::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut of_elements = Vec::with_capacity(total);
    for (slice, GroupSlice { chunk, elements }) in (0..).zip(slices) {
        let index = chunk.index.as_deref().unwrap_or_default();
        let mut add = |row: u32| {
            let entry = &index[row as usize];
            let group = find(&mut table, &mut groups, entry, key_of(chunk, entry));
            of_elements.push((group, Element { slice, row }));
        };
        match elements {
            Some(rows) => rows.iter().copied().for_each(&mut add),
            None => (0..chunk.count).for_each(&mut add),
        }
    }
    (groups, of_elements)
}

fn find<'a>(
    table: &mut HashTable<u32>,
    groups: &mut Vec<Group<'a>>,
    entry: &Entry,
    key: &'a [u8],
) -> u32 {
    let hash = entry.key_hash;
    let is_same = |group: &u32| {
        let group = &groups[*group as usize];
        group.hash == hash && group.key == key
    };
    if let Some(group) = table.find(hash, is_same) {
        groups[*group as usize].count += 1;
        return *group;
    }
    // There are no more keys than elements, whose rows are counted in 32 bits per chunk.
    let number = u32::try_from(groups.len()).unwrap_or(u32::MAX);
    groups.push(Group { hash, key, count: 1 });
    table.insert_unique(hash, number, |group| groups[*group as usize].hash);
    number
}

fn key_of<'a>(chunk: &'a Chunk, entry: &Entry) -> &'a [u8] {
    let start = entry.value as usize;
    &chunk.data[start..start + entry.key_length as usize]
}

/// Brings elements into the order of their groups, keeping their order within each.
fn sort(groups: &[Group<'_>], of_elements: &[(u32, Element)]) -> Vec<Element> {
    let mut next = Vec::with_capacity(groups.len());
    let mut start = 0;
    for group in groups {
        next.push(start);
        start += group.count;
    }
    let mut sorted = vec![Element::default(); of_elements.len()];
    for (group, element) in of_elements {
        let position = &mut next[*group as usize];
        sorted[*position] = *element;
        *position += 1;
    }
    sorted
}

/// Writes groups into chunks.
struct Writer<'a> {
    input: &'a GroupInput,
    layout: &'a Layout,
    data: Vec<u8>,
    count: u32,
    index: Vec<Entry>,
    chunks: Vec<Chunk>,
}

impl<'a> Writer<'a> {
    fn new(input: &'a GroupInput, layout: &'a Layout) -> Self {
        let (data, index, chunks) = (Vec::new(), Vec::new(), Vec::new());
        Self { input, layout, data, count: 0, index, chunks }
    }

    fn write(&mut self, group: &Group<'_>, elements: &[Element]) -> Result<(), Box<Failure>> {
        let start = self.data.len();
        if self.layout.output_time != output_time::Enum::EndOfWindow {
            let stamp = self.stamp(self.timestamp(elements)?);
            put_stamp(&mut self.data, &stamp, &self.layout.windows);
        }
        let value = self.data.len();
        self.data.extend_from_slice(group.key);
        put_count(&mut self.data, elements.len()).map_err(|error| Failure::from_error(&error))?;
        for element in elements {
            let chunk = &self.input.slices[element.slice as usize].chunk;
            let index = chunk.index.as_deref().unwrap_or_default();
            let row = element.row as usize;
            let from = (index[row].value + index[row].key_length) as usize;
            self.data.extend_from_slice(&chunk.data[from..end_of(chunk, index, row)]);
        }
        self.count += 1;
        if self.layout.index {
            let entry = |key_length| Entry {
                start: offset(start),
                value: offset(value),
                key_length,
                key_hash: group.hash,
            };
            self.index.push(entry(offset(group.key.len())));
        }
        if self.data.len() >= CHUNK_BYTES { self.flush() } else { Ok(()) }
    }

    /// The earliest or latest timestamp of the elements.
    fn timestamp(&self, elements: &[Element]) -> Result<Timestamp, Box<Failure>> {
        let mut result: Option<Timestamp> = None;
        for element in elements {
            let chunk = &self.input.slices[element.slice as usize].chunk;
            let next = timestamp_of(chunk, element.row as usize)
                .map_err(|error| Failure::from_error(&error))?;
            result = Some(match (result, self.layout.output_time) {
                (None, _) => next,
                (Some(old), output_time::Enum::EarliestInPane) => old.min(next),
                (Some(old), _) => old.max(next),
            });
        }
        Ok(result.unwrap_or_else(|| self.input.window.max_timestamp()))
    }

    fn stamp(&self, timestamp: Timestamp) -> Stamp {
        Stamp {
            timestamp: timestamp.min(self.input.window.max_timestamp()),
            windows: Windows::One(self.input.window.clone()),
            pane: self.input.pane,
            ..Stamp::default()
        }
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
                Framing::Constant(self.stamp(self.input.window.max_timestamp()))
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
