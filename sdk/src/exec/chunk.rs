//! Encoded elements between stages.

use bytes::Bytes;

use crate::window::Stamp;

/// Encoded elements of one collection, the unit that passes between stages.
///
/// `data` holds the elements exactly as Beam's data plane carries them. Shuffle, spill and
/// checkpoint keep `index` beside it; it never travels, and is rebuilt by one skip pass when bytes
/// come from a worker process.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// Concatenated elements in the nested form.
    pub data: Bytes,
    /// How each element is framed.
    pub framing: Framing,
    /// How many elements there are.
    pub count: u32,
    /// Which partition of its collection the elements belong to, where the writer partitioned.
    pub partition: Option<u32>,
    /// Where elements and keys lie, where the reader of this collection groups by key.
    pub index: Option<Vec<Entry>>,
}

/// How the elements of a chunk carry timestamp, windows and pane.
#[derive(Clone, Debug, PartialEq)]
pub enum Framing {
    /// `beam:coder:param_windowed_value:v1`: all elements have this stamp, and `data` holds values only.
    Constant(Stamp),
    /// `beam:coder:windowed_value:v1`: a header before each value.
    Each,
}

/// Where one element of a chunk lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The offset of the element, header included.
    pub start: u32,
    /// The offset of its value, behind the header; the key of a pair starts here.
    pub value: u32,
    /// The length of the key; 0 where the value is no pair.
    pub key_length: u32,
    /// [`key_hash`] of the key.
    pub key_hash: u64,
}

/// The hash by which keys are partitioned and grouped, of a key's encoded bytes.
///
/// Fixed for the life of a process, not across builds.
#[must_use]
pub fn key_hash(key: &[u8]) -> u64 {
    use std::hash::BuildHasher;
    foldhash::fast::FixedState::with_seed(0x9e37_79b9_7f4a_7c15).hash_one(key)
}

/// The partition, of `partitions`, for keys of this hash: its high bits decide, so that the low
/// ones stay for tables.
#[must_use]
pub fn partition_of(key_hash: u64, partitions: u32) -> u32 {
    let scaled = (u128::from(key_hash) * u128::from(partitions)) >> 64;
    u32::try_from(scaled).unwrap_or(0)
}
