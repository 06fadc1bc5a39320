//! The times by which a grouping decides.

use purlin_sdk::Timestamp;

/// A kind of time that a timer may wait for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum TimerDomain {
    /// The input watermark.
    Event,
    /// The clock.
    Processing,
    /// The time before which nothing upstream is left to do.
    Synchronized,
}

impl TimerDomain {
    /// All of them, in the order in which a record keeps their timers.
    pub(crate) const ALL: [Self; 3] = [Self::Event, Self::Processing, Self::Synchronized];
}

/// What the clocks of a stage show while it handles one key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Clocks {
    /// No element before it is expected any more.
    pub(crate) input_watermark: Timestamp,
    /// What the stage has promised to those downstream.
    pub(crate) output_watermark: Timestamp,
    /// The clock.
    pub(crate) processing_time: Timestamp,
    /// The time before which nothing upstream is left to do; never after the clock.
    pub(crate) synchronized_processing_time: Timestamp,
}

impl Clocks {
    /// What the clock of a domain shows.
    pub(super) fn now(&self, domain: TimerDomain) -> Timestamp {
        match domain {
            TimerDomain::Event => self.input_watermark,
            TimerDomain::Processing => self.processing_time,
            TimerDomain::Synchronized => self.synchronized_processing_time,
        }
    }
}
