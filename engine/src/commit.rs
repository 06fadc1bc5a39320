//! The only way in which the engine's durable state changes.

use std::sync::Arc;

use bytes::Bytes;
use purlin_sdk::Timestamp;
use purlin_sdk::Window;
use purlin_sdk::exec::{Chunk, MetricValue};

use crate::bundle::{BundleId, Output, SeenWindow};
use crate::keyed::{KeyChange, Transfers};
use crate::plan::StageId;

/// The version of the encoding of commits.
pub const COMMIT_VERSION: u32 = 1;

/// One change of the engine's durable state.
///
/// A run is a sequence of commits; applied to a fresh engine in the same order they give the same
/// state. [`Commit::encode`] and [`Commit::decode`] turn one into bytes and back.
#[derive(Clone, PartialEq, Debug)]
pub struct Commit {
    /// The wall-clock time that the engine knew.
    pub now: Timestamp,
    /// What changed.
    pub change: Change,
}

/// What a commit changes.
#[derive(Clone, PartialEq, Debug)]
pub enum Change {
    /// A process took up the job; there are several where one went on after another died.
    Start,
    /// An impulse stage emitted its element.
    Impulse(StageId),
    /// A bundle ended.
    Bundle(Box<BundleCommit>),
    /// A running bundle gave a part of its work away: both parts count, whatever becomes of it.
    Split(Box<SplitCommit>),
    /// The watermark passed the end of windows: what they hold is complete.
    Fire {
        /// The GroupByKey stage.
        stage: StageId,
        /// The windows.
        windows: Vec<Window>,
    },
    /// The next event of a test's script happened.
    Script {
        /// The stage.
        stage: StageId,
        /// The elements that it put out.
        outputs: Vec<Output>,
    },
    /// Accumulators that wait in a GroupByKey stage are taken out, to come back merged.
    Compact {
        /// The GroupByKey stage.
        stage: StageId,
        /// Windows and partitions.
        parts: Vec<(Window, u32)>,
    },
    /// The job is told to drain.
    Drain {
        /// The queue entries of unbounded work that cannot be truncated, so is not continued.
        dropped: Vec<(StageId, u64)>,
    },
}

/// All that a bundle brought about.
#[derive(Clone, PartialEq, Debug)]
pub struct BundleCommit {
    /// The attempt that succeeded.
    pub bundle: BundleId,
    /// The stage.
    pub stage: StageId,
    /// The queue entries that it consumed.
    pub consumed: Vec<u64>,
    /// Its outputs.
    pub outputs: Vec<Output>,
    /// Work left for later.
    pub residuals: Vec<ResidualWork>,
    /// Input elements that a split took back.
    pub unprocessed: Vec<Arc<Chunk>>,
    /// What changed about the keys of a partition.
    pub keyed: Option<KeyChanges>,
    /// What it counted, by the transform's unique name and the metric's name.
    pub metrics: Vec<(String, String, MetricValue)>,
    /// Whether it waits for finalisation.
    pub finalizes: bool,
    /// What users' functions said of the windows of side inputs.
    pub seen: Vec<SeenWindow>,
}

/// An element in the middle of its work, cut in two.
#[derive(Clone, PartialEq, Debug)]
pub struct SplitCommit {
    /// The stage.
    pub stage: StageId,
    /// The queue entry of the running bundle.
    pub entry: u64,
    /// What takes its place: a retry of the bundle does this and no more.
    pub primary: ResidualWork,
    /// What can be done at once by another bundle.
    pub residual: ResidualWork,
}

/// What changed about the keys of a partition.
#[derive(Clone, PartialEq, Debug)]
pub struct KeyChanges {
    /// The partition.
    pub partition: u32,
    /// By encoded key.
    pub changes: Vec<(Bytes, KeyChange)>,
    /// Which of its keys went to files, or came back; that is no part of its bytes.
    pub transfers: Transfers,
}

/// An element of a splittable stage that is to be continued.
#[derive(Clone, PartialEq, Debug)]
pub struct ResidualWork {
    /// The element and its restriction, as the stage's input encodes them.
    pub chunk: Arc<Chunk>,
    /// Not before this time.
    pub resume_at: Timestamp,
    /// The watermark that it holds at the stage's outputs.
    pub hold: Timestamp,
    /// Whether it ends by itself.
    pub is_bounded: bool,
}
