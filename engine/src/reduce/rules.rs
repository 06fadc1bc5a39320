//! What a windowing strategy says, read once.

use purlin_proto::pipeline::{
    WindowingStrategy, accumulation_mode, closing_behavior, merge_status, on_time_behavior,
    output_time,
};
use purlin_sdk::exec::Failure;
use purlin_sdk::{Timestamp, Window};

/// What a later pane of a window says about the elements of an earlier one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Accumulation {
    /// Nothing.
    Discarding,
    /// It has them too.
    Accumulating,
    /// It has them too, and the earlier pane is taken back.
    Retracting,
}

/// Which of the timestamps in a pane is that of the pane.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OutputTime {
    EndOfWindow,
    Latest,
    Earliest,
}

/// What a windowing strategy says, but for its trigger.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) accumulation: Accumulation,
    pub(super) output_time: OutputTime,
    /// In milliseconds; not negative.
    allowed_lateness: i64,
    /// An empty pane is put out when the window closes.
    pub(super) closes_always: bool,
    /// An empty pane is put out when the watermark passes the end of the window.
    pub(super) is_always_on_time: bool,
    /// Windows merge.
    pub(super) merges: bool,
}

impl Rules {
    pub(super) fn new(strategy: &WindowingStrategy) -> Result<Self, Box<Failure>> {
        use accumulation_mode::Enum as Mode;
        use output_time::Enum as Time;
        let accumulation = match known("accumulation mode", strategy.accumulation_mode)? {
            Mode::Unspecified | Mode::Discarding => Accumulation::Discarding,
            Mode::Accumulating => Accumulation::Accumulating,
            Mode::Retracting => Accumulation::Retracting,
        };
        let output_time = match known("output time", strategy.output_time)? {
            Time::Unspecified | Time::EndOfWindow => OutputTime::EndOfWindow,
            Time::LatestInPane => OutputTime::Latest,
            Time::EarliestInPane => OutputTime::Earliest,
        };
        let closing: closing_behavior::Enum = known("closing behavior", strategy.closing_behavior)?;
        let on_time: on_time_behavior::Enum = known("on-time behavior", strategy.on_time_behavior)?;
        let merging: merge_status::Enum = known("merge status", strategy.merge_status)?;
        if strategy.allowed_lateness < 0 {
            return Err(Failure::new("the allowed lateness is negative"));
        }
        Ok(Self {
            accumulation,
            output_time,
            allowed_lateness: strategy.allowed_lateness,
            closes_always: closing == closing_behavior::Enum::EmitAlways,
            is_always_on_time: on_time != on_time_behavior::Enum::FireIfNonempty,
            merges: merging == merge_status::Enum::NeedsMerge,
        })
    }

    /// When everything about a window is forgotten: once the input watermark is strictly after it.
    pub(super) fn expiry(&self, window: &Window) -> Timestamp {
        let expiry = end_of(window).0.saturating_add(self.allowed_lateness);
        Timestamp(expiry).min(Timestamp::END_OF_GLOBAL_WINDOW)
    }
}

/// The last timestamp of a window. No window lasts longer than the global one, since the watermark
/// has to get past its end.
pub(super) fn end_of(window: &Window) -> Timestamp {
    window.max_timestamp().min(Timestamp::END_OF_GLOBAL_WINDOW)
}

fn known<T: TryFrom<i32>>(what: &str, value: i32) -> Result<T, Box<Failure>> {
    T::try_from(value).map_err(|_| Failure::new(format!("Purlin knows no {what} {value}")))
}
