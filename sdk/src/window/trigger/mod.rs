//! Triggers: when a grouping emits what it has of a window.

mod proto;
mod rules;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::time::millis;

/// When a grouping emits what it has of a window, as Beam names it.
///
/// Without one, a window is emitted once its end has passed, and again for every late element
/// ([`Trigger::default`]). Triggers are made of others:
///
/// ```
/// # use std::time::Duration;
/// # use purlin_sdk::{FixedWindows, Pipeline, Trigger};
/// # let p = Pipeline::new();
/// # let clicks = p.create([1i64]);
/// let minute = Duration::from_secs(60);
/// let trigger = Trigger::after_watermark()
///     .early(Trigger::after_processing_time(Duration::from_secs(5)))
///     .late(Trigger::after_count(1));
/// clicks.window_into(
///     FixedWindows::of(minute).triggering(trigger).allowed_lateness(10 * minute).accumulating(),
/// );
/// ```
///
/// **Source:** `Trigger` in `beam_runner_api.proto`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trigger(Kind);

#[derive(Clone, PartialEq, Eq, Debug, Default)]
enum Kind {
    #[default]
    Default,
    Never,
    Always,
    Count(u32),
    Watermark {
        early: Option<Box<Self>>,
        late: Option<Box<Self>>,
    },
    ProcessingTime(Vec<TimestampTransform>),
    SynchronizedProcessingTime,
    Each(Vec<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
    OrFinally(Box<Self>, Box<Self>),
    Repeat(Box<Self>),
}

/// How the time of a firing follows from that of the first element; all in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum TimestampTransform {
    /// So much later.
    Delay(i64),
    /// The next multiple of a period, moved by an offset.
    AlignTo { period: i64, offset: i64 },
}

impl Trigger {
    /// Never before the window is gone: what it holds is emitted with the last of its lateness.
    #[must_use]
    pub fn never() -> Self {
        Self(Kind::Never)
    }

    /// At every opportunity, as soon as there is an element.
    #[must_use]
    pub fn always() -> Self {
        Self(Kind::Always)
    }

    /// Once, when there are at least `count` elements.
    #[must_use]
    pub fn after_count(count: u32) -> Self {
        Self(Kind::Count(count))
    }

    /// When the watermark passes the end of the window; [`AfterWatermark::early`] and
    /// [`AfterWatermark::late`] add firings before and after it.
    pub fn after_watermark() -> AfterWatermark {
        AfterWatermark { early: None, late: None }
    }

    /// Once, so long after the first element was met, by the clock of the runner.
    pub fn after_processing_time(delay: Duration) -> AfterProcessingTime {
        AfterProcessingTime { transforms: vec![TimestampTransform::Delay(millis(delay))] }
    }

    /// Once, when what arrived upstream before the first element has arrived here too: what follows
    /// a grouping that fires after processing time.
    #[must_use]
    pub fn after_synchronized_processing_time() -> Self {
        Self(Kind::SynchronizedProcessingTime)
    }

    /// As one trigger after the other says, each until it has finished.
    #[must_use]
    pub fn after_each<T: Into<Self>>(triggers: impl IntoIterator<Item = T>) -> Self {
        Self(Kind::Each(kinds(triggers)))
    }

    /// Once, when all of them have fired.
    #[must_use]
    pub fn after_all<T: Into<Self>>(triggers: impl IntoIterator<Item = T>) -> Self {
        Self(Kind::All(kinds(triggers)))
    }

    /// Once, when the first of them fires.
    #[must_use]
    pub fn after_any<T: Into<Self>>(triggers: impl IntoIterator<Item = T>) -> Self {
        Self(Kind::Any(kinds(triggers)))
    }

    /// As this trigger says, begun anew each time it has finished.
    #[must_use]
    pub fn repeatedly(self) -> Self {
        Self(Kind::Repeat(Box::new(self.0)))
    }

    /// As this trigger says, until `end` fires, which ends it.
    #[must_use]
    pub fn or_finally(self, end: impl Into<Self>) -> Self {
        Self(Kind::OrFinally(Box::new(self.0), Box::new(end.into().0)))
    }
}

fn kinds<T: Into<Trigger>>(triggers: impl IntoIterator<Item = T>) -> Vec<Kind> {
    triggers.into_iter().map(|trigger| trigger.into().0).collect()
}

/// The trigger [`Trigger::after_watermark`], to which firings before and after the end of the
/// window can be added.
#[must_use = "a trigger has no effect until it is given to a `WindowInto`"]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AfterWatermark {
    early: Option<Box<Kind>>,
    late: Option<Box<Kind>>,
}

impl AfterWatermark {
    /// Before the end of the window it fires as `trigger` says, again and again.
    pub fn early(mut self, trigger: impl Into<Trigger>) -> Self {
        self.early = Some(Box::new(trigger.into().0));
        self
    }

    /// After the end of the window it fires as `trigger` says, again and again.
    pub fn late(mut self, trigger: impl Into<Trigger>) -> Self {
        self.late = Some(Box::new(trigger.into().0));
        self
    }
}

/// The trigger [`Trigger::after_processing_time`], whose time can be computed further.
#[must_use = "a trigger has no effect until it is given to a `WindowInto`"]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AfterProcessingTime {
    transforms: Vec<TimestampTransform>,
}

impl AfterProcessingTime {
    /// The time is moved on by `delay`.
    pub fn plus_delay(mut self, delay: Duration) -> Self {
        self.transforms.push(TimestampTransform::Delay(millis(delay)));
        self
    }

    /// The time is moved on to the next multiple of `period` since the epoch, moved by `offset`.
    pub fn aligned_to(mut self, period: Duration, offset: Duration) -> Self {
        let (period, offset) = (millis(period), millis(offset));
        self.transforms.push(TimestampTransform::AlignTo { period, offset });
        self
    }
}

impl From<AfterWatermark> for Trigger {
    fn from(AfterWatermark { early, late }: AfterWatermark) -> Self {
        Self(Kind::Watermark { early, late })
    }
}

impl From<AfterProcessingTime> for Trigger {
    fn from(AfterProcessingTime { transforms }: AfterProcessingTime) -> Self {
        Self(Kind::ProcessingTime(transforms))
    }
}

macro_rules! composable {
    ($($trigger:ident),*) => {$(
        impl $trigger {
            /// As this trigger says, begun anew each time it has finished.
            #[must_use]
            pub fn repeatedly(self) -> Trigger {
                Trigger::from(self).repeatedly()
            }

            /// As this trigger says, until `end` fires, which ends it.
            #[must_use]
            pub fn or_finally(self, end: impl Into<Trigger>) -> Trigger {
                Trigger::from(self).or_finally(end)
            }
        }
    )*};
}

composable!(AfterWatermark, AfterProcessingTime);
