//! Sorts the elements of a chunk by window.

use hashbrown::HashMap;
use purlin_sdk::coders::Reader;
use purlin_sdk::coders::windowed::read_stamp;
use purlin_sdk::exec::{Chunk, Framing};
use purlin_sdk::{Timestamp, Window};

use super::Edge;
use crate::bundle::WindowSlice;

/// Which elements are in which window, in the order in which windows first occur; nothing where all
/// have the same windows or no reader needs to know.
pub(super) fn slices(chunk: &Chunk, edge: &Edge) -> Result<Vec<WindowSlice>, String> {
    match (&chunk.framing, &chunk.index) {
        (Framing::Each, Some(index)) if edge.needs.windows => {
            let mut found = Found::default();
            for (row, entry) in (0..).zip(index) {
                let mut reader = Reader::new(&chunk.data[entry.start as usize..]);
                let stamp =
                    read_stamp(&mut reader, &edge.windows).map_err(|error| error.to_string())?;
                for window in stamp.windows.as_slice() {
                    found.add(window, row, stamp.timestamp);
                }
            }
            Ok(found.into_slices(chunk.count))
        }
        _ => Ok(Vec::new()),
    }
}

#[derive(Default)]
struct Found {
    by_window: HashMap<Window, usize>,
    slices: Vec<(Window, Vec<u32>, Timestamp)>,
    /// Neighbours are mostly in the same window.
    last: usize,
}

impl Found {
    fn add(&mut self, window: &Window, row: u32, timestamp: Timestamp) {
        if self.slices.get(self.last).is_none_or(|(last, ..)| last != window) {
            self.last = self.position(window, timestamp);
        }
        let (_, rows, least) = &mut self.slices[self.last];
        rows.push(row);
        *least = timestamp.min(*least);
    }

    fn position(&mut self, window: &Window, timestamp: Timestamp) -> usize {
        if let Some(position) = self.by_window.get(window) {
            return *position;
        }
        self.by_window.insert(window.clone(), self.slices.len());
        self.slices.push((window.clone(), Vec::new(), timestamp));
        self.slices.len() - 1
    }

    fn into_slices(self, count: u32) -> Vec<WindowSlice> {
        let slices = self.slices.into_iter();
        slices
            .map(|(window, rows, min_timestamp)| WindowSlice {
                window,
                elements: (rows.len() < count as usize).then(|| rows.into()),
                min_timestamp,
            })
            .collect()
    }
}
