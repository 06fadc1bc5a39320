//! Work for an executor, and what comes of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use purlin_sdk::Timestamp;
use purlin_sdk::exec::{BundleMetrics, Chunk, Residual};
use purlin_sdk::{PaneInfo, Window};

use crate::keyed::{KeyChange, KeyedInput, Transfers};
use crate::plan::{CollectionId, StageId};
use crate::side_inputs::SideInputs;
use crate::spill::Stored;

/// The name of one attempt at a bundle; never used twice in a job.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct BundleId(pub u64);

impl fmt::Display for BundleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A bundle to run: encoded input of one stage.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The attempt's name.
    pub id: BundleId,
    /// The stage that runs it.
    pub stage: StageId,
    /// From 1. Later attempts should find out which element fails.
    pub attempt: u32,
    /// What to process.
    pub input: BundleInput,
    /// The keys that it works on, where the stage keeps something for each key.
    pub keyed: Option<Box<KeyedInput>>,
    /// Whether its restrictions are truncated before they are worked on, as
    /// [`SdkStage::draining`](crate::plan::SdkStage::draining) does it.
    pub truncates: bool,
    /// The side inputs as they were when the bundle was made.
    pub side_inputs: SideInputs,
    /// A splittable bundle should be checkpointed once it has put out so many bytes.
    pub output_limit: Option<usize>,
    /// The engine asks for a checkpoint after this time, by [`Action::Checkpoint`]; an executor
    /// that can do so by itself may.
    ///
    /// [`Action::Checkpoint`]: crate::Action::Checkpoint
    pub time_limit: Option<Duration>,
    /// A seed for choices that must not matter, such as the order of keys; without one, keep order.
    pub seed: Option<u64>,
}

/// What a bundle processes.
#[derive(Clone, Debug)]
pub enum BundleInput {
    /// Elements for the read node of an SDK stage, or for a grouping that keeps something per key.
    Elements(Vec<Arc<Chunk>>),
    /// Complete groups of a GroupByKey stage, for [`group_bundle`](crate::group_bundle), or for the
    /// stage that reads them, where [`EngineConfig::hands_over_groups`] is set.
    ///
    /// [`EngineConfig::hands_over_groups`]: crate::EngineConfig::hands_over_groups
    Groups(Vec<GroupInput>),
    /// Accumulators that wait in a GroupByKey stage, to be merged: see
    /// [`user_input`](crate::user_input).
    Compact(GroupInput),
    /// Windows of elements that wait, each with a side input of which only a user's function knows
    /// what they see; see [`own_work`](crate::own_work).
    Windows(Vec<(CollectionId, Window)>),
    /// Keys of a partition whose state is to go to files; see [`own_work`](crate::own_work).
    Spill,
}

impl BundleInput {
    /// How many elements it has.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::Elements(chunks) => chunks.iter().map(|chunk| chunk.count as usize).sum(),
            Self::Groups(groups) => groups.iter().map(GroupInput::count).sum(),
            Self::Compact(group) => group.count(),
            Self::Windows(windows) => windows.len(),
            Self::Spill => 0,
        }
    }

    /// The pairs that it groups.
    pub(crate) fn groups(&self) -> &[GroupInput] {
        match self {
            Self::Elements(_) | Self::Windows(_) | Self::Spill => &[],
            Self::Groups(groups) => groups,
            Self::Compact(group) => std::slice::from_ref(group),
        }
    }

    /// How many bytes of memory it takes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Elements(chunks) => chunks.iter().map(|chunk| chunk.size_bytes()).sum(),
            Self::Groups(groups) => groups.iter().map(GroupInput::size_bytes).sum(),
            Self::Compact(group) => group.size_bytes(),
            Self::Windows(_) | Self::Spill => 0,
        }
    }
}

/// All elements of one window in one partition.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupInput {
    /// The window.
    pub window: Window,
    /// The partition, by the keys' hashes.
    pub partition: u32,
    /// The pane that this firing is.
    pub pane: PaneInfo,
    /// The elements, in the order of arrival.
    pub slices: Vec<HeldSlice>,
}

impl GroupInput {
    /// How many elements it has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.slices.iter().map(HeldSlice::count).sum()
    }

    /// About how many bytes its elements have.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.slices.iter().map(HeldSlice::size_bytes).sum()
    }
}

/// Some elements of a chunk that waits, in memory or not.
#[derive(Clone, PartialEq, Debug)]
pub struct HeldSlice {
    /// The chunk.
    pub chunk: Stored,
    /// Which of its elements, ascending; `None` for all.
    pub elements: Option<Arc<[u32]>>,
}

impl HeldSlice {
    /// How many elements.
    #[must_use]
    pub fn count(&self) -> usize {
        self.elements.as_ref().map_or(self.chunk.count() as usize, |elements| elements.len())
    }

    /// About how many bytes they have.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        share_of(self.chunk.size_bytes(), self.count(), self.chunk.count())
    }
}

/// What `some` of `all` elements take of so many bytes.
fn share_of(bytes: usize, some: usize, all: u32) -> usize {
    bytes * some / (all as usize).max(1)
}

/// Some elements of a chunk in memory.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupSlice {
    /// The chunk; it has an index where it is to be grouped.
    pub chunk: Arc<Chunk>,
    /// Which of its elements, ascending; `None` for all.
    pub elements: Option<Arc<[u32]>>,
}

impl GroupSlice {
    /// How many elements.
    #[must_use]
    pub fn count(&self) -> usize {
        self.elements.as_ref().map_or(self.chunk.count as usize, |elements| elements.len())
    }

    /// About how many bytes they have.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        share_of(self.chunk.size_bytes(), self.count(), self.chunk.count)
    }
}

/// What came of a bundle.
#[derive(Default)]
pub struct BundleResult {
    /// Outputs, made by [`Shuffle::prepare`](crate::Shuffle::prepare).
    pub outputs: Vec<Output>,
    /// Work left for later, as the SDK reported it.
    pub residuals: Vec<Residual>,
    /// Whole input elements that were taken back from the bundle by a split.
    pub unprocessed: Vec<Arc<Chunk>>,
    /// What changed about the keys that it worked on.
    pub changes: Vec<(Bytes, KeyChange)>,
    /// What of these keys went to files and came back.
    pub transfers: Transfers,
    /// What it counted, by transform id.
    pub metrics: BundleMetrics,
    /// Whether somebody holds finalisers for it.
    pub finalizes: bool,
    /// What users' functions said about [`BundleInput::Windows`].
    pub seen: Vec<SeenWindow>,
}

/// The window of a side input that elements see.
#[derive(Clone, PartialEq, Debug)]
pub struct SeenWindow {
    /// The side input.
    pub collection: CollectionId,
    /// The window that the elements are in.
    pub main: Window,
    /// What they see in it.
    pub seen: Window,
}

/// Elements for a collection, prepared for whoever reads it.
#[derive(Clone, PartialEq, Debug)]
pub struct Output {
    /// The collection.
    pub collection: CollectionId,
    /// The elements.
    pub chunk: Stored,
    /// Which elements are in which window. Empty where no reader needs to know; an element of
    /// several windows is in several slices.
    pub slices: Vec<WindowSlice>,
}

/// The elements of a chunk that are in one window and pane.
#[derive(Clone, PartialEq, Debug)]
pub struct WindowSlice {
    /// The window.
    pub window: Window,
    /// Which elements, ascending; `None` for all.
    pub elements: Option<Arc<[u32]>>,
    /// Their least timestamp.
    pub min_timestamp: Timestamp,
    /// The index of their pane; 0 where no reader needs to know.
    pub pane: i64,
}
