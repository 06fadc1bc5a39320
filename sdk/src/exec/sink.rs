//! The write node of a stage: from typed batches to chunks.

use std::mem::take;
use std::sync::Arc;

use bytes::Bytes;

use super::codec::EncodeEdges;
use super::port::Port;
use super::unit::{Cx, Unit, UnitResult};
use super::{
    AnyBatch, Chunk, Entry, ExecConfig, Framing, PortCodec, SinkConfig, Stamps, key_hash,
    partition_of,
};
use crate::coders::windowed::put_stamp;

/// The size at which a chunk is handed on.
const CHUNK_BYTES: usize = 256 * 1024;
/// A chunk that had to end below this size because its stamp changed is a sign that stamps change
/// often: from then on every element carries its own.
const SMALL_CHUNK_BYTES: usize = 16 * 1024;

/// How much is encoded before it is divided among partitions: it stays in the nearest cache.
const UNDIVIDED_BYTES: usize = 16 * 1024;

/// Encodes what leaves a stage.
pub(super) struct Sink {
    codec: Arc<dyn PortCodec>,
    strict: bool,
    /// What is not in a partition yet.
    encoded: Vec<u8>,
    writer: Writer,
}

struct Writer {
    id: String,
    port: Port,
    config: SinkConfig,
    framing_as_declared: bool,
    /// The framing of what the buffers hold.
    framing: Framing,
    stamps_change: bool,
    buffers: Vec<Buffer>,
    /// Where the elements lie that are not in a partition yet.
    undivided: Vec<Place>,
}

/// Where an encoded element lies: its start, header included, its value, and the end of its key.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    value: usize,
    key_end: usize,
}

#[derive(Default)]
struct Buffer {
    data: Vec<u8>,
    count: u32,
    index: Vec<Entry>,
}

impl Sink {
    pub(super) fn new(
        id: &str,
        codec: Arc<dyn PortCodec>,
        port: Port,
        config: &ExecConfig,
    ) -> Self {
        let sink = config.sinks.get(id).copied().unwrap_or_default();
        let mut buffers = Vec::new();
        buffers.resize_with(sink.partitions.max(1) as usize, Buffer::default);
        let writer = Writer {
            id: id.to_owned(),
            framing: port.declared.clone(),
            port,
            config: sink,
            framing_as_declared: config.framing_as_declared,
            stamps_change: false,
            buffers,
            undivided: Vec::new(),
        };
        Self { codec, strict: config.strict, encoded: Vec::new(), writer }
    }
}

impl Unit for Sink {
    fn start_bundle(&mut self, _cx: &Cx<'_>) -> UnitResult {
        self.writer.stamps_change = false;
        Ok(())
    }

    fn process(&mut self, batch: Box<dyn AnyBatch>, cx: &Cx<'_>) -> UnitResult {
        if self.strict {
            self.codec.check(batch.as_ref())?;
        }
        self.writer.prepare(batch.stamps(), cx)?;
        if self.writer.config.partitions > 1 {
            let mut partitioned = Partitioned { writer: &mut self.writer, cx, start: 0 };
            self.codec.encode(batch, &mut self.encoded, &mut partitioned)?;
            return partitioned.distribute(&mut self.encoded);
        }
        let mut out = take(&mut self.writer.buffers[0].data);
        let mut edges = Whole { writer: &mut self.writer, cx, start: out.len() };
        let result = self.codec.encode(batch, &mut out, &mut edges);
        self.writer.buffers[0].data = out;
        result
    }

    fn finish_bundle(&mut self, cx: &Cx<'_>) -> UnitResult {
        self.writer.flush_all(cx)
    }
}

impl Writer {
    /// Chooses the framing for a batch, and hands on what was written in another one.
    fn prepare(&mut self, stamps: &Stamps, cx: &Cx<'_>) -> UnitResult {
        if self.framing_as_declared {
            return Ok(());
        }
        let wanted = match stamps.as_constant() {
            Some(stamp) if !self.stamps_change => Framing::Constant(stamp),
            _ => Framing::Each,
        };
        if wanted == self.framing {
            return Ok(());
        }
        let held: usize = self.buffers.iter().map(|buffer| buffer.data.len()).sum();
        if held > 0 && held < SMALL_CHUNK_BYTES {
            self.stamps_change = true;
        }
        self.flush_all(cx)?;
        self.framing = if self.stamps_change { Framing::Each } else { wanted };
        Ok(())
    }

    fn header(&self, row: usize, stamps: &Stamps, out: &mut Vec<u8>) {
        if self.framing == Framing::Each {
            put_stamp(out, &stamps.get(row), &self.port.windows);
        }
    }

    fn flush_all(&mut self, cx: &Cx<'_>) -> UnitResult {
        (0..self.buffers.len()).try_for_each(|partition| {
            let bytes = settled(&mut self.buffers[partition].data);
            self.flush(partition, bytes, cx)
        })
    }

    fn flush(&mut self, partition: usize, data: Bytes, cx: &Cx<'_>) -> UnitResult {
        let buffer = &mut self.buffers[partition];
        if buffer.count == 0 {
            return Ok(());
        }
        if u32::try_from(data.len()).is_err() {
            return Err(super::Failure::new(format!(
                "an element of {} bytes is too large to pass between stages",
                data.len()
            )));
        }
        let chunk = Chunk {
            data,
            framing: self.framing.clone(),
            count: take(&mut buffer.count),
            partition: (self.config.partitions > 0)
                .then(|| u32::try_from(partition).unwrap_or(u32::MAX)),
            index: self.config.index.then(|| take(&mut buffer.index)),
        };
        cx.router.with_host(|host| host.emit(&self.id, chunk))
    }
}

fn entry(start: usize, value: usize, key_length: usize, key_hash: u64) -> Entry {
    // A chunk ends at 256 KiB unless one element alone is larger; offsets beyond 4 GiB are refused
    // when the chunk is handed on.
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Entry { start: offset(start), value: offset(value), key_length: offset(key_length), key_hash }
}

/// What a buffer holds, which may wait for long: a buffer that is mostly empty is used again.
fn settled(buffer: &mut Vec<u8>) -> Bytes {
    if buffer.len() >= buffer.capacity() / 4 * 3 {
        return take(buffer).into();
    }
    let bytes = Bytes::copy_from_slice(buffer);
    buffer.clear();
    bytes
}

/// Appends an element from `start` to `end`; few bytes at once, without calling the function that
/// copies any number of them.
#[inline]
fn append(buffer: &mut Vec<u8>, encoded: &[u8], start: usize, end: usize) {
    const FEW: usize = 32;
    match encoded[start..].first_chunk::<FEW>() {
        Some(few) if end - start <= FEW => {
            let length = buffer.len() + (end - start);
            buffer.extend_from_slice(few);
            buffer.truncate(length);
        }
        _ => buffer.extend_from_slice(&encoded[start..end]),
    }
}

/// Writes all elements into one buffer.
struct Whole<'a> {
    writer: &'a mut Writer,
    cx: &'a Cx<'a>,
    /// Where the current element starts.
    start: usize,
}

impl EncodeEdges for Whole<'_> {
    fn before(&mut self, row: usize, stamps: &Stamps, out: &mut Vec<u8>) {
        self.start = out.len();
        self.writer.header(row, stamps, out);
    }

    fn after(&mut self, out: &mut Vec<u8>, value_start: usize, key_length: usize) -> UnitResult {
        if self.writer.config.index {
            let hash = key_hash(&out[value_start..value_start + key_length]);
            let entry = entry(self.start, value_start, key_length, hash);
            self.writer.buffers[0].index.push(entry);
        }
        self.writer.buffers[0].count += 1;
        if out.len() >= CHUNK_BYTES {
            return self.writer.flush(0, take(out).into(), self.cx);
        }
        Ok(())
    }
}

/// Writes each element into the buffer of its key's partition: some elements after another, then
/// each to its partition. To read at once what was just written in other pieces would make the
/// processor wait for each element.
struct Partitioned<'a> {
    writer: &'a mut Writer,
    cx: &'a Cx<'a>,
    /// Where the current element starts.
    start: usize,
}

impl Partitioned<'_> {
    fn distribute(&mut self, encoded: &mut Vec<u8>) -> UnitResult {
        let undivided = take(&mut self.writer.undivided);
        let ends = undivided.iter().skip(1).map(|next| next.start).chain([encoded.len()]);
        for (place, end) in undivided.iter().zip(ends) {
            self.put(encoded, *place, end)?;
        }
        encoded.clear();
        // A large element does not keep its room for ever.
        encoded.shrink_to(CHUNK_BYTES);
        self.writer.undivided = undivided;
        self.writer.undivided.clear();
        Ok(())
    }

    #[inline]
    fn put(&mut self, encoded: &[u8], place: Place, end: usize) -> UnitResult {
        let Place { start, value, key_end } = place;
        let key_hash = key_hash(&encoded[value..key_end]);
        let partition = partition_of(key_hash, self.writer.config.partitions) as usize;
        let buffer = &mut self.writer.buffers[partition];
        if buffer.data.len() + (end - start) > CHUNK_BYTES && buffer.count > 0 {
            let full = settled(&mut buffer.data);
            // As large as it may become: then it is never moved.
            buffer.data.reserve(CHUNK_BYTES);
            self.writer.flush(partition, full, self.cx)?;
        }
        let buffer = &mut self.writer.buffers[partition];
        let base = buffer.data.len();
        append(&mut buffer.data, encoded, start, end);
        buffer.count += 1;
        if self.writer.config.index {
            let (value, key_length) = (base + (value - start), key_end - value);
            buffer.index.push(entry(base, value, key_length, key_hash));
        }
        Ok(())
    }
}

impl EncodeEdges for Partitioned<'_> {
    fn before(&mut self, row: usize, stamps: &Stamps, out: &mut Vec<u8>) {
        self.start = out.len();
        self.writer.header(row, stamps, out);
    }

    fn after(&mut self, out: &mut Vec<u8>, value_start: usize, key_length: usize) -> UnitResult {
        let key_end = value_start + key_length;
        self.writer.undivided.push(Place { start: self.start, value: value_start, key_end });
        if out.len() >= UNDIVIDED_BYTES { self.distribute(out) } else { Ok(()) }
    }
}
