//! The bytes of commits.
//!
//! A record holds everything that a commit holds, chunks with their indexes included, so that a
//! replay needs no coder.

mod chunk;
mod keys;
mod messages;
mod window;

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use purlin_sdk::Error;
use purlin_sdk::Timestamp;

use self::messages as m;
use crate::bundle::{BundleId, Output, SeenWindow, WindowSlice};
use crate::commit::{BundleCommit, COMMIT_VERSION, Change, Commit, ResidualWork, SplitCommit};
use crate::plan::{CollectionId, StageId};

impl Commit {
    /// The bytes of this commit.
    ///
    /// # Errors
    /// When elements that were spilled cannot be read.
    pub fn encode(&self) -> Result<Bytes, Error> {
        let change = match &self.change {
            Change::Start => m::ChangeRecord::Start(true),
            Change::Impulse(stage) => m::ChangeRecord::Impulse(stage.0 as u64),
            Change::Bundle(bundle) => m::ChangeRecord::Bundle(bundle_record(bundle)?),
            Change::Split(split) => m::ChangeRecord::Split(m::SplitRecord {
                stage: split.stage.0 as u64,
                entry: split.entry,
                primary: Some(residual_record(&split.primary)),
                residual: Some(residual_record(&split.residual)),
            }),
            Change::Fire { stage, windows } => m::ChangeRecord::Fire(m::FireRecord {
                stage: stage.0 as u64,
                windows: windows.iter().map(window::to_record).collect(),
            }),
            Change::Script { stage, outputs } => m::ChangeRecord::Script(m::ScriptRecord {
                stage: stage.0 as u64,
                outputs: outputs.iter().map(output_record).collect::<Result<_, _>>()?,
            }),
            Change::Compact { stage, parts } => m::ChangeRecord::Compact(m::CompactRecord {
                stage: stage.0 as u64,
                windows: parts.iter().map(|(window, _)| window::to_record(window)).collect(),
                partitions: parts.iter().map(|(_, partition)| *partition).collect(),
            }),
            Change::Drain { dropped } => m::ChangeRecord::Drain(m::DrainRecord {
                stages: dropped.iter().map(|(stage, _)| stage.0 as u64).collect(),
                entries: dropped.iter().map(|(_, entry)| *entry).collect(),
            }),
        };
        let record =
            m::CommitRecord { version: COMMIT_VERSION, now: self.now.0, change: Some(change) };
        Ok(record.encode_to_vec().into())
    }

    /// The commit of these bytes.
    ///
    /// # Errors
    /// When they are not a commit, or one of another version.
    pub fn decode(bytes: Bytes) -> Result<Self, Error> {
        let record = m::CommitRecord::decode(bytes)
            .map_err(|error| Error::caused("a commit cannot be read", error))?;
        if record.version != COMMIT_VERSION {
            return Err(Error::environment(format!(
                "a commit of version {} was written by another version of Purlin; \
                 this one reads version {COMMIT_VERSION}",
                record.version
            )));
        }
        let change = match record.change.ok_or_else(malformed)? {
            m::ChangeRecord::Start(_) => Change::Start,
            m::ChangeRecord::Impulse(stage) => Change::Impulse(stage_id(stage)?),
            m::ChangeRecord::Bundle(bundle) => Change::Bundle(Box::new(bundle_of(bundle)?)),
            m::ChangeRecord::Split(split) => Change::Split(Box::new(SplitCommit {
                stage: stage_id(split.stage)?,
                entry: split.entry,
                primary: residual_of(split.primary.ok_or_else(malformed)?)?,
                residual: residual_of(split.residual.ok_or_else(malformed)?)?,
            })),
            m::ChangeRecord::Fire(fire) => Change::Fire {
                stage: stage_id(fire.stage)?,
                windows: collect(fire.windows, window::of_record)?,
            },
            m::ChangeRecord::Script(script) => Change::Script {
                stage: stage_id(script.stage)?,
                outputs: collect(script.outputs, output_of)?,
            },
            m::ChangeRecord::Compact(compact) => Change::Compact {
                stage: stage_id(compact.stage)?,
                parts: collect(
                    compact.windows.into_iter().zip(compact.partitions).collect(),
                    |(window, partition)| Ok((window::of_record(window)?, partition)),
                )?,
            },
            m::ChangeRecord::Drain(drain) => Change::Drain {
                dropped: collect(
                    drain.stages.into_iter().zip(drain.entries).collect(),
                    |(s, e)| Ok((stage_id(s)?, e)),
                )?,
            },
        };
        Ok(Self { now: Timestamp(record.now), change })
    }
}

fn bundle_record(commit: &BundleCommit) -> Result<m::BundleRecord, Error> {
    Ok(m::BundleRecord {
        bundle: commit.bundle.0,
        stage: commit.stage.0 as u64,
        consumed: commit.consumed.clone(),
        outputs: commit.outputs.iter().map(output_record).collect::<Result<_, _>>()?,
        residuals: commit.residuals.iter().map(residual_record).collect(),
        unprocessed: commit.unprocessed.iter().map(|chunk| chunk::to_record(chunk)).collect(),
        keys: commit.keyed.as_ref().map(keys::to_record),
        metrics: commit.metrics.iter().map(m::metric_record).collect(),
        finalizes: commit.finalizes,
        seen: commit.seen.iter().map(seen_record).collect(),
    })
}

fn bundle_of(record: m::BundleRecord) -> Result<BundleCommit, Error> {
    Ok(BundleCommit {
        bundle: BundleId(record.bundle),
        stage: stage_id(record.stage)?,
        consumed: record.consumed,
        outputs: collect(record.outputs, output_of)?,
        residuals: collect(record.residuals, residual_of)?,
        unprocessed: collect(record.unprocessed, |record| chunk::of_record(record).map(Arc::new))?,
        keyed: record.keys.map(keys::of_record).transpose()?,
        metrics: collect(record.metrics, |metric| m::metric_of(metric).ok_or_else(malformed))?,
        finalizes: record.finalizes,
        seen: collect(record.seen, seen_of)?,
    })
}

fn seen_record(answer: &SeenWindow) -> m::SeenRecord {
    m::SeenRecord {
        collection: answer.collection.0 as u64,
        main: Some(window::to_record(&answer.main)),
        seen: Some(window::to_record(&answer.seen)),
    }
}

fn seen_of(record: m::SeenRecord) -> Result<SeenWindow, Error> {
    Ok(SeenWindow {
        collection: CollectionId(index(record.collection)?),
        main: window::of_record(record.main.ok_or_else(malformed)?)?,
        seen: window::of_record(record.seen.ok_or_else(malformed)?)?,
    })
}

fn output_record(output: &Output) -> Result<m::OutputRecord, Error> {
    Ok(m::OutputRecord {
        collection: output.collection.0 as u64,
        chunk: Some(chunk::stored_record(&output.chunk)?),
        slices: output
            .slices
            .iter()
            .map(|slice| m::SliceRecord {
                window: Some(window::to_record(&slice.window)),
                all: slice.elements.is_none(),
                elements: slice.elements.as_deref().unwrap_or_default().to_vec(),
                min_timestamp: slice.min_timestamp.0,
                pane: slice.pane,
            })
            .collect(),
    })
}

fn output_of(record: m::OutputRecord) -> Result<Output, Error> {
    Ok(Output {
        collection: CollectionId(index(record.collection)?),
        chunk: chunk::of_record(record.chunk.ok_or_else(malformed)?)?.into(),
        slices: collect(record.slices, slice_of)?,
    })
}

fn slice_of(record: m::SliceRecord) -> Result<WindowSlice, Error> {
    Ok(WindowSlice {
        window: window::of_record(record.window.ok_or_else(malformed)?)?,
        elements: (!record.all).then(|| record.elements.into()),
        min_timestamp: Timestamp(record.min_timestamp),
        pane: record.pane,
    })
}

fn residual_record(residual: &ResidualWork) -> m::ResidualRecord {
    m::ResidualRecord {
        chunk: Some(chunk::to_record(&residual.chunk)),
        resume_at: residual.resume_at.0,
        hold: residual.hold.0,
        is_bounded: residual.is_bounded,
    }
}

fn residual_of(record: m::ResidualRecord) -> Result<ResidualWork, Error> {
    Ok(ResidualWork {
        chunk: Arc::new(chunk::of_record(record.chunk.ok_or_else(malformed)?)?),
        resume_at: Timestamp(record.resume_at),
        hold: Timestamp(record.hold),
        is_bounded: record.is_bounded,
    })
}

fn collect<R, T>(
    records: Vec<R>,
    convert: impl FnMut(R) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    records.into_iter().map(convert).collect()
}

fn stage_id(position: u64) -> Result<StageId, Error> {
    index(position).map(StageId)
}

fn index(position: u64) -> Result<usize, Error> {
    usize::try_from(position).map_err(|_| malformed())
}

fn malformed() -> Error {
    Error::environment("a commit lacks a part; its file may be damaged")
}
