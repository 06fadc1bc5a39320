//! What the windowing of a side input says about when it is ready and what its panes mean.

use purlin_proto::pipeline::{WindowingStrategy, accumulation_mode, trigger};
use purlin_sdk::{StandardWindowFn, Timestamp, Window};

use crate::plan::Collection;

/// What the engine knows of a collection that is a side input.
#[derive(Clone, Debug)]
pub(crate) struct SideFacts {
    /// Which of its windows elements see; `None` where only the SDK knows.
    window_fn: Option<StandardWindowFn>,
    /// Whether its readers wait for its end and for nothing else.
    pub(crate) is_ready_at_once: bool,
    /// Whether the first pane of a window makes the window ready.
    pub(crate) is_triggered: bool,
    /// Whether a window may have several panes.
    pub(crate) has_panes: bool,
    /// Whether a later pane has the elements of the panes before it.
    pub(crate) panes_replace: bool,
    /// Its allowed lateness, in milliseconds.
    lateness: i64,
}

impl SideFacts {
    pub(crate) fn of(collection: &Collection) -> Self {
        let windowing = &collection.windowing;
        let window_fn = windowing.window_fn.as_ref().and_then(StandardWindowFn::from_proto);
        let is_global = window_fn.is_some_and(|window_fn| window_fn.is_global());
        let is_ready_at_once = collection.is_bounded && is_global;
        let accumulates = windowing.accumulation_mode() == accumulation_mode::Enum::Accumulating;
        let has_panes = is_triggered(windowing) || windowing.allowed_lateness > 0;
        Self {
            window_fn: window_fn.filter(|window_fn| !window_fn.is_merging()),
            is_ready_at_once,
            is_triggered: !is_ready_at_once && is_triggered(windowing),
            has_panes,
            panes_replace: has_panes && accumulates,
            lateness: windowing.allowed_lateness,
        }
    }

    /// Whether its windows become ready before its end.
    pub(crate) fn is_ready_before_its_end(&self) -> bool {
        self.window_fn.is_some_and(|window_fn| self.is_triggered || !window_fn.is_global())
    }

    /// The window that elements in the main window see.
    pub(crate) fn window(&self, main: &Window) -> Option<Window> {
        self.window_fn.map(|window_fn| window_fn.side_input_window(main))
    }

    /// Whether no element sees a window any more that a reader has not passed: those of a window
    /// function that only the SDK knows may be seen until the end.
    pub(crate) fn is_expired(&self, window: &Window, reader: Timestamp) -> bool {
        let last = window.max_timestamp().0.saturating_add(self.lateness);
        reader == Timestamp::MAX || (self.window_fn.is_some() && Timestamp(last) < reader)
    }
}

/// Whether a window may have a pane before its end.
fn is_triggered(windowing: &WindowingStrategy) -> bool {
    let trigger = windowing.trigger.as_ref().and_then(|trigger| trigger.trigger.as_ref());
    !matches!(trigger, None | Some(trigger::Trigger::Default(_) | trigger::Trigger::Never(_)))
}
