//! How windows merge: sessions, and functions of users.

use std::collections::BTreeSet;

use purlin_proto::pipeline::WindowingStrategy;
use purlin_proto::urns::window_fns;
use purlin_sdk::exec::Failure;
use purlin_sdk::{IntervalWindow, Window};

/// Windows that become one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MergedWindow {
    pub(crate) into: Window,
    pub(crate) from: Vec<Window>,
}

/// Decides which windows of a key become one.
pub(crate) trait MergeWindows: Send + Sync {
    /// Which of these windows, which are distinct, become one. Windows that stay as they are need
    /// not be named.
    ///
    /// # Errors
    /// When user code fails.
    fn merge(&self, windows: &[Window]) -> Result<Vec<MergedWindow>, Box<Failure>>;
}

/// Makes one of intervals that overlap.
struct Sessions;

impl MergeWindows for Sessions {
    fn merge(&self, windows: &[Window]) -> Result<Vec<MergedWindow>, Box<Failure>> {
        let intervals = windows.iter().map(|window| match window {
            Window::Interval(interval) => Ok(*interval),
            _ => Err(Failure::new("a session's window is not an interval")),
        });
        let mut intervals = intervals.collect::<Result<Vec<_>, _>>()?;
        intervals.sort_unstable();
        let mut merged: Vec<(IntervalWindow, Vec<Window>)> = Vec::new();
        for interval in intervals {
            match merged.last_mut() {
                Some((into, from)) if interval.start < into.end => {
                    into.end = into.end.max(interval.end);
                    from.push(Window::Interval(interval));
                }
                _ => merged.push((interval, vec![Window::Interval(interval)])),
            }
        }
        let several = merged.into_iter().filter(|(_, from)| from.len() > 1);
        Ok(several
            .map(|(into, from)| MergedWindow { into: Window::Interval(into), from })
            .collect())
    }
}

/// What merges the windows of a strategy: what is given, or what is built in.
pub(super) fn merger(
    strategy: &WindowingStrategy,
    given: Option<Box<dyn MergeWindows>>,
) -> Result<Box<dyn MergeWindows>, Box<Failure>> {
    let urn = strategy.window_fn.as_ref().map_or("", |function| function.urn.as_str());
    match given {
        Some(given) => Ok(given),
        None if urn == window_fns::SESSION_WINDOWS => Ok(Box::new(Sessions)),
        None => Err(Failure::new(format!("nothing merges the windows of `{urn}`"))),
    }
}

/// What `merger` says of `windows`, if it makes sense.
pub(super) fn merges_of(
    merger: &dyn MergeWindows,
    windows: &[Window],
) -> Result<Vec<MergedWindow>, Box<Failure>> {
    let merges = merger.merge(windows)?;
    let known: BTreeSet<_> = windows.iter().collect();
    let mut left = known.clone();
    for MergedWindow { into, from } in &merges {
        let is_new = from.contains(into) || !known.contains(into);
        if !is_new || !from.iter().all(|window| left.remove(window)) {
            return Err(Failure::new(format!(
                "a window function merged windows into {into} that are not there, or were merged \
                 already"
            )));
        }
    }
    Ok(merges)
}
