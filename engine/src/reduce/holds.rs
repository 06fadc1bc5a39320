//! What keeps the output watermark back for a window, and so the timestamps of panes.
//!
//! A pane has the timestamp that its elements' hold was at, so that it is never late for those
//! downstream if the elements were not late here. Elements that were late cannot hold anything; the
//! pane they are in is then held at the expiry of the window, so that it is not dropped downstream.

use purlin_sdk::Timestamp;

use super::record::Holds;
use super::rules::OutputTime;
use super::view::View;

impl Holds {
    /// Holds the watermark for an element, if that is still possible and some timer will release the
    /// hold by the end of the window; else for the pane.
    pub(super) fn add_element(&mut self, timestamp: Timestamp, view: &View<'_>) {
        let at = match view.rules.output_time {
            OutputTime::EndOfWindow => view.end,
            OutputTime::Latest | OutputTime::Earliest => timestamp.min(view.end),
        };
        if at < view.clocks.output_watermark || view.is_past_end() {
            self.add_expiry(view);
        } else {
            self.element = combined(view.rules.output_time, self.element.into_iter().chain([at]));
        }
    }

    /// Holds the watermark at the expiry of the window.
    pub(super) fn add_expiry(&mut self, view: &View<'_>) {
        if !view.is_expired() {
            self.expiry = Some(view.expiry);
        }
    }

    /// The holds of a window into which windows with these have merged.
    pub(super) fn merged(sources: &[Self], view: &View<'_>) -> Self {
        let output_time = view.rules.output_time;
        let mut merged = Self::default();
        if output_time == OutputTime::EndOfWindow {
            merged.add_element(view.end, view);
        } else {
            merged.element = combined(output_time, sources.iter().filter_map(|s| s.element));
        }
        merged.add_expiry(view);
        merged
    }

    /// Takes the holds away for a pane, which gets the timestamp that is returned.
    pub(super) fn release(&mut self, view: &View<'_>) -> Timestamp {
        std::mem::take(self).least().map_or(view.end, |at| at.min(view.end))
    }
}

fn combined(output_time: OutputTime, times: impl Iterator<Item = Timestamp>) -> Option<Timestamp> {
    match output_time {
        OutputTime::Earliest => times.min(),
        OutputTime::EndOfWindow | OutputTime::Latest => times.max(),
    }
}
