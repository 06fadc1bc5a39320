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
                let pane = if edge.needs.panes { stamp.pane.index } else { 0 };
                for window in stamp.windows.as_slice() {
                    found.add((window, pane), row, stamp.timestamp);
                }
            }
            Ok(found.into_slices(chunk.count))
        }
        _ => Ok(Vec::new()),
    }
}

struct WindowRows {
    window: Window,
    pane: i64,
    rows: Vec<u32>,
    min_timestamp: Timestamp,
}

#[derive(Default)]
struct Found {
    by_window: HashMap<(Window, i64), usize>,
    slices: Vec<WindowRows>,
    /// Neighbours are mostly in the same window.
    last: usize,
}

impl Found {
    fn add(&mut self, at: (&Window, i64), row: u32, timestamp: Timestamp) {
        let is_other = |last: &WindowRows| (&last.window, last.pane) != at;
        if self.slices.get(self.last).is_none_or(is_other) {
            self.last = self.position(at, timestamp);
        }
        let slice = &mut self.slices[self.last];
        slice.rows.push(row);
        slice.min_timestamp = timestamp.min(slice.min_timestamp);
    }

    fn position(&mut self, (window, pane): (&Window, i64), min_timestamp: Timestamp) -> usize {
        let key = (window.clone(), pane);
        if let Some(position) = self.by_window.get(&key) {
            return *position;
        }
        self.by_window.insert(key, self.slices.len());
        self.slices.push(WindowRows {
            window: window.clone(),
            pane,
            rows: Vec::new(),
            min_timestamp,
        });
        self.slices.len() - 1
    }

    fn into_slices(self, count: u32) -> Vec<WindowSlice> {
        let slices = self.slices.into_iter();
        slices
            .map(|WindowRows { window, pane, rows, min_timestamp }| WindowSlice {
                window,
                elements: (rows.len() < count as usize).then(|| rows.into()),
                min_timestamp,
                pane,
            })
            .collect()
    }
}
