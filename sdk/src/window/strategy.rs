//! How a collection is windowed: the function and what happens when its windows end.

use std::time::Duration;

use purlin_proto::pipeline as proto;
use purlin_proto::pipeline::trigger;
use purlin_proto::urns;

use super::StandardWindowFn;
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

/// What [`window_into`](crate::PCollection::window_into) takes: a window function and how its
/// windows behave. Window functions convert into it.
#[derive(Clone, PartialEq, Debug)]
pub struct WindowInto {
    pub(crate) window_fn: StandardWindowFn,
    pub(crate) timestamp_combiner: TimestampCombiner,
    pub(crate) allowed_lateness: Duration,
}

impl WindowInto {
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

    /// The window function.
    #[must_use]
    pub fn window_fn(&self) -> StandardWindowFn {
        self.window_fn
    }

    /// The coder of its windows.
    #[must_use]
    pub fn window_coder(&self) -> CoderSpec {
        match self.window_fn {
            StandardWindowFn::Global => CoderSpec::new(urns::coders::GLOBAL_WINDOW, vec![]),
            _ => CoderSpec::new(urns::coders::INTERVAL_WINDOW, vec![]),
        }
    }

    /// The strategy in a pipeline graph, whose windows have the coder `window_coder_id`.
    #[doc(hidden)]
    #[must_use]
    pub fn to_proto(
        &self,
        window_coder_id: String,
        environment_id: &str,
    ) -> proto::WindowingStrategy {
        let output_time = match self.timestamp_combiner {
            TimestampCombiner::EndOfWindow => proto::output_time::Enum::EndOfWindow,
            TimestampCombiner::Earliest => proto::output_time::Enum::EarliestInPane,
            TimestampCombiner::Latest => proto::output_time::Enum::LatestInPane,
        };
        proto::WindowingStrategy {
            window_fn: Some(self.window_fn.to_proto()),
            merge_status: proto::merge_status::Enum::NonMerging.into(),
            window_coder_id,
            trigger: Some(proto::Trigger {
                trigger: Some(trigger::Trigger::Default(trigger::Default {})),
            }),
            accumulation_mode: proto::accumulation_mode::Enum::Discarding.into(),
            output_time: output_time.into(),
            closing_behavior: proto::closing_behavior::Enum::EmitIfNonempty.into(),
            allowed_lateness: millis(self.allowed_lateness),
            on_time_behavior: proto::on_time_behavior::Enum::FireIfNonempty.into(),
            assigns_to_one_window: !matches!(self.window_fn, StandardWindowFn::Sliding(_)),
            environment_id: environment_id.to_owned(),
        }
    }
}

impl<W: Into<StandardWindowFn>> From<W> for WindowInto {
    fn from(window_fn: W) -> Self {
        Self {
            window_fn: window_fn.into(),
            timestamp_combiner: TimestampCombiner::default(),
            allowed_lateness: Duration::ZERO,
        }
    }
}
