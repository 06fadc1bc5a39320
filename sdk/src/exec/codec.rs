//! The typed edge of a stage: decodes what arrives, encodes what leaves.

use std::sync::Arc;

use purlin_proto::urns::coders as urns;

use super::headers::HeaderWriter;
use super::{AnyBatch, Batch, Chunk, PagedGroup, Pairs, Stamps, UnitResult, batch_of};
use crate::coders::windowed::WindowCoder;
use crate::coders::{Coder, CoderError, CoderSpec, Nesting, Reader};
use crate::exec::unit::typed_ref;

/// The coder of a collection whose element type is erased: called once per batch.
pub trait PortCodec: Send + Sync {
    /// The coder's name in the graph.
    fn spec(&self) -> CoderSpec;

    /// Decodes at most `limit` values into a batch. With `stamps` given, all values have them;
    /// otherwise `read_stamp` reads the header before each value.
    ///
    /// # Errors
    /// When the bytes are not values of this coder.
    fn decode(
        &self,
        input: &mut Reader<'_>,
        limit: usize,
        stamps: &mut dyn FnMut(&mut Reader<'_>, &mut Stamps, usize) -> Result<(), CoderError>,
    ) -> Result<Box<dyn AnyBatch>, CoderError>;

    /// Encodes values of a batch from row `from` on, until all are or the buffer is full. Returns
    /// the row to go on with.
    ///
    /// # Errors
    /// When a value has no encoding, or the batch is of another type.
    fn encode(
        &self,
        batch: &dyn AnyBatch,
        from: usize,
        encoded: &mut Encoded<'_>,
    ) -> UnitResult<usize>;

    /// Checks that decoding and encoding again gives the same bytes for each value, and that keys
    /// have the same bytes as their clones.
    ///
    /// # Errors
    /// With the value whose coder is not faithful.
    fn check(&self, batch: &dyn AnyBatch) -> UnitResult;

    /// Groups pairs by key and emits batches of the groups; `false` where the values of this coder
    /// are no groups.
    ///
    /// # Errors
    /// When the bytes are not pairs of such keys and values, or `emit` fails.
    fn group(
        &self,
        _pairs: &Pairs<'_>,
        _emit: &mut dyn FnMut(Box<dyn AnyBatch>) -> UnitResult,
    ) -> UnitResult<bool> {
        Ok(false)
    }

    /// A batch of one group, whose values are read while they are looked at; `None` where the values
    /// of this coder are no groups.
    ///
    /// # Errors
    /// When the bytes of the key are not those of such a key.
    fn group_paged(&self, _group: &PagedGroup) -> UnitResult<Option<Box<dyn AnyBatch>>> {
        Ok(None)
    }
}

/// Where encoded values go.
pub struct Encoded<'a> {
    /// Their bytes are appended to this.
    pub data: &'a mut Vec<u8>,
    /// What each has before it, beside its value.
    pub header: Option<WindowCoder>,
    /// Where each lies.
    pub places: &'a mut Vec<EncodedAt>,
    /// The buffer is full when it has so many bytes.
    pub limit: usize,
}

/// Where an encoded value lies.
#[derive(Clone, Copy, Debug)]
pub struct EncodedAt {
    /// Where its header starts, or else the value.
    pub start: usize,
    /// Where the value starts, and its key if it has one.
    pub value: usize,
    /// Where its key ends.
    pub key_end: usize,
}

impl Encoded<'_> {
    /// Encodes values as [`PortCodec::encode`] says, by a function that says how long the key is.
    ///
    /// # Errors
    /// When the function does.
    #[inline]
    pub fn append<T>(
        &mut self,
        batch: &Batch<T>,
        from: usize,
        mut encode: impl FnMut(&T, &mut Vec<u8>) -> UnitResult<usize>,
    ) -> UnitResult<usize> {
        if from >= batch.values.len() {
            return Ok(from);
        }
        let headers = self.header.map(|windows| HeaderWriter::new(windows, &batch.stamps));
        for (row, element) in batch.values.iter().enumerate().skip(from) {
            let start = self.data.len();
            if let Some(headers) = &headers {
                headers.put(self.data, row);
            }
            let value = self.data.len();
            let key_end = value + encode(element, self.data)?;
            self.places.push(EncodedAt { start, value, key_end });
            if self.data.len() >= self.limit {
                return Ok(row + 1);
            }
        }
        Ok(batch.values.len())
    }
}

/// The codec of values of `T` by coder `C`.
pub struct TypedCodec<T, C> {
    coder: C,
    element: std::marker::PhantomData<fn() -> T>,
}

impl<T: crate::Element, C: Coder<T>> TypedCodec<T, C> {
    /// The codec of a coder.
    #[must_use]
    pub fn new(coder: C) -> Self {
        Self { coder, element: std::marker::PhantomData }
    }
}

/// The codec of a type by its own coder.
#[must_use]
pub fn codec_of<T: crate::Element>() -> Arc<dyn PortCodec> {
    Arc::new(TypedCodec::<T, _>::new(crate::coders::ElementCoder::<T>::new()))
}

impl<T: crate::Element, C: Coder<T>> PortCodec for TypedCodec<T, C> {
    fn spec(&self) -> CoderSpec {
        self.coder.spec()
    }

    fn decode(
        &self,
        input: &mut Reader<'_>,
        limit: usize,
        stamps: &mut dyn FnMut(&mut Reader<'_>, &mut Stamps, usize) -> Result<(), CoderError>,
    ) -> Result<Box<dyn AnyBatch>, CoderError> {
        let limit = limit.min(batch_of::<T>());
        let room = limit.min(input.remaining());
        let mut batch = Batch::new(Vec::with_capacity(room), Stamps::default());
        while batch.values.len() < limit && !input.is_empty() {
            let before = input.position();
            stamps(input, &mut batch.stamps, batch.values.len())?;
            batch.values.push(self.coder.decode(input, Nesting::Nested)?);
            if input.position() == before {
                return Err(CoderError::new("values of no bytes cannot be counted"));
            }
        }
        Ok(Box::new(batch))
    }

    fn encode(
        &self,
        batch: &dyn AnyBatch,
        from: usize,
        encoded: &mut Encoded<'_>,
    ) -> UnitResult<usize> {
        encoded.append(typed_ref::<T>(batch)?, from, |value, out| {
            self.coder.encode_keyed(value, out).map_err(|error| unencodable(&error, value))
        })
    }

    fn check(&self, batch: &dyn AnyBatch) -> UnitResult {
        let Some(batch) = batch.as_any().downcast_ref::<Batch<T>>() else { return Ok(()) };
        let mut check = Check::new(&self.coder);
        batch.values.iter().try_for_each(|value| check.one(value))
    }
}

/// The check of a batch, with room for the bytes of a value that is used for one after another.
struct Check<'a, C> {
    coder: &'a C,
    is_deterministic: bool,
    has_keys: bool,
    bytes: [Vec<u8>; 2],
}

impl<'a, C> Check<'a, C> {
    fn new<T>(coder: &'a C) -> Self
    where
        C: Coder<T>,
    {
        let spec = coder.spec();
        let has_keys = spec.urn == urns::KV;
        let is_deterministic = spec.nondeterministic.is_none();
        Self { coder, is_deterministic, has_keys, bytes: Default::default() }
    }

    fn one<T: crate::Element>(&mut self, value: &T) -> UnitResult
    where
        C: Coder<T>,
    {
        let [first, again] = &mut self.bytes;
        let key_length = encoded(self.coder, value, first)?;
        let mut reader = Reader::new(first);
        let decoded = self.coder.decode(&mut reader, Nesting::Nested).map_err(|error| {
            unfaithful(value, &format!("the coder cannot read what it wrote: {error}"))
        })?;
        if !reader.is_empty() {
            return Err(unfaithful(value, "the coder does not read all that it wrote"));
        }
        let other_keys = "the bytes of a key differ from those of its copy";
        let again_length = encoded(self.coder, &decoded, again)?;
        if self.is_deterministic && first != again {
            let what = "encoding, decoding and encoding again gives other bytes";
            return Err(unfaithful(value, what));
        }
        if first[..key_length] != again[..again_length] {
            return Err(unfaithful(value, other_keys));
        }
        if self.has_keys || key_length > 0 {
            let again_length = encoded(self.coder, &value.clone(), again)?;
            if first[..key_length] != again[..again_length] {
                return Err(unfaithful(value, other_keys));
            }
        }
        Ok(())
    }
}

/// Replaces `out` by the bytes of a value; the length of its key.
#[inline]
fn encoded<T: crate::Element>(
    coder: &impl Coder<T>,
    value: &T,
    out: &mut Vec<u8>,
) -> UnitResult<usize> {
    out.clear();
    coder.encode_keyed(value, out).map_err(|error| unencodable(&error, value))
}

#[cold]
fn unfaithful<T: crate::Element>(value: &T, what: &str) -> Box<super::Failure> {
    let mut failure = super::Failure::new(what);
    failure.element = Some(crate::element::shown(value));
    failure.help = Some("mend the coder of this type".to_owned());
    failure
}

#[cold]
fn unencodable<T: crate::Element>(error: &CoderError, value: &T) -> Box<super::Failure> {
    let mut failure = super::Failure::from_error(error);
    failure.element = Some(crate::element::shown(value));
    failure
}

impl Chunk {
    /// How many bytes of memory it takes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        let index = self.index.as_ref().map_or(0, |index| index.len() * size_of::<super::Entry>());
        self.data.len() + index
    }
}
