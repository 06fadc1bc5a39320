//! Event time: milliseconds since the Unix epoch, with the bounds of Beam's model.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time in milliseconds since the Unix epoch.
///
/// Beam's wire formats carry milliseconds, so nothing finer survives a stage.
/// **Source:** `BeamConstants` in `beam_runner_api.proto`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The earliest timestamp of the model; also the initial watermark.
    pub const MIN: Self = Self(-9_223_372_036_854_775);
    /// The latest timestamp of the model; a watermark here means that the input is complete.
    pub const MAX: Self = Self(9_223_372_036_854_775);
    /// The last timestamp inside the global window: one day before [`Timestamp::MAX`].
    pub const END_OF_GLOBAL_WINDOW: Self = Self(9_223_371_950_454_775);

    /// The current wall-clock time. Only I/O and runners call this: the engine's clock is passed in.
    #[must_use]
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn millis(self) -> i64 {
        self.0
    }

    /// This time moved into the range of the model.
    #[must_use]
    pub fn clamped(self) -> Self {
        self.clamp(Self::MIN, Self::MAX)
    }
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::MIN
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let millis = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        };
        Self(millis).clamped()
    }
}

/// A duration in whole milliseconds, saturating.
#[must_use]
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration))).clamped()
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration))).clamped()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MIN => f.write_str("-inf"),
            Self::MAX => f.write_str("+inf"),
            Self::END_OF_GLOBAL_WINDOW => f.write_str("end of the global window"),
            Self(millis) => write!(f, "{millis} ms"),
        }
    }
}
