//! The end of the window of each element, as a value.

use purlin::prelude::*;

/// `PCollection<T> → PCollection<(Timestamp, T)>`: each element with the end of its window, where
/// the windows are intervals.
pub(super) fn with_window_end<T: Element>(results: &PCollection<T>) -> PCollection<(Timestamp, T)> {
    results.reify_windows().flat_map(|result| {
        let window = result.window.as_interval()?;
        Some((window.end, result.value))
    })
}
