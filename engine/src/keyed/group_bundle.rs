//! Bundles of groupings that keep something for each key.

use std::collections::BTreeMap;

use bytes::Bytes;
use purlin_sdk::coders::windowed::{WindowCoder, put_stamp, read_stamp};
use purlin_sdk::coders::wire::put_count;
use purlin_sdk::coders::{CoderError, Reader};
use purlin_sdk::exec::{Chunk, Failure, Framing, MetricValue};
use purlin_sdk::{Stamp, ValueKind, Window, Windows};

use super::bundle::{Clocks, KeyedInput};
use super::facts::{KeyedFacts, Kind};
use super::grouping::{Grouping, KeyCells};
use super::timer_coding::read_window;
use super::view::View;
use crate::bundle::{Bundle, BundleInput, BundleResult, GroupSlice};
use crate::grouping::{CHUNK_BYTES, by_key};
use crate::plan::StageKind;
use crate::random::Random;
use crate::reduce::{self, Element, Pane, PaneKind, Panes};
use crate::shuffle::{Shuffle, end_of};

type Result<T> = std::result::Result<T, Box<Failure>>;

/// Runs a bundle of a grouping that keeps something for each key.
pub(crate) fn group_keyed(shuffle: &Shuffle, bundle: &Bundle) -> Result<BundleResult> {
    let stage = &shuffle.plan().stages[bundle.stage.0];
    let facts = shuffle.keyed_facts(bundle.stage.0);
    let (StageKind::GroupByKey { output, .. }, Some(facts), Some(keyed)) =
        (&stage.kind, facts, &bundle.keyed)
    else {
        return Err(Failure::new("a bundle without keys came to a grouping by keys"));
    };
    let mut random = bundle.seed.map(Random::new);
    let view = View::new(keyed, &bundle.input)?;
    let mut run = Run::new(facts, keyed, view, shuffle.window_coder(*output))?;
    run.timers(keyed)?;
    if let BundleInput::Elements(chunks) = &bundle.input {
        let whole = |chunk: &_| GroupSlice { chunk: std::sync::Arc::clone(chunk), elements: None };
        run.elements(&chunks.iter().map(whole).collect::<Vec<_>>(), random.as_mut())?;
    }
    let mut result = BundleResult::default();
    let (chunks, dropped) = run.finish(&mut result);
    for chunk in chunks {
        shuffle.prepare(*output, chunk, random.as_mut(), &mut result.outputs)?;
    }
    for (name, count) in dropped {
        if count > 0 {
            let value = MetricValue::Counter(i64::try_from(count).unwrap_or(i64::MAX));
            result.metrics.values.insert((stage.name.clone(), name.to_owned()), value);
        }
    }
    Ok(result)
}

struct Run<'a> {
    facts: &'a KeyedFacts,
    grouping: &'a Grouping,
    clocks: reduce::Clocks,
    view: View,
    panes: Panes,
    writer: Writer,
}

impl<'a> Run<'a> {
    fn new(
        facts: &'a KeyedFacts,
        keyed: &KeyedInput,
        view: View,
        windows: WindowCoder,
    ) -> Result<Self> {
        let Kind::Grouping(grouping) = &facts.kind else {
            return Err(Failure::new("a user's stage was taken for a grouping"));
        };
        let Clocks { input_watermark, output_watermark, processing_time, .. } = keyed.clocks;
        let clocks = reduce::Clocks {
            input_watermark,
            output_watermark,
            processing_time,
            // Everything upstream is in this process's hands and has been given to it by now.
            synchronized_processing_time: processing_time,
        };
        Ok(Self {
            facts,
            grouping,
            clocks,
            view,
            panes: Panes::default(),
            writer: Writer { windows, data: Vec::new(), count: 0, chunks: Vec::new() },
        })
    }

    fn timers(&mut self, keyed: &KeyedInput) -> Result<()> {
        let mut windows: BTreeMap<&Bytes, Vec<Window>> = BTreeMap::new();
        for due in &keyed.timers {
            self.view.set_timer(&due.key, due.id.clone(), None);
            let window = read_window(&due.id.window, self.facts.windows)
                .map_err(|error| Failure::from_error(&error))?;
            let windows = windows.entry(&due.key).or_default();
            if !windows.contains(&window) {
                windows.push(window);
            }
        }
        for (key, windows) in windows {
            let key = key.clone();
            let mut cells = KeyCells { facts: self.facts, view: &mut self.view, key: key.clone() };
            let reduce = &self.grouping.reduce;
            reduce.timers(&mut cells, &self.clocks, &windows, &mut self.panes)?;
            self.write(&key)?;
        }
        Ok(())
    }

    fn elements(&mut self, slices: &[GroupSlice], random: Option<&mut Random>) -> Result<()> {
        let groups = by_key(slices);
        let mut order: Vec<usize> = (0..groups.len()).collect();
        if let Some(random) = random {
            random.shuffle(&mut order);
        }
        for position in order {
            let ((key, _), members) = (groups.key(position), groups.elements(position));
            let windows: std::result::Result<Vec<Stamp>, CoderError> = members
                .iter()
                .map(|it| self.stamp(&slices[it.slice as usize].chunk, it.at))
                .collect();
            let stamps = windows.map_err(|error| Failure::from_error(&error))?;
            let elements: Vec<Element<'_>> = members
                .iter()
                .zip(&stamps)
                .map(|(it, stamp)| Element {
                    timestamp: stamp.timestamp,
                    windows: stamp.windows.as_slice(),
                    value: value(&slices[it.slice as usize].chunk, it.at as usize),
                })
                .collect();
            let key = Bytes::copy_from_slice(key);
            let mut cells = KeyCells { facts: self.facts, view: &mut self.view, key: key.clone() };
            let reduce = &self.grouping.reduce;
            reduce.elements(&mut cells, &self.clocks, &elements, &mut self.panes)?;
            self.write(&key)?;
        }
        Ok(())
    }

    fn stamp(&self, chunk: &Chunk, row: u32) -> std::result::Result<Stamp, CoderError> {
        match (&chunk.framing, &chunk.index) {
            (Framing::Constant(stamp), _) => Ok(stamp.clone()),
            (Framing::Each, Some(index)) => {
                let start = index[row as usize].start as usize;
                read_stamp(&mut Reader::new(&chunk.data[start..]), &self.facts.windows)
            }
            (Framing::Each, None) => Err(CoderError::new("elements to be grouped have no index")),
        }
    }

    fn write(&mut self, key: &Bytes) -> Result<()> {
        std::mem::take(&mut self.panes.panes)
            .iter()
            .try_for_each(|pane| self.writer.write(key, pane))
    }

    /// What it put out and dropped; what it changed goes into the result.
    fn finish(mut self, result: &mut BundleResult) -> (Vec<Chunk>, [(&'static str, u64); 2]) {
        self.writer.flush();
        let dropped = [
            (crate::state::DROPPED, self.panes.dropped_due_to_lateness),
            ("droppedDueToClosedWindow", self.panes.dropped_due_to_closed_window),
        ];
        self.view.finish(result);
        (self.writer.chunks, dropped)
    }
}

/// The encoded value of a pair.
fn value(chunk: &Chunk, row: usize) -> &[u8] {
    let index = chunk.index.as_deref().unwrap_or_default();
    let from = (index[row].value + index[row].key_length) as usize;
    &chunk.data[from..end_of(chunk, index, row)]
}

/// Writes panes into chunks.
struct Writer {
    windows: WindowCoder,
    data: Vec<u8>,
    count: u32,
    chunks: Vec<Chunk>,
}

impl Writer {
    fn write(&mut self, key: &[u8], pane: &Pane) -> Result<()> {
        let stamp = Stamp {
            timestamp: pane.timestamp,
            windows: Windows::One(pane.window.clone()),
            pane: pane.info,
            value_kind: match pane.kind {
                PaneKind::Insert => ValueKind::Insert,
                PaneKind::UpdateBefore => ValueKind::UpdateBefore,
                PaneKind::UpdateAfter => ValueKind::UpdateAfter,
            },
        };
        put_stamp(&mut self.data, &stamp, &self.windows);
        self.data.extend_from_slice(key);
        let count = usize::try_from(pane.count).unwrap_or(usize::MAX);
        put_count(&mut self.data, count).map_err(|error| Failure::from_error(&error))?;
        pane.values.iter().for_each(|part| self.data.extend_from_slice(part));
        self.count += 1;
        if u32::try_from(self.data.len()).is_err() {
            return Err(Failure::new(format!(
                "the values of one key take {} bytes, and 4 GiB is the most that a pane may have",
                self.data.len()
            )));
        }
        if self.data.len() >= CHUNK_BYTES {
            self.flush();
        }
        Ok(())
    }

    fn flush(&mut self) {
        if self.count > 0 {
            self.chunks.push(Chunk {
                data: std::mem::take(&mut self.data).into(),
                framing: Framing::Each,
                count: std::mem::take(&mut self.count),
                partition: None,
                index: None,
            });
        }
    }
}
