//! Makes outputs fit for whoever reads them: indexed, partitioned by key, cut into pieces, sorted by
//! window.
//!
//! This is the work per element that the engine itself never does; it runs where bundles run. Sinks
//! in this process index and partition while they write ([`Shuffle::exec_config`]), so for their
//! chunks little is left to do; bytes from worker processes take one pass of skipping.

mod cut;
mod index;
mod partition;
mod pick;
#[cfg(test)]
mod tests;
mod uniform;
mod windows;
mod wire;

use std::sync::Arc;

pub(crate) use self::index::end_of;
use purlin_sdk::Error;
use purlin_sdk::coders::windowed::WindowCoder;
use purlin_sdk::coders::{CoderError, CoderSpec, Skipper};
use purlin_sdk::exec::{Chunk, ExecConfig, Failure, Framing, SinkConfig};

use crate::bundle::{GroupSlice, HeldSlice, Output};
use crate::config::EngineConfig;
use crate::keyed::KeyedFacts;
use crate::plan::{Collection, CollectionId, Plan, StageId};
use crate::random::Random;
use crate::spill::{Spillable, Spiller, StateMemory, Stored};
use crate::state::Facts;
use crate::topology::{Delivery, Needs, Reader, Topology};
use crate::user_windows::UserWindows;

/// Into how many pieces a seed cuts a chunk at most.
const SEEDED_PIECES: usize = 4;

/// Prepares the outputs of bundles for their readers.
#[derive(Debug)]
pub struct Shuffle {
    facts: Arc<Facts>,
    /// By collection.
    edges: Vec<Edge>,
    /// Into how many pieces a chunk is cut that is to be spread.
    spread: usize,
    strict: bool,
    is_seeded: bool,
    spiller: Option<Spiller>,
}

/// What preparing the elements of a collection takes.
#[derive(Debug)]
struct Edge {
    needs: Needs,
    windows: WindowCoder,
    /// Where the coder can be skipped; needed for chunks that come without an index only.
    skipper: Result<Skipper, String>,
    /// Whether chunks wait for their window and nothing else: then they are held without index,
    /// which may take more than they do, and are indexed again to be grouped.
    only_waits: bool,
    /// Whether a chunk may go to files: groupings and side inputs read it back. Those whose panes
    /// replace each other need its keys when it comes.
    may_spill: bool,
    /// Into how many parts keys are divided.
    partitions: u32,
}

impl Shuffle {
    pub(crate) fn new(facts: &Arc<Facts>, config: &EngineConfig) -> Result<Self, Error> {
        let edges: Result<Vec<_>, _> = facts
            .plan
            .collections
            .iter()
            .zip(&facts.topology.needs)
            .zip(&facts.topology.deliveries)
            .map(|((collection, needs), to)| {
                Edge::new(collection, *needs, (to, &facts.topology), config)
            })
            .collect();
        let edges = edges?;
        let has_state = facts.keyed.iter().any(Option::is_some);
        let spillable = match edges.iter().any(|edge| edge.may_spill) {
            false => Spillable::State,
            true if has_state => Spillable::Both,
            true => Spillable::Elements,
        };
        let spill = config.spill.as_ref();
        Ok(Self {
            facts: Arc::clone(facts),
            edges,
            spread: config.max_in_flight,
            strict: config.strict,
            is_seeded: config.seed.is_some(),
            spiller: spill.map(|spill| Spiller::new(spill, config.executors, spillable)),
        })
    }

    /// How the processors of a stage must be wired, so that what they write fits its readers.
    #[must_use]
    pub fn exec_config(&self, stage: StageId) -> ExecConfig {
        let mut config = ExecConfig {
            strict: self.strict,
            combine_bytes: self.spiller.as_ref().map(Spiller::share),
            ..ExecConfig::default()
        };
        if let Some(sdk) = self.facts.plan.stages[stage.0].sdk() {
            for (sink, collection) in &sdk.outputs {
                let Edge { needs, partitions, only_waits, .. } = self.edges[collection.0];
                let sink_config = SinkConfig {
                    partitions: if needs.partitions { partitions } else { 0 },
                    index: (needs.index() && !only_waits) || self.is_seeded,
                };
                config.sinks.insert(sink.clone(), sink_config);
            }
        }
        config
    }

    /// Prepares a chunk of a collection and appends what came of it, in the same order of elements
    /// per key. With `random`, it is cut where chance says.
    ///
    /// # Errors
    /// When its bytes are not what the collection's coder says.
    pub fn prepare(
        &self,
        collection: CollectionId,
        mut chunk: Chunk,
        mut random: Option<&mut Random>,
        outputs: &mut Vec<Output>,
    ) -> Result<(), Box<Failure>> {
        if chunk.count == 0 {
            return Ok(());
        }
        let edge = &self.edges[collection.0];
        if edge.needs_index(&chunk) || (random.is_some() && chunk.count > 1) {
            index::ensure(&mut chunk, edge)
                .map_err(|problem| self.failure(collection, &problem))?;
        }
        let chunks = match chunk.partition {
            None if edge.needs.partitions => {
                partition::partition(chunk, edge.partitions, edge.windows)
            }
            _ => vec![chunk],
        };
        for chunk in chunks {
            for mut piece in self.cut(edge, chunk, random.as_deref_mut()) {
                let slices = windows::slices(&piece, edge)
                    .map_err(|problem| self.failure(collection, &problem))?;
                if edge.only_waits {
                    piece.index = None;
                }
                if edge.may_spill {
                    outputs.push(Output { collection, chunk: self.keep(piece)?, slices });
                } else {
                    uniform::push(
                        Output { collection, chunk: piece.into(), slices },
                        edge,
                        outputs,
                    );
                }
            }
        }
        Ok(())
    }

    /// A chunk that waits for its group, or for those who read it as a side input.
    fn keep(&self, chunk: Chunk) -> Result<Stored, Box<Failure>> {
        match &self.spiller {
            Some(spiller) => spiller.keep(chunk),
            None => Ok(chunk.into()),
        }
    }

    /// Elements of this collection that waited, in memory; where they `lack` an index, with one.
    pub(crate) fn load(
        &self,
        collection: CollectionId,
        slice: &HeldSlice,
        lack: impl Fn(&GroupSlice) -> bool,
    ) -> Result<GroupSlice, Box<Failure>> {
        let chunk = slice.chunk.load().map_err(|error| Failure::from_error(&error))?;
        let mut slice = GroupSlice { chunk, elements: slice.elements.clone() };
        if lack(&slice) {
            index::ensure(Arc::make_mut(&mut slice.chunk), &self.edges[collection.0])
                .map_err(|problem| self.failure(collection, &problem))?;
        }
        Ok(slice)
    }

    /// Elements of this collection in memory and with an index.
    pub(crate) fn load_indexed(
        &self,
        collection: CollectionId,
        slice: &HeldSlice,
    ) -> Result<GroupSlice, Box<Failure>> {
        self.load(collection, slice, |slice| slice.chunk.index.is_none())
    }

    /// What keeps the elements that wait, where their memory is bounded.
    pub(crate) fn spiller(&self) -> Option<&Spiller> {
        self.spiller.as_ref()
    }

    /// The memory that the state of keys may take, where it is bounded.
    pub(crate) fn state_memory(&self) -> Option<StateMemory> {
        self.spiller.as_ref().map(Spiller::state_memory)
    }

    /// The job has ended: what it wrote to files is removed.
    pub(crate) fn close(&self) {
        if let Some(spiller) = &self.spiller {
            spiller.close();
        }
    }

    fn cut(&self, edge: &Edge, chunk: Chunk, random: Option<&mut Random>) -> Vec<Chunk> {
        if edge.needs.single {
            return cut::even(chunk, usize::MAX);
        }
        match random {
            Some(random) => {
                let pieces = 1 + random.below(SEEDED_PIECES);
                cut::at_random(chunk, pieces, random)
            }
            None if edge.needs.spread => cut::even(chunk, self.spread),
            None => vec![chunk],
        }
    }

    /// Says who calls users' window functions; executors do so before the first bundle.
    pub fn call_window_fns_by(&self, user_windows: Arc<dyn UserWindows>) {
        self.facts.user_windows.fill(user_windows);
    }

    /// Who calls users' window functions.
    pub(crate) fn user_windows(&self) -> Result<&dyn UserWindows, Box<Failure>> {
        self.facts.user_windows.get()
    }

    pub(crate) fn keyed_facts(&self, stage: usize) -> Option<&KeyedFacts> {
        self.facts.keyed.get(stage)?.as_ref()
    }

    /// The GroupByKey stage whose groups a stage makes.
    pub(crate) fn grouping_of(&self, stage: StageId) -> StageId {
        self.facts.topology.handed_by.get(&stage).copied().unwrap_or(stage)
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.facts.plan
    }

    /// Whether elements of this collection must be indexed by whoever writes them.
    pub(crate) fn wants_index(&self, collection: CollectionId) -> bool {
        self.is_seeded || self.edges[collection.0].needs.index()
    }

    pub(crate) fn window_coder(&self, collection: CollectionId) -> WindowCoder {
        self.edges[collection.0].windows
    }

    fn failure(&self, collection: CollectionId, problem: &str) -> Box<Failure> {
        let id = &self.facts.plan.collections[collection.0].id;
        Failure::new(format!("the elements of collection `{id}` cannot be passed on: {problem}"))
    }
}

impl Edge {
    fn new(
        collection: &Collection,
        needs: Needs,
        (to, topology): (&[Delivery], &Topology),
        config: &EngineConfig,
    ) -> Result<Self, Error> {
        let skipper = spec(collection, &collection.coder_id)
            .and_then(|spec| Skipper::new(&spec))
            .map_err(|error| error.to_string());
        let waits = |to: &Delivery| matches!(to.reader, Reader::Group(_));
        let reads_back = |to: &Delivery| match to.reader {
            Reader::Group(_) => true,
            Reader::Side => {
                topology.sides[to.collection.0].as_ref().is_some_and(|side| !side.panes_replace)
            }
            Reader::Queue(_) => false,
        };
        let may_spill = skipper.is_ok() && !to.is_empty() && to.iter().all(reads_back);
        let only_waits = may_spill && to.iter().all(waits);
        let partitions = match only_waits && collection.is_bounded {
            true => config.group_partitions.max(config.partitions),
            false => config.partitions,
        };
        let windows = window_coder(collection)?;
        Ok(Self { needs, windows, skipper, only_waits, may_spill, partitions: partitions.max(1) })
    }

    fn needs_index(&self, chunk: &Chunk) -> bool {
        let waits = Needs { windows: true, ..Needs::default() };
        match chunk.framing {
            // All its elements are in the same windows, and in one partition.
            Framing::Constant(_) if self.only_waits => chunk.partition.is_none(),
            Framing::Constant(_) => self.needs.index() && self.needs != waits,
            Framing::Each => self.needs.index(),
        }
    }
}

fn window_coder(collection: &Collection) -> Result<WindowCoder, Error> {
    spec(collection, &collection.windowing.window_coder_id)
        .and_then(|spec| WindowCoder::from_spec(&spec))
        .map_err(|error| {
            Error::Internal(format!("the windows of collection `{}`: {error}", collection.id))
        })
}

fn spec(collection: &Collection, coder_id: &str) -> Result<CoderSpec, CoderError> {
    CoderSpec::from_proto(&collection.coders, coder_id)
}
