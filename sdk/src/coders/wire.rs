//! The primitives that Beam's encodings are made of: varints, big-endian numbers, lengths.

use bytes::Bytes;

use super::CoderError;
use crate::time::Timestamp;

/// Reads encoded values from the front of a byte string.
///
/// Made from a [`Bytes`] it can hand out parts without copying them.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    data: &'a [u8],
    position: usize,
    shared: Option<&'a Bytes>,
}

impl<'a> Reader<'a> {
    /// A reader of borrowed bytes; [`Reader::take_shared`] copies.
    #[must_use]
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, position: 0, shared: None }
    }

    /// A reader of shared bytes; [`Reader::take_shared`] is free.
    #[must_use]
    pub fn shared(data: &'a Bytes) -> Self {
        Self { data, position: 0, shared: Some(data) }
    }

    /// How many bytes were read.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many bytes are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.data.len() - self.position
    }

    /// Whether all was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// The bytes that were read since `start`, an earlier [`Reader::position`].
    #[must_use]
    pub fn since(&self, start: usize) -> &'a [u8] {
        &self.data[start.min(self.position)..self.position]
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// When fewer are left.
    #[inline]
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], CoderError> {
        if length > self.remaining() {
            return Err(self.truncated(length));
        }
        let start = self.position;
        self.position += length;
        Ok(&self.data[start..self.position])
    }

    /// The next `length` bytes as a shared slice, without a copy where the reader allows it.
    ///
    /// # Errors
    /// When fewer are left.
    pub fn take_shared(&mut self, length: usize) -> Result<Bytes, CoderError> {
        let start = self.position;
        let bytes = self.take(length)?;
        Ok(match self.shared {
            Some(shared) => shared.slice(start..start + length),
            None => Bytes::copy_from_slice(bytes),
        })
    }

    /// All bytes that are left.
    pub fn take_rest(&mut self) -> &'a [u8] {
        let start = self.position;
        self.position = self.data.len();
        &self.data[start..]
    }

    /// The next byte.
    ///
    /// # Errors
    /// At the end.
    #[inline]
    pub fn u8(&mut self) -> Result<u8, CoderError> {
        match self.data.get(self.position) {
            Some(&byte) => {
                self.position += 1;
                Ok(byte)
            }
            None => Err(self.truncated(1)),
        }
    }

    /// The next `N` bytes as an array, for `from_be_bytes`.
    ///
    /// # Errors
    /// When fewer are left.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], CoderError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    /// An unsigned base-128 varint of at most 64 bits.
    ///
    /// # Errors
    /// At the end, or when the value has more than 64 bits.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, CoderError> {
        match self.data.get(self.position) {
            Some(&byte) if byte < 0x80 => {
                self.position += 1;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, CoderError> {
        let mut value = 0u64;
        let mut shift = 0;
        loop {
            let byte = self.u8()?;
            if shift == 63 && byte > 1 {
                return Err(CoderError::new("a varint has more than 64 bits"));
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    /// Moves past a varint.
    ///
    /// # Errors
    /// At the end, or when the varint has more than 64 bits.
    #[inline]
    pub fn skip_varint(&mut self) -> Result<(), CoderError> {
        self.varint().map(drop)
    }

    /// Moves past bytes behind their length.
    ///
    /// # Errors
    /// When fewer bytes are left than the length says.
    #[inline]
    pub fn skip_length_prefixed(&mut self) -> Result<(), CoderError> {
        let length = self.length()?;
        self.position += length;
        Ok(())
    }

    /// The bytes behind their length.
    ///
    /// # Errors
    /// When fewer bytes are left than the length says.
    #[inline]
    pub fn length_prefixed(&mut self) -> Result<&'a [u8], CoderError> {
        let length = self.length()?;
        self.take(length)
    }

    /// A reader of the next `length` bytes alone, which this one moves past. It hands out shared
    /// parts where this one does.
    ///
    /// # Errors
    /// When fewer bytes are left.
    pub fn part(&mut self, length: usize) -> Result<Self, CoderError> {
        let start = self.position;
        self.take(length)?;
        Ok(Self { data: &self.data[..self.position], position: start, shared: self.shared })
    }

    /// A length as a varint, checked against what is left so that a corrupt one cannot allocate.
    ///
    /// # Errors
    /// When fewer bytes are left than the length says.
    #[inline]
    pub fn length(&mut self) -> Result<usize, CoderError> {
        let length = usize::try_from(self.varint()?)
            .map_err(|_| CoderError::new("a length exceeds the address space"))?;
        if length > self.remaining() {
            return Err(self.truncated(length));
        }
        Ok(length)
    }

    /// A big-endian 32-bit count, as iterables and window lists carry; -1 means unknown.
    ///
    /// # Errors
    /// At the end, or for other negative counts.
    pub fn count(&mut self) -> Result<Option<usize>, CoderError> {
        match i32::from_be_bytes(self.array()?) {
            -1 => Ok(None),
            n => usize::try_from(n)
                .map(Some)
                .map_err(|_| CoderError::new(format!("a count of {n} is negative"))),
        }
    }

    /// A timestamp: signed milliseconds with the sign bit flipped, big endian.
    ///
    /// # Errors
    /// When fewer than 8 bytes are left.
    pub fn timestamp(&mut self) -> Result<Timestamp, CoderError> {
        let shifted = u64::from_be_bytes(self.array()?) ^ (1 << 63);
        Ok(Timestamp(i64::from_ne_bytes(shifted.to_ne_bytes())))
    }

    #[cold]
    fn truncated(&self, wanted: usize) -> CoderError {
        CoderError::new(format!(
            "the bytes end too early: {wanted} wanted at offset {}, {} left",
            self.position,
            self.remaining()
        ))
    }
}

/// Appends an unsigned varint.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Appends bytes behind their length.
#[inline]
pub fn put_length_prefixed(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a big-endian 32-bit count.
///
/// # Errors
/// When the count exceeds 31 bits.
pub fn put_count(out: &mut Vec<u8>, count: usize) -> Result<(), CoderError> {
    let count = i32::try_from(count)
        .map_err(|_| CoderError::new("more than 2147483647 values in one iterable"))?;
    out.extend_from_slice(&count.to_be_bytes());
    Ok(())
}

/// Appends a timestamp: signed milliseconds with the sign bit flipped, big endian.
pub fn put_timestamp(out: &mut Vec<u8>, timestamp: Timestamp) {
    let shifted = u64::from_ne_bytes(timestamp.0.to_ne_bytes()) ^ (1 << 63);
    out.extend_from_slice(&shifted.to_be_bytes());
}
