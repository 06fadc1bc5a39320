//! What the windowing of a side input says about when it is ready and what its panes mean.

use purlin_proto::pipeline::{WindowingStrategy, accumulation_mode, trigger};
use purlin_sdk::exec::WindowMapping;
use purlin_sdk::{StandardWindowFn, Timestamp, Window};

use crate::plan::{CollectionId, Plan};

/// Who knows which window of a side input elements see.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Mapping {
    /// The engine.
    Known(StandardWindowFn),
    /// A user's function.
    Asked {
        /// How many milliseconds before the end of the main window the window may end, at most.
        lookback: Option<i64>,
    },
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
    pub(crate) fn of(plan: &Plan, id: CollectionId) -> Self {
        let collection = &plan.collections[id.0];
        let windowing = &collection.windowing;
        let window_fn = windowing.window_fn.as_ref().and_then(StandardWindowFn::from_proto);
        let is_global = window_fn.is_some_and(|window_fn| window_fn.is_global());
        let is_ready_at_once = collection.is_bounded && is_global;
        let accumulates = windowing.accumulation_mode() == accumulation_mode::Enum::Accumulating;
        let has_panes = is_triggered(windowing) || windowing.allowed_lateness > 0;
        Self {
            mapping: Mapping::of(plan, id, window_fn),
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
            Mapping::Asked { .. } => true,
            Mapping::Unknown => false,
        }
    }

    /// Whether a user's function knows what elements see.
    pub(crate) fn is_asked(&self) -> bool {
        matches!(self.mapping, Mapping::Asked { .. })
    }

    /// Whether no element sees a window any more, where the readers are at this time. Without a
    /// bound, a user's function may have any element see any window until the end.
    pub(crate) fn is_expired(&self, window: &Window, reader: Timestamp) -> bool {
        let lookback = match self.mapping {
            Mapping::Known(_) => Some(0),
            Mapping::Asked { lookback } => lookback,
            Mapping::Unknown => None,
        };
        let is_passed = |lookback| Timestamp(self.last(window).saturating_add(lookback)) < reader;
        reader == Timestamp::MAX || lookback.is_some_and(is_passed)
    }

    /// Whether what elements see in the main window may have been dropped, where they come at
    /// `arrival`, which is not before the time of the readers. What a user's function will say need
    /// not be known: it says nothing that ends longer before the main window than its lookback.
    pub(crate) fn may_lack(&self, main: &Window, reader: Timestamp, arrival: Timestamp) -> bool {
        match &self.mapping {
            Mapping::Known(window_fn) => {
                self.is_expired(&window_fn.side_input_window(main), reader)
            }
            Mapping::Asked { lookback: Some(_) } => Timestamp(self.last(main)) < arrival,
            Mapping::Asked { lookback: None } | Mapping::Unknown => reader == Timestamp::MAX,
        }
    }

    /// The last time at which something may come for a window.
    fn last(&self, window: &Window) -> i64 {
        window.max_timestamp().0.saturating_add(self.lateness)
    }
}

impl Mapping {
    fn of(plan: &Plan, id: CollectionId, window_fn: Option<StandardWindowFn>) -> Self {
        match window_fn {
            Some(window_fn) if window_fn.is_merging() => Self::Unknown,
            Some(window_fn) => Self::Known(window_fn),
            None if plan.collections[id.0].is_mapped_by_sdk() => {
                Self::Asked { lookback: lookback(plan, id) }
            }
            None => Self::Unknown,
        }
    }
}

/// How far the readers of a side input look back, where all of them say so.
fn lookback(plan: &Plan, id: CollectionId) -> Option<i64> {
    let readers = plan.collections[id.0].side_consumers.iter();
    let sides = readers.filter_map(|stage| plan.stages[stage.0].sdk());
    let sides = sides.flat_map(|sdk| &sdk.side_inputs).filter(|side| side.collection == id);
    let lookbacks = sides.map(|side| WindowMapping::from_proto(&side.mapping)?.lookback);
    lookbacks.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// Whether a window may have a pane before its end.
fn is_triggered(windowing: &WindowingStrategy) -> bool {
    let trigger = windowing.trigger.as_ref().and_then(|trigger| trigger.trigger.as_ref());
    !matches!(trigger, None | Some(trigger::Trigger::Default(_) | trigger::Trigger::Never(_)))
}
