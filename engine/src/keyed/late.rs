//! Elements that come after the state of their window is gone are dropped.

use std::sync::Arc;

use purlin_sdk::coders::windowed::{WindowCoder, put_stamp, read_stamp};
use purlin_sdk::coders::{CoderError, Reader};
use purlin_sdk::exec::{Chunk, Entry, Framing, Headers};
use purlin_sdk::{Stamp, Timestamp, Window, Windows};

use super::facts::KeyedFacts;
use crate::shuffle::end_of;

/// The elements of a chunk in windows that have not expired, and how many were dropped. An element
/// of several windows is dropped from each of them alone.
///
/// # Errors
/// When an element has no header where it should.
pub(super) fn in_time(
    facts: &KeyedFacts,
    chunk: &Arc<Chunk>,
    watermark: Timestamp,
) -> Result<(Option<Arc<Chunk>>, i64), CoderError> {
    if facts.windows == WindowCoder::Global && watermark <= facts.expires_at(&Window::Global) {
        return Ok((Some(Arc::clone(chunk)), 0));
    }
    let is_late = |window: &Window| facts.expires_at(window) < watermark;
    match (&chunk.framing, &chunk.index) {
        (Framing::Constant(stamp), _) => {
            let (windows, late) = without(&stamp.windows, is_late);
            if late == 0 {
                return Ok((Some(Arc::clone(chunk)), 0));
            }
            let dropped = i64::from(chunk.count) * late;
            let kept = windows.map(|windows| {
                let stamp = Stamp { windows, ..stamp.clone() };
                Arc::new(Chunk { framing: Framing::Constant(stamp), ..Chunk::clone(chunk) })
            });
            Ok((kept, dropped))
        }
        (Framing::Each, Some(index)) => {
            let mut filter = Filter { coder: facts.windows, chunk, index, dropped: 0 };
            match filter.is_needed(is_late)? {
                false => Ok((Some(Arc::clone(chunk)), 0)),
                true => {
                    let kept = filter.kept(is_late)?;
                    Ok(((kept.count > 0).then(|| Arc::new(kept)), filter.dropped))
                }
            }
        }
        (Framing::Each, None) => {
            Err(CoderError::new("elements of a stage with keys have no index"))
        }
    }
}

/// The windows that are not late, and how many are.
fn without(windows: &Windows, is_late: impl Fn(&Window) -> bool) -> (Option<Windows>, i64) {
    let all = windows.as_slice();
    let kept: Vec<Window> = all.iter().filter(|window| !is_late(window)).cloned().collect();
    let late = i64::try_from(all.len() - kept.len()).unwrap_or(i64::MAX);
    ((!kept.is_empty()).then(|| Windows::from(kept)), late)
}

struct Filter<'a> {
    coder: WindowCoder,
    chunk: &'a Chunk,
    index: &'a [Entry],
    dropped: i64,
}

impl Filter<'_> {
    fn stamp(&self, entry: &Entry) -> Result<Stamp, CoderError> {
        read_stamp(&mut Reader::new(&self.chunk.data[entry.start as usize..]), &self.coder)
    }

    fn is_needed(&self, is_late: impl Fn(&Window) -> bool) -> Result<bool, CoderError> {
        let mut headers = Headers::new(&self.coder);
        for entry in self.index {
            let mut input = Reader::new(&self.chunk.data[entry.start as usize..]);
            if headers.next(&mut input)?.windows.as_slice().iter().any(&is_late) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn kept(&mut self, is_late: impl Fn(&Window) -> bool) -> Result<Chunk, CoderError> {
        let mut data = Vec::with_capacity(self.chunk.data.len());
        let mut index = Vec::with_capacity(self.index.len());
        for (row, entry) in self.index.iter().enumerate() {
            let stamp = self.stamp(entry)?;
            let (windows, late) = without(&stamp.windows, &is_late);
            self.dropped += late;
            let Some(windows) = windows else { continue };
            // The kept part is no longer than the chunk, whose offsets fit.
            let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            let start = offset(data.len());
            put_stamp(&mut data, &Stamp { windows, ..stamp }, &self.coder);
            let value = offset(data.len());
            let end = end_of(self.chunk, self.index, row);
            data.extend_from_slice(&self.chunk.data[entry.value as usize..end]);
            index.push(Entry { start, value, ..*entry });
        }
        Ok(Chunk {
            count: u32::try_from(index.len()).unwrap_or(u32::MAX),
            data: data.into(),
            framing: Framing::Each,
            partition: self.chunk.partition,
            index: Some(index),
        })
    }
}
