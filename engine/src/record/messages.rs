//! The messages of an encoded commit. Numbers are never reused; new fields get new ones.

use bytes::Bytes;
use purlin_sdk::Timestamp;
use purlin_sdk::exec::MetricValue;

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CommitRecord {
    #[prost(uint32, tag = "1")]
    pub(super) version: u32,
    #[prost(sint64, tag = "2")]
    pub(super) now: i64,
    #[prost(oneof = "ChangeRecord", tags = "3, 4, 5, 6, 7, 8, 9, 10")]
    pub(super) change: Option<ChangeRecord>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub(super) enum ChangeRecord {
    #[prost(uint64, tag = "3")]
    Impulse(u64),
    #[prost(message, tag = "4")]
    Bundle(BundleRecord),
    #[prost(message, tag = "5")]
    Fire(FireRecord),
    #[prost(message, tag = "6")]
    Drain(DrainRecord),
    #[prost(bool, tag = "7")]
    Start(bool),
    #[prost(message, tag = "8")]
    Script(ScriptRecord),
    #[prost(message, tag = "9")]
    Compact(CompactRecord),
    #[prost(message, tag = "10")]
    Split(SplitRecord),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SplitRecord {
    #[prost(uint64, tag = "1")]
    pub(super) stage: u64,
    #[prost(uint64, tag = "2")]
    pub(super) entry: u64,
    #[prost(message, optional, tag = "3")]
    pub(super) primary: Option<ResidualRecord>,
    #[prost(message, optional, tag = "4")]
    pub(super) residual: Option<ResidualRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct BundleRecord {
    #[prost(uint64, tag = "1")]
    pub(super) bundle: u64,
    #[prost(uint64, tag = "2")]
    pub(super) stage: u64,
    #[prost(uint64, repeated, tag = "3")]
    pub(super) consumed: Vec<u64>,
    #[prost(message, repeated, tag = "4")]
    pub(super) outputs: Vec<OutputRecord>,
    #[prost(message, repeated, tag = "5")]
    pub(super) residuals: Vec<ResidualRecord>,
    #[prost(message, repeated, tag = "6")]
    pub(super) unprocessed: Vec<ChunkRecord>,
    #[prost(message, repeated, tag = "7")]
    pub(super) metrics: Vec<MetricRecord>,
    #[prost(bool, tag = "8")]
    pub(super) finalizes: bool,
    #[prost(message, optional, tag = "9")]
    pub(super) keys: Option<super::keys::KeysRecord>,
    #[prost(message, repeated, tag = "10")]
    pub(super) seen: Vec<SeenRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SeenRecord {
    #[prost(uint64, tag = "1")]
    pub(super) collection: u64,
    #[prost(message, optional, tag = "2")]
    pub(super) main: Option<WindowRecord>,
    #[prost(message, optional, tag = "3")]
    pub(super) seen: Option<WindowRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FireRecord {
    #[prost(uint64, tag = "1")]
    pub(super) stage: u64,
    #[prost(message, repeated, tag = "2")]
    pub(super) windows: Vec<WindowRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ScriptRecord {
    #[prost(uint64, tag = "1")]
    pub(super) stage: u64,
    #[prost(message, repeated, tag = "2")]
    pub(super) outputs: Vec<OutputRecord>,
}

/// The parts, column by column.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CompactRecord {
    #[prost(uint64, tag = "1")]
    pub(super) stage: u64,
    #[prost(message, repeated, tag = "2")]
    pub(super) windows: Vec<WindowRecord>,
    #[prost(uint32, repeated, tag = "3")]
    pub(super) partitions: Vec<u32>,
}

/// The dropped entries, column by column.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DrainRecord {
    #[prost(uint64, repeated, tag = "1")]
    pub(super) stages: Vec<u64>,
    #[prost(uint64, repeated, tag = "2")]
    pub(super) entries: Vec<u64>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct OutputRecord {
    #[prost(uint64, tag = "1")]
    pub(super) collection: u64,
    #[prost(message, optional, tag = "2")]
    pub(super) chunk: Option<ChunkRecord>,
    #[prost(message, repeated, tag = "3")]
    pub(super) slices: Vec<SliceRecord>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SliceRecord {
    #[prost(message, optional, tag = "1")]
    pub(super) window: Option<WindowRecord>,
    #[prost(bool, tag = "2")]
    pub(super) all: bool,
    #[prost(uint32, repeated, tag = "3")]
    pub(super) elements: Vec<u32>,
    #[prost(sint64, tag = "4")]
    pub(super) min_timestamp: i64,
    #[prost(int64, tag = "5")]
    pub(super) pane: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ResidualRecord {
    #[prost(message, optional, tag = "1")]
    pub(super) chunk: Option<ChunkRecord>,
    #[prost(sint64, tag = "2")]
    pub(super) resume_at: i64,
    #[prost(sint64, tag = "3")]
    pub(super) hold: i64,
    #[prost(bool, tag = "4")]
    pub(super) is_bounded: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ChunkRecord {
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) data: Bytes,
    /// Where all elements have the same.
    #[prost(message, optional, tag = "2")]
    pub(super) stamp: Option<StampRecord>,
    #[prost(uint32, tag = "3")]
    pub(super) count: u32,
    #[prost(uint32, optional, tag = "4")]
    pub(super) partition: Option<u32>,
    #[prost(message, optional, tag = "5")]
    pub(super) index: Option<IndexRecord>,
}

/// An index, column by column.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct IndexRecord {
    #[prost(uint32, repeated, tag = "1")]
    pub(super) starts: Vec<u32>,
    #[prost(uint32, repeated, tag = "2")]
    pub(super) values: Vec<u32>,
    #[prost(uint32, repeated, tag = "3")]
    pub(super) key_lengths: Vec<u32>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct StampRecord {
    #[prost(sint64, tag = "1")]
    pub(super) timestamp: i64,
    #[prost(message, repeated, tag = "2")]
    pub(super) windows: Vec<WindowRecord>,
    #[prost(bool, tag = "3")]
    pub(super) is_first: bool,
    #[prost(bool, tag = "4")]
    pub(super) is_last: bool,
    /// 0 early, 1 on time, 2 late, 3 unknown.
    #[prost(uint32, tag = "5")]
    pub(super) timing: u32,
    #[prost(sint64, tag = "6")]
    pub(super) index: i64,
    #[prost(sint64, tag = "7")]
    pub(super) on_time_index: i64,
    /// 0 insert, 1 the old and 2 the new of an update, 3 delete.
    #[prost(uint32, tag = "8")]
    pub(super) value_kind: u32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct WindowRecord {
    #[prost(oneof = "WindowKind", tags = "1, 2, 3")]
    pub(super) kind: Option<WindowKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum WindowKind {
    #[prost(bool, tag = "1")]
    Global(bool),
    #[prost(message, tag = "2")]
    Interval(IntervalRecord),
    #[prost(message, tag = "3")]
    Custom(CustomRecord),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct IntervalRecord {
    #[prost(sint64, tag = "1")]
    pub(super) start: i64,
    #[prost(sint64, tag = "2")]
    pub(super) end: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CustomRecord {
    #[prost(sint64, tag = "1")]
    pub(super) max: i64,
    #[prost(bytes = "bytes", tag = "2")]
    pub(super) encoded: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct MetricRecord {
    #[prost(string, tag = "1")]
    pub(super) transform: String,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    /// A counter's sum; count, sum, least and greatest of a distribution; time and value of a gauge.
    #[prost(sint64, repeated, tag = "3")]
    pub(super) numbers: Vec<i64>,
}

pub(super) fn metric_record(metric: &(String, String, MetricValue)) -> MetricRecord {
    let (transform, name, value) = metric.clone();
    let numbers = match value {
        MetricValue::Counter(sum) => vec![sum],
        MetricValue::Gauge { at, value } => vec![at.0, value],
        MetricValue::Distribution { count, sum, min, max } => vec![count, sum, min, max],
    };
    MetricRecord { transform, name, numbers }
}

pub(super) fn metric_of(record: MetricRecord) -> Option<(String, String, MetricValue)> {
    let value = match *record.numbers.as_slice() {
        [sum] => MetricValue::Counter(sum),
        [at, value] => MetricValue::Gauge { at: Timestamp(at), value },
        [count, sum, min, max] => MetricValue::Distribution { count, sum, min, max },
        _ => return None,
    };
    Some((record.transform, record.name, value))
}
