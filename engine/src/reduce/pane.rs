//! Which of its window's panes one is, and whether it is put out.

use purlin_sdk::{PaneInfo, Timing};

use super::view::View;

/// The description of the pane after `previous`.
pub(super) fn next(previous: Option<&PaneInfo>, is_last: bool, view: &View<'_>) -> PaneInfo {
    let only_early = previous.is_none_or(|pane| pane.timing == Timing::Early);
    let is_late_downstream = view.end < view.clocks.output_watermark;
    let timing = if is_late_downstream || !only_early {
        Timing::Late
    } else if view.is_past_end() {
        Timing::OnTime
    } else {
        Timing::Early
    };
    let after = |index: fn(&PaneInfo) -> i64| previous.map_or(0, |pane| index(pane) + 1);
    PaneInfo {
        is_first: previous.is_none(),
        is_last,
        timing,
        index: after(|pane| pane.index),
        on_time_index: match timing {
            Timing::Early => -1,
            _ => after(|pane| pane.on_time_index),
        },
    }
}

/// Whether a pane is put out that has new elements or none.
pub(super) fn is_wanted(pane: &PaneInfo, is_empty: bool, view: &View<'_>) -> bool {
    !is_empty
        || pane.timing == Timing::OnTime && view.rules.is_always_on_time
        || pane.is_last && view.rules.closes_always
}
