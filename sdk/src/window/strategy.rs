//! How a collection is windowed: the function and what happens when its windows end.

use std::borrow::Cow;
use std::time::Duration;

use purlin_proto::pipeline as proto;

#[cfg(doc)]
use super::ValueKind;
use super::{AnyWindowFn, Trigger};
use crate::coders::CoderSpec;
use crate::time::millis;

/// The timestamp that a grouping gives to its output.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TimestampCombiner {
    /// The last timestamp of the window.
    #[default]
    EndOfWindow,
    /// The earliest of the grouped elements.
    Earliest,
    /// The latest of the grouped elements.
    Latest,
}

/// What a pane of a window has of the panes before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccumulationMode {
    /// Nothing: each pane has the elements since the last one.
    Discarding,
    /// All of it: each pane has the elements of the window so far.
    Accumulating,
    /// As accumulating, and what the last pane said is taken back first: see [`ValueKind`].
    Retracting,
}

/// Whether a pane is emitted although nothing is in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EmptyPane {
    /// It is.
    Always,
    /// It is not.
    IfNonempty,
}

/// What [`window_into`](crate::PCollection::window_into) takes: a window function and how its
/// windows behave. Window functions convert into it.
///
/// What is not given is as in Beam's other SDKs: the default trigger, no lateness, groups at the end
/// of their window, no empty last pane. Nothing is taken over from an earlier `window_into`.
#[derive(Clone, PartialEq, Debug)]
pub struct WindowInto {
    pub(crate) window_fn: AnyWindowFn,
    pub(crate) trigger: Trigger,
    /// `None` where the author did not say.
    pub(crate) accumulation: Option<AccumulationMode>,
    pub(crate) timestamp_combiner: TimestampCombiner,
    pub(crate) allowed_lateness: Duration,
    pub(crate) on_time: EmptyPane,
    pub(crate) closing: EmptyPane,
    pub(crate) allows_unsafe_triggers: bool,
    /// Whether a grouping has merged the windows already.
    pub(crate) is_merged: bool,
}

impl WindowInto {
    /// When groupings emit what they have of a window.
    #[must_use]
    pub fn triggering(mut self, trigger: impl Into<Trigger>) -> Self {
        self.trigger = trigger.into();
        self
    }

    /// Each pane has the elements since the last one.
    #[must_use]
    pub fn discarding(mut self) -> Self {
        self.accumulation = Some(AccumulationMode::Discarding);
        self
    }

    /// Each pane has the elements of its window so far.
    #[must_use]
    pub fn accumulating(mut self) -> Self {
        self.accumulation = Some(AccumulationMode::Accumulating);
        self
    }

    /// Each pane has the elements of its window so far, and what the last pane said is taken back
    /// before it: [`Context::value_kind`](crate::Context::value_kind) tells which is which. What
    /// cannot take anything back, such as another grouping, refuses such elements.
    #[must_use]
    pub fn retracting(mut self) -> Self {
        self.accumulation = Some(AccumulationMode::Retracting);
        self
    }

    /// Elements are accepted until the watermark is this far behind the end of their window.
    #[must_use]
    pub fn allowed_lateness(mut self, lateness: Duration) -> Self {
        self.allowed_lateness = lateness;
        self
    }

    /// The timestamp that groupings give to their output.
    #[must_use]
    pub fn timestamp_combiner(mut self, combiner: TimestampCombiner) -> Self {
        self.timestamp_combiner = combiner;
        self
    }

    /// Whether the pane at the end of a window is emitted where nothing came since the last early
    /// one; [`EmptyPane::Always`] without this.
    #[must_use]
    pub fn on_time_behavior(mut self, behavior: EmptyPane) -> Self {
        self.on_time = behavior;
        self
    }

    /// Whether a last pane is emitted when the lateness of a window is over and nothing came since
    /// the one before; [`EmptyPane::IfNonempty`] without this.
    #[must_use]
    pub fn closing_behavior(mut self, behavior: EmptyPane) -> Self {
        self.closing = behavior;
        self
    }

    /// Allows a trigger that may finish: the elements of a window that come after are lost.
    #[must_use]
    pub fn allow_unsafe_triggers(mut self) -> Self {
        self.allows_unsafe_triggers = true;
        self
    }

    /// The window function.
    #[must_use]
    pub fn window_fn(&self) -> &AnyWindowFn {
        &self.window_fn
    }

    /// The coder of its windows.
    #[must_use]
    pub fn window_coder(&self) -> CoderSpec {
        self.window_fn.window_coder()
    }

    /// What is wrong with it, if anything, and what cures that.
    pub(crate) fn mistake(&self) -> Option<(Cow<'static, str>, &'static str)> {
        let trigger = || self.trigger.mistake().map(Cow::Borrowed);
        let bare = self.window_fn.mistake().or_else(trigger);
        if let Some(message) = bare {
            return Some((message, ""));
        }
        let is_open =
            self.accumulation.is_none() && !self.trigger.fires_once(self.allowed_lateness);
        is_open.then_some((
            "windows that can fire more than once need to say what a pane has of those before it"
                .into(),
            "add `.discarding()` or `.accumulating()`",
        ))
    }

    /// Whether groupings take back what they emitted.
    pub(crate) fn retracts(&self) -> bool {
        self.accumulation == Some(AccumulationMode::Retracting)
            && !self.trigger.fires_once(self.allowed_lateness)
    }

    /// How the output of a grouping is windowed whose input is windowed so.
    #[must_use]
    pub(crate) fn after_grouping(&self) -> Self {
        let is_merged = self.is_merged || self.window_fn.is_merging();
        Self { trigger: self.trigger.continuation(), is_merged, ..self.clone() }
    }

    /// The strategy in a pipeline graph, which calls the function `window_fn` and the coder of its
    /// windows `window_coder_id`.
    #[doc(hidden)]
    #[must_use]
    pub fn to_proto(
        &self,
        window_fn: proto::FunctionSpec,
        window_coder_id: String,
        environment_id: &str,
    ) -> proto::WindowingStrategy {
        proto::WindowingStrategy {
            window_fn: Some(window_fn),
            merge_status: self.merge_status().into(),
            window_coder_id,
            trigger: Some(self.trigger.to_proto()),
            accumulation_mode: self.accumulation_proto().into(),
            output_time: self.output_time().into(),
            closing_behavior: self.closing_proto().into(),
            allowed_lateness: millis(self.allowed_lateness),
            on_time_behavior: self.on_time_proto().into(),
            assigns_to_one_window: self.window_fn.assigns_to_one_window(),
            environment_id: environment_id.to_owned(),
        }
    }

    fn merge_status(&self) -> proto::merge_status::Enum {
        use proto::merge_status::Enum;
        match (self.window_fn.is_merging(), self.is_merged) {
            (false, _) => Enum::NonMerging,
            (true, false) => Enum::NeedsMerge,
            (true, true) => Enum::AlreadyMerged,
        }
    }

    fn accumulation_proto(&self) -> proto::accumulation_mode::Enum {
        use proto::accumulation_mode::Enum;
        match self.accumulation {
            None | Some(AccumulationMode::Discarding) => Enum::Discarding,
            Some(AccumulationMode::Accumulating) => Enum::Accumulating,
            Some(AccumulationMode::Retracting) => Enum::Retracting,
        }
    }

    fn output_time(&self) -> proto::output_time::Enum {
        use proto::output_time::Enum;
        match self.timestamp_combiner {
            TimestampCombiner::EndOfWindow => Enum::EndOfWindow,
            TimestampCombiner::Earliest => Enum::EarliestInPane,
            TimestampCombiner::Latest => Enum::LatestInPane,
        }
    }

    fn on_time_proto(&self) -> proto::on_time_behavior::Enum {
        use proto::on_time_behavior::Enum;
        match self.on_time {
            EmptyPane::Always => Enum::FireAlways,
            EmptyPane::IfNonempty => Enum::FireIfNonempty,
        }
    }

    fn closing_proto(&self) -> proto::closing_behavior::Enum {
        use proto::closing_behavior::Enum;
        match self.closing {
            EmptyPane::Always => Enum::EmitAlways,
            EmptyPane::IfNonempty => Enum::EmitIfNonempty,
        }
    }
}

impl<W: Into<AnyWindowFn>> From<W> for WindowInto {
    fn from(window_fn: W) -> Self {
        Self {
            window_fn: window_fn.into(),
            trigger: Trigger::default(),
            accumulation: None,
            timestamp_combiner: TimestampCombiner::default(),
            allowed_lateness: Duration::ZERO,
            on_time: EmptyPane::Always,
            closing: EmptyPane::IfNonempty,
            allows_unsafe_triggers: false,
            is_merged: false,
        }
    }
}

/// Gives window functions the first step of a [`WindowInto`].
macro_rules! window_options {
    ($($window_fn:ident),*) => {$(
        impl super::$window_fn {
            /// These windows, and when groupings emit what they have of one.
            #[must_use]
            pub fn triggering(self, trigger: impl Into<Trigger>) -> WindowInto {
                WindowInto::from(self).triggering(trigger)
            }

            /// These windows, which accept elements until the watermark is so far behind their end.
            #[must_use]
            pub fn allowed_lateness(self, lateness: Duration) -> WindowInto {
                WindowInto::from(self).allowed_lateness(lateness)
            }

            /// These windows, and the timestamp that groupings give to their output.
            #[must_use]
            pub fn timestamp_combiner(self, combiner: TimestampCombiner) -> WindowInto {
                WindowInto::from(self).timestamp_combiner(combiner)
            }
        }
    )*};
}

window_options!(GlobalWindows, FixedWindows, SlidingWindows, Sessions, CalendarWindows);
