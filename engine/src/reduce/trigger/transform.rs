//! From the time of an element's arrival to the time for which it waits.

use purlin_proto::pipeline::{TimestampTransform, timestamp_transform};
use purlin_sdk::Timestamp;
use purlin_sdk::exec::Failure;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Transform {
    /// Later by so many milliseconds.
    Delay(i64),
    /// Up to the next time that is `offset` after a multiple of `period`, unless it is one.
    AlignTo { period: i64, offset: i64 },
}

impl Transform {
    pub(super) fn new(transform: &TimestampTransform) -> Result<Self, Box<Failure>> {
        use timestamp_transform::TimestampTransform as Proto;
        match &transform.timestamp_transform {
            Some(Proto::Delay(delay)) => Ok(Self::Delay(delay.delay_millis)),
            Some(Proto::AlignTo(align)) if align.period > 0 => {
                Ok(Self::AlignTo { period: align.period, offset: align.offset })
            }
            Some(Proto::AlignTo(align)) => Err(Failure::new(format!(
                "a trigger aligns times to a period of {} ms, which is not positive",
                align.period
            ))),
            None => Err(Failure::new("a trigger has a timestamp transform of an unknown kind")),
        }
    }

    pub(super) fn apply(self, time: Timestamp) -> Timestamp {
        let moved = match self {
            Self::Delay(millis) => time.0.saturating_add(millis),
            Self::AlignTo { period, offset } => {
                // Past the range of 64 bits there is no next one.
                let beyond =
                    (i128::from(time.0) - i128::from(offset)).rem_euclid(i128::from(period));
                let up = if beyond == 0 { 0 } else { i128::from(period) - beyond };
                i64::try_from(i128::from(time.0) + up).unwrap_or(i64::MAX)
            }
        };
        Timestamp(moved).clamped()
    }
}
