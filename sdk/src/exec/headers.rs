//! The headers of elements, most of which differ from those before in their timestamps alone.

use super::Stamps;
use crate::coders::windowed::{WindowCoder, put_stamp, read_stamp};
use crate::coders::{CoderError, Reader, wire};
use crate::window::Stamp;

/// The bytes of a timestamp, with which a header begins.
const TIMESTAMP: usize = 8;

/// Reads the headers of a chunk, one after the other.
pub struct Headers<'a> {
    windows: &'a WindowCoder,
    /// The last header, and its bytes after the timestamp.
    last: Option<Stamp>,
    rest: Vec<u8>,
}

impl<'a> Headers<'a> {
    /// Of elements with such windows.
    #[must_use]
    pub fn new(windows: &'a WindowCoder) -> Self {
        Self { windows, last: None, rest: Vec::new() }
    }

    /// Reads a header.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn next(&mut self, reader: &mut Reader<'_>) -> Result<&Stamp, CoderError> {
        self.advance(reader).map(|(stamp, _)| stamp)
    }

    /// Reads a header, and appends it to those of `length` elements.
    pub(super) fn read(
        &mut self,
        reader: &mut Reader<'_>,
        stamps: &mut Stamps,
        length: usize,
    ) -> Result<(), CoderError> {
        let (stamp, is_later) = self.advance(reader)?;
        if is_later && length > 0 && stamps.is_constant_but_time() {
            stamps.timestamps.push(&stamp.timestamp, length);
        } else {
            stamps.push(stamp, length);
        }
        Ok(())
    }

    /// Reads a header, which may differ from that before in its timestamp alone.
    fn advance(&mut self, reader: &mut Reader<'_>) -> Result<(&Stamp, bool), CoderError> {
        let start = reader.position();
        // The same bytes say the same, and end where they did.
        let is_later = self.last.is_some() && reader.has_after(TIMESTAMP, &self.rest);
        let stamp = match self.last.take() {
            Some(last) if is_later => {
                let timestamp = reader.timestamp()?;
                reader.seek(start + TIMESTAMP + self.rest.len());
                Stamp { timestamp, ..last }
            }
            _ => {
                let stamp = read_stamp(reader, self.windows)?;
                self.rest.clear();
                self.rest.extend_from_slice(reader.since(start + TIMESTAMP));
                stamp
            }
        };
        Ok((self.last.insert(stamp), is_later))
    }
}

/// Writes the headers of a batch.
pub(super) struct HeaderWriter<'a> {
    windows: WindowCoder,
    stamps: &'a Stamps,
    /// The bytes after the timestamp, where they are the same for all.
    rest: Option<Vec<u8>>,
}

impl<'a> HeaderWriter<'a> {
    pub(super) fn new(windows: WindowCoder, stamps: &'a Stamps) -> Self {
        let rest = stamps.is_constant_but_time().then(|| {
            let mut header = Vec::new();
            put_stamp(&mut header, &stamps.get(0), &windows);
            header.split_off(TIMESTAMP)
        });
        Self { windows, stamps, rest }
    }

    /// Appends the header of an element.
    #[inline]
    pub(super) fn put(&self, out: &mut Vec<u8>, row: usize) {
        match &self.rest {
            Some(rest) => {
                wire::put_timestamp(out, *self.stamps.timestamps.get(row));
                out.extend_from_slice(rest);
            }
            None => put_stamp(out, &self.stamps.get(row), &self.windows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::{IntervalWindow, PaneInfo, ValueKind, Window, Windows};
    use crate::{Timestamp, window::Timing};

    fn stamps() -> Vec<Stamp> {
        let window = |end: i64| {
            let (start, end) = (Timestamp(0), Timestamp(end));
            Window::Interval(IntervalWindow { start, end })
        };
        let one = |end| Windows::One(window(end));
        let pane = PaneInfo { timing: Timing::Early, on_time_index: -1, ..PaneInfo::NO_FIRING };
        let plain = |timestamp, windows, pane| Stamp {
            timestamp: Timestamp(timestamp),
            windows,
            pane,
            value_kind: ValueKind::Insert,
        };
        let other = PaneInfo::NO_FIRING;
        vec![
            plain(1, one(10), other),
            plain(2, one(10), other),
            plain(2, one(10), pane),
            plain(3, one(20), pane),
            plain(3, Windows::from(vec![window(20), window(30)]), pane),
            plain(4, Windows::from(vec![window(20), window(30)]), pane),
            plain(4, one(20), other),
            plain(4, one(20), other),
        ]
    }

    #[test]
    fn headers_are_read_as_one_by_one() {
        let all = stamps();
        let coder = WindowCoder::Interval;
        for from in 0..all.len() {
            let mut data = Vec::new();
            all[from..].iter().for_each(|stamp| put_stamp(&mut data, stamp, &coder));
            let (mut reader, mut found) = (Reader::new(&data), Stamps::default());
            let mut headers = Headers::new(&coder);
            for row in 0..all.len() - from {
                headers.read(&mut reader, &mut found, row).unwrap();
            }
            assert!(reader.is_empty());
            let found: Vec<_> = (0..all.len() - from).map(|row| found.get(row)).collect();
            assert_eq!(found, all[from..]);
        }
    }

    #[test]
    fn headers_are_written_as_one_by_one() {
        let all = stamps();
        let coder = WindowCoder::Interval;
        for (from, to) in [(0, 2), (0, 8), (2, 3), (4, 6), (6, 8)] {
            let (mut expected, mut written, mut columns) =
                (Vec::new(), Vec::new(), Stamps::default());
            for (row, stamp) in all[from..to].iter().enumerate() {
                put_stamp(&mut expected, stamp, &coder);
                columns.push(stamp, row);
            }
            let writer = HeaderWriter::new(coder, &columns);
            (0..to - from).for_each(|row| writer.put(&mut written, row));
            assert_eq!(written, expected, "from {from} to {to}");
        }
    }

    #[test]
    fn a_header_that_is_cut_off_is_an_error() {
        let coder = WindowCoder::Interval;
        let mut data = Vec::new();
        stamps()[..2].iter().for_each(|stamp| put_stamp(&mut data, stamp, &coder));
        for length in data.len() / 2 + 1..data.len() {
            let (mut reader, mut found) = (Reader::new(&data[..length]), Stamps::default());
            let mut headers = Headers::new(&coder);
            headers.read(&mut reader, &mut found, 0).unwrap();
            assert!(headers.read(&mut reader, &mut found, 1).is_err(), "{length}");
        }
    }
}
