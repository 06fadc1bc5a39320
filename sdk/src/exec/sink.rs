//! The write node of a stage: from typed batches to chunks.

use std::mem::take;
use std::sync::Arc;

use bytes::Bytes;

use super::codec::{Encoded, EncodedAt};
use super::port::Port;
use super::unit::{Cx, Unit, UnitResult};
use super::{
    AnyBatch, Chunk, Entry, ExecConfig, Framing, PortCodec, SinkConfig, Stamps, key_hash,
    partition_of,
};
use crate::coders::windowed::WindowCoder;

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
    undivided: Vec<u8>,
    /// Where the elements lie that were just encoded.
    places: Vec<EncodedAt>,
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
        };
        let (undivided, places) = (Vec::new(), Vec::new());
        Self { codec, strict: config.strict, undivided, places, writer }
    }

    /// Encodes elements into the only buffer, until it is full.
    fn encode_whole(&mut self, batch: &dyn AnyBatch, row: usize, cx: &Cx<'_>) -> UnitResult<usize> {
        let Self { codec, places, writer, .. } = self;
        let header = writer.header();
        let Buffer { data, count, index } = &mut writer.buffers[0];
        places.clear();
        let mut encoded = Encoded { data, header, places, limit: CHUNK_BYTES };
        let next = codec.encode(batch, row, &mut encoded)?;
        // There are no more than a chunk can count.
        *count += u32::try_from(next - row).unwrap_or(u32::MAX);
        if writer.config.index {
            index.extend(places.iter().map(|place| {
                let EncodedAt { start, value, key_end } = *place;
                entry(start, value, key_end - value, key_hash(&data[value..key_end]))
            }));
        }
        if data.len() >= CHUNK_BYTES {
            let data = take(data);
            writer.flush(0, data.into(), cx)?;
        }
        Ok(next)
    }

    /// Encodes some elements, and then writes each into the buffer of its key's partition. To read
    /// each as soon as it is written, in other pieces, would make the processor wait.
    fn encode_divided(
        &mut self,
        batch: &dyn AnyBatch,
        row: usize,
        cx: &Cx<'_>,
    ) -> UnitResult<usize> {
        let Self { codec, places, undivided, writer, .. } = self;
        undivided.clear();
        places.clear();
        let header = writer.header();
        let mut encoded = Encoded { data: undivided, header, places, limit: UNDIVIDED_BYTES };
        let next = codec.encode(batch, row, &mut encoded)?;
        let ends = places.iter().skip(1).map(|next| next.start).chain([undivided.len()]);
        for (place, end) in places.iter().zip(ends) {
            writer.put(undivided, *place, end, cx)?;
        }
        // A large element does not keep its room for ever.
        undivided.shrink_to(CHUNK_BYTES);
        Ok(next)
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
        let mut row = 0;
        while row < batch.len() {
            row = match self.writer.config.partitions {
                0 | 1 => self.encode_whole(batch.as_ref(), row, cx)?,
                _ => self.encode_divided(batch.as_ref(), row, cx)?,
            };
        }
        Ok(())
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

    /// How the header of each element is written, where it has one.
    fn header(&self) -> Option<WindowCoder> {
        (self.framing == Framing::Each).then_some(self.port.windows)
    }

    /// Writes an encoded element into the buffer of its partition.
    #[inline]
    fn put(
        &mut self,
        encoded: &[u8],
        EncodedAt { start, value, key_end }: EncodedAt,
        end: usize,
        cx: &Cx<'_>,
    ) -> UnitResult {
        let key_hash = key_hash(&encoded[value..key_end]);
        let partition = partition_of(key_hash, self.config.partitions) as usize;
        let buffer = &mut self.buffers[partition];
        if buffer.data.len() + (end - start) > CHUNK_BYTES && buffer.count > 0 {
            self.make_room(partition, cx)?;
        }
        let buffer = &mut self.buffers[partition];
        let base = buffer.data.len();
        append(&mut buffer.data, encoded, start, end);
        buffer.count += 1;
        if self.config.index {
            let (value, key_length) = (base + (value - start), key_end - value);
            buffer.index.push(entry(base, value, key_length, key_hash));
        }
        Ok(())
    }

    #[inline(never)]
    fn make_room(&mut self, partition: usize, cx: &Cx<'_>) -> UnitResult {
        let data = &mut self.buffers[partition].data;
        let full = settled(data);
        // As large as it may become: then it is never moved.
        data.reserve(CHUNK_BYTES);
        self.flush(partition, full, cx)
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
