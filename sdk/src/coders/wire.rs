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
    #[inline]
    #[must_use]
    pub fn shared(data: &'a Bytes) -> Self {
        Self { data, position: 0, shared: Some(data) }
    }

    /// A reader of shared bytes from this offset on, or of nothing where there are fewer.
    #[inline]
    #[must_use]
    pub(crate) fn shared_at(data: &'a Bytes, position: usize) -> Self {
        Self { data, position: position.min(data.len()), shared: Some(data) }
    }

    /// Whether these bytes come after the next `skipped`.
    #[inline]
    pub(crate) fn has_after(&self, skipped: usize, bytes: &[u8]) -> bool {
        let rest = self.data.get(self.position + skipped..);
        rest.is_some_and(|rest| rest.starts_with(bytes))
    }

    /// Goes to an offset, or to the end where there are fewer bytes.
    #[inline]
    pub(crate) fn seek(&mut self, position: usize) {
        self.position = position.min(self.data.len());
    }

    /// How many bytes were read.
    #[inline]
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many bytes are left.
    #[inline]
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.data.len() - self.position
    }

    /// Whether all was read.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// The bytes that are left, which stay so.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.data[self.position..]
    }

    /// Moves past bytes that are there.
    #[inline]
    pub(crate) fn advance(&mut self, length: usize) {
        debug_assert!(length <= self.remaining());
        self.position += length;
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
            _ => self.word_varint(),
        }
    }

    /// A varint of at most 8 bytes, read at once from the next 8; most numbers are such.
    #[inline]
    fn word_varint(&mut self) -> Result<u64, CoderError> {
        let Some((word, length)) = varint_in_word(self.rest()) else { return self.long_varint() };
        self.position += length;
        // Keep the varint's bytes, then move their groups of 7 bits together, two at a time.
        let word = word & (u64::MAX >> (64 - 8 * length));
        let word = (word & 0x007f_007f_007f_007f) | ((word & 0x7f00_7f00_7f00_7f00) >> 1);
        let word = (word & 0x0000_3fff_0000_3fff) | ((word & 0x3fff_0000_3fff_0000) >> 2);
        Ok((word & 0x0000_0000_0fff_ffff) | ((word & 0x0fff_ffff_0000_0000) >> 4))
    }

    #[inline(never)]
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
        match varint_in_word(self.rest()) {
            Some((_, length)) => {
                self.position += length;
                Ok(())
            }
            None => self.long_varint().map(drop),
        }
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

/// The next 8 bytes, and the length of the varint in them if it ends there.
#[inline]
pub(crate) fn varint_in_word(bytes: &[u8]) -> Option<(u64, usize)> {
    let word = u64::from_le_bytes(*bytes.first_chunk()?);
    let ends = !word & 0x8080_8080_8080_8080;
    (ends != 0).then(|| (word, ends.trailing_zeros() as usize / 8 + 1))
}

/// Appends an unsigned varint.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        return out.push(value.to_le_bytes()[0]);
    }
    if value >= 1 << 56 {
        return put_long_varint(out, value);
    }
    // Move groups of 7 bits apart, two at a time, and write all eight of them: what is too much is
    // cut off again.
    let word = (value & 0x0fff_ffff) | ((value << 4) & 0x0fff_ffff_0000_0000);
    let word = (word & 0x0000_3fff_0000_3fff) | ((word << 2) & 0x3fff_0000_3fff_0000);
    let word = (word & 0x007f_007f_007f_007f) | ((word << 1) & 0x7f00_7f00_7f00_7f00);
    let length = (70 - value.leading_zeros() as usize) / 7;
    let more = 0x8080_8080_8080_8080 >> (72 - 8 * length);
    let end = out.len() + length;
    out.extend_from_slice(&(word | more).to_le_bytes());
    out.truncate(end);
}

#[cold]
fn put_long_varint(out: &mut Vec<u8>, mut value: u64) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varints_of_every_length_are_read_at_the_end_and_before_other_bytes() {
        for bits in 0..64 {
            for value in [1u64 << bits, (1 << bits) - 1, u64::MAX >> bits] {
                let mut bytes = Vec::new();
                put_varint(&mut bytes, value);
                let length = bytes.len();
                for more in [0, 1, 7, 20] {
                    bytes.resize(length + more, 0xff);
                    let mut input = Reader::new(&bytes);
                    assert_eq!(input.varint(), Ok(value));
                    assert_eq!(input.position(), length);
                    let mut input = Reader::new(&bytes);
                    assert_eq!(input.skip_varint(), Ok(()));
                    assert_eq!(input.position(), length);
                }
                assert!(Reader::new(&bytes[..length - 1]).varint().is_err());
                assert!(Reader::new(&bytes[..length - 1]).skip_varint().is_err());
            }
        }
    }

    #[test]
    fn varints_of_more_than_64_bits_are_refused() {
        let mut bytes = [0xff; 10];
        bytes[9] = 2;
        let error = CoderError::new("a varint has more than 64 bits");
        assert_eq!(Reader::new(&bytes).varint(), Err(error.clone()));
        assert_eq!(Reader::new(&bytes).skip_varint(), Err(error));
    }
}
