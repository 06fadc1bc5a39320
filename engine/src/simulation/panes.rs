//! Groupings beside the slow model of the machine that makes panes.
//!
//! The schedule decides how elements are divided into calls of the machine, what the clocks of the
//! stage show in a call, and in which order the timers of different keys come. The model is told
//! these, as commits tell them. Everything else it says by itself: the panes of each key, one after
//! the other, with window, timestamp, pane, kind and elements; what is dropped; and which windows
//! have to be looked at before the job may be at rest. Where the schedule does not divide the
//! elements of an event and there is but one key, it must not matter at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use purlin_proto::pipeline::WindowingStrategy;
use purlin_sdk::coders::windowed::WindowCoder;
use purlin_sdk::exec::Chunk;
use purlin_sdk::{Timestamp, ValueKind, Window};

use super::codec::{assigned, chunk, chunks, for_each, key, number};
use super::plan::Setup;
use super::reader::read;
use super::world::Job;
use crate::bundle::{Bundle, BundleInput, BundleResult};
use crate::grouping::group_bundle;
use crate::plan::StageId;
use crate::random::Random;
use crate::reduce::tests::model::{Model, ModelElement, ModelPane};
use crate::reduce::tests::simulation::strategy::Assign;
use crate::reduce::{Clocks, PaneKind};
use crate::shuffle::Shuffle;
use crate::state::{DROPPED, State};

/// Panes by key.
pub(super) type Panes = BTreeMap<u8, Vec<ModelPane>>;

pub(super) struct Grouping {
    setup: Arc<Setup>,
    strategy: WindowingStrategy,
    /// Whether the elements of an event are divided.
    divides: bool,
    models: BTreeMap<u8, Model>,
    /// What came out of the grouping, and what reached the sink.
    pub(super) panes: Panes,
    reached: Panes,
    /// The numbers of the elements that the grouping was given.
    given: Vec<u64>,
}

impl Grouping {
    pub(super) fn new(setup: &Arc<Setup>, strategy: &WindowingStrategy, divides: bool) -> Self {
        Self {
            setup: Arc::clone(setup),
            strategy: strategy.clone(),
            divides,
            models: BTreeMap::new(),
            panes: Panes::new(),
            reached: Panes::new(),
            given: Vec::new(),
        }
    }

    fn windows(&self) -> WindowCoder {
        window_coder(self.setup.assign)
    }

    fn model(&mut self, key: u8) -> &mut Model {
        let is_merging = self.setup.assign == Assign::Sessions;
        let new = || Model::new(self.strategy.clone(), is_merging);
        self.models.entry(key).or_insert_with(new)
    }

    /// Tells the model what the machine was told.
    fn tell(&mut self, bundle: &Bundle, clocks: &Clocks) {
        let coder = self.windows();
        let mut due: BTreeMap<u8, Vec<Window>> = BTreeMap::new();
        for timer in bundle.keyed.iter().flat_map(|keyed| &keyed.timers) {
            let window = coder.read_window(&mut purlin_sdk::coders::Reader::new(&timer.id.window));
            due.entry(timer.key[1]).or_default().push(window.unwrap());
        }
        for (key, windows) in due {
            self.model(key).timers(clocks, &windows);
        }
        let mut elements: BTreeMap<u8, Vec<ModelElement>> = BTreeMap::new();
        let BundleInput::Elements(input) = &bundle.input else { panic!("it keeps keys") };
        for pair in input.iter().flat_map(|chunk| super::codec::pairs(chunk, coder)) {
            self.given.push(pair.number);
            let windows = pair.stamp.windows.as_slice().to_vec();
            let element = (pair.stamp.timestamp, windows, pair.number);
            elements.entry(pair.key).or_default().push(element);
        }
        for (key, elements) in elements {
            self.model(key).elements(clocks, &elements);
        }
    }

    fn compare(&mut self, found: &Panes) {
        for (key, model) in &mut self.models {
            let expected: Vec<_> = model.panes.drain(..).collect();
            let found = found.get(key).cloned().unwrap_or_default();
            assert_eq!(ordered(found.clone()), ordered(expected), "the panes of key {key}");
            self.panes.entry(*key).or_default().extend(found);
        }
    }

    /// How many pairs of an element and a window were dropped, by the model.
    fn dropped(&self) -> (u64, u64) {
        let models = self.models.values();
        (models.clone().map(|it| it.late).sum(), models.map(|it| it.closed).sum())
    }
}

pub(super) fn window_coder(assign: Assign) -> WindowCoder {
    if assign == Assign::Global { WindowCoder::Global } else { WindowCoder::Interval }
}

/// What the stage that assigns windows does: it passes elements on; sometimes the last chunks are
/// taken back by a split.
pub(super) fn assign(
    setup: &Setup,
    shuffle: &Shuffle,
    input: &[Arc<Chunk>],
    divides: bool,
    random: &mut Random,
) -> BundleResult {
    let kept = 1 + random.below(input.len());
    let (input, unprocessed) = input.split_at(kept);
    let pairs: Vec<_> = input.iter().flat_map(|chunk| assigned(chunk, setup.assign)).collect();
    let coder = window_coder(setup.assign);
    let made = if divides { chunks(&pairs, coder, random) } else { vec![chunk(&pairs, coder)] };
    let mut result = BundleResult { unprocessed: unprocessed.to_vec(), ..Default::default() };
    for chunk in made {
        let random = divides.then_some(&mut *random);
        shuffle.prepare(setup.stages.windowed, chunk, random, &mut result.outputs).unwrap();
    }
    result
}

impl Job for Grouping {
    type Effect = Panes;

    fn run(
        &mut self,
        shuffle: &Arc<Shuffle>,
        bundle: &Bundle,
        random: &mut Random,
    ) -> (BundleResult, Panes) {
        let stages = self.setup.stages;
        let coder = self.windows();
        match (&bundle.input, bundle.stage.0) {
            (_, stage) if stage == stages.keyed => {
                let result = group_bundle(shuffle, bundle).unwrap();
                let outputs = result.outputs.iter();
                let panes = panes(outputs.map(|output| &**output.chunk.in_memory()), coder);
                (result, panes)
            }
            (_, stage) if self.setup.read.is_some() && stage == stages.read => {
                (read(&self.setup, shuffle, bundle, random), Panes::new())
            }
            (BundleInput::Elements(input), stage) if stage == stages.assign => {
                (assign(&self.setup, shuffle, input, self.divides, random), Panes::new())
            }
            (BundleInput::Elements(input), _) => {
                (BundleResult::default(), panes(input.iter().map(|chunk| &**chunk), coder))
            }
            _ => panic!("groups came to the sink"),
        }
    }

    fn commit(&mut self, bundle: &Bundle, found: Panes, _: &State) {
        if bundle.stage.0 == self.setup.stages.sink {
            for (key, panes) in found {
                self.reached.entry(key).or_default().extend(panes);
            }
        } else if let Some(keyed) = &bundle.keyed {
            self.tell(
                bundle,
                &Clocks {
                    input_watermark: keyed.clocks.input_watermark,
                    output_watermark: keyed.clocks.output_watermark,
                    processing_time: keyed.clocks.processing_time,
                    synchronized_processing_time: keyed.clocks.processing_time,
                },
            );
            self.compare(&found);
        }
    }

    fn rest(&mut self, state: &State, processing_time: Timestamp) {
        let stage = StageId(self.setup.stages.keyed);
        let (input_watermark, output_watermark) = state.stage_watermarks(stage);
        let synchronized_processing_time = processing_time;
        let clocks = Clocks {
            input_watermark,
            output_watermark,
            processing_time,
            synchronized_processing_time,
        };
        for (key, model) in &self.models {
            assert_eq!(model.forgotten(&clocks), None, "I6: a timer of key {key} is missing");
        }
    }

    fn end(&mut self, state: &State) {
        let stage = format!("stage {}", self.setup.stages.keyed);
        let counter = |name: &str| {
            let value = state.metrics().get(&(stage.clone(), name.to_owned()));
            u64::try_from(value.and_then(|value| value.as_counter()).unwrap_or(0)).unwrap()
        };
        let counted = (counter(DROPPED), counter("droppedDueToClosedWindow"));
        assert_eq!(counted, self.dropped(), "what was dropped is counted");
        let sorted = |panes: &Panes| -> Vec<String> {
            let mut all: Vec<_> =
                panes.values().flatten().map(|pane| format!("{pane:?}")).collect();
            all.sort();
            all
        };
        self.given.sort_unstable();
        assert_eq!(self.given, self.setup.numbers(), "I2: every element is consumed once");
        assert_eq!(sorted(&self.reached), sorted(&self.panes), "I2: every pane is consumed once");
    }
}

/// The panes in chunks, by key.
fn panes<'a>(chunks: impl Iterator<Item = &'a Chunk>, coder: WindowCoder) -> Panes {
    let mut panes = Panes::new();
    for chunk in chunks {
        for_each(chunk, coder, |stamp, reader| {
            let key = key(reader);
            let count = reader.count().unwrap().unwrap();
            let mut elements: Vec<u64> = (0..count).map(|_| number(reader)).collect();
            elements.sort_unstable();
            panes.entry(key).or_default().push(ModelPane {
                window: stamp.windows.as_slice()[0].clone(),
                timestamp: stamp.timestamp,
                info: stamp.pane,
                kind: match stamp.value_kind {
                    ValueKind::UpdateBefore => PaneKind::UpdateBefore,
                    ValueKind::UpdateAfter => PaneKind::UpdateAfter,
                    _ => PaneKind::Insert,
                },
                elements,
            });
        });
    }
    panes
}

/// The panes by window: what the machine says of different windows in one call has no order, but
/// retractions come right before what stands in for them.
fn ordered(panes: Vec<ModelPane>) -> Vec<Vec<ModelPane>> {
    let mut blocks: Vec<Vec<ModelPane>> = Vec::new();
    let mut block = Vec::new();
    for pane in panes {
        let is_before = pane.kind == PaneKind::UpdateBefore;
        block.push(pane);
        if !is_before {
            let last = block.len() - 1;
            block[..last].sort_by(|a, b| (&a.window, &a.elements).cmp(&(&b.window, &b.elements)));
            blocks.push(std::mem::take(&mut block));
        }
    }
    assert!(block.is_empty(), "something takes the place of what is taken back");
    blocks.sort_by(|a, b| a.last().map(|it| &it.window).cmp(&b.last().map(|it| &it.window)));
    blocks
}
