//! What the windowing of a side input says about when it is ready and what its panes mean.

use purlin_proto::pipeline::{WindowingStrategy, accumulation_mode, trigger};
use purlin_sdk::{StandardWindowFn, Timestamp, Window};

use crate::plan::Collection;

/// Who knows which window of a side input elements see.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Mapping {
    /// The engine.
    Known(StandardWindowFn),
    /// A user's function.
    Asked,
    /// Nobody before its end, since its windows merge.
    Unknown,
}

/// What the engine knows of a collection that is a side input.
#[derive(Clone, Debug)]
pub(crate) struct SideFacts {
    /// Which of its windows elements see.
    pub(crate) mapping: Mapping,
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
            mapping: Mapping::of(collection, window_fn),
            is_ready_at_once,
            is_triggered: !is_ready_at_once && is_triggered(windowing),
            has_panes,
            panes_replace: has_panes && accumulates,
            lateness: windowing.allowed_lateness,
        }
    }

    /// Whether its windows become ready before its end.
    pub(crate) fn is_ready_before_its_end(&self) -> bool {
        match &self.mapping {
            Mapping::Known(window_fn) => self.is_triggered || !window_fn.is_global(),
            Mapping::Asked => true,
            Mapping::Unknown => false,
        }
    }

    /// Whether no element sees a window any more, where the readers are at this time. A user's
    /// function may have any element see any window until the end.
    pub(crate) fn is_expired(&self, window: &Window, reader: Timestamp) -> bool {
        let last = window.max_timestamp().0.saturating_add(self.lateness);
        let is_known = matches!(self.mapping, Mapping::Known(_));
        reader == Timestamp::MAX || (is_known && Timestamp(last) < reader)
    }
}

impl Mapping {
    fn of(collection: &Collection, window_fn: Option<StandardWindowFn>) -> Self {
        match window_fn {
            Some(window_fn) if window_fn.is_merging() => Self::Unknown,
            Some(window_fn) => Self::Known(window_fn),
            None if collection.is_mapped_by_sdk() => Self::Asked,
            None => Self::Unknown,
        }
    }
}

/// Whether a window may have a pane before its end.
fn is_triggered(windowing: &WindowingStrategy) -> bool {
    let trigger = windowing.trigger.as_ref().and_then(|trigger| trigger.trigger.as_ref());
    !matches!(trigger, None | Some(trigger::Trigger::Default(_) | trigger::Trigger::Never(_)))
}
