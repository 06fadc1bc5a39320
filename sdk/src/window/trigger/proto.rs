//! Triggers as Beam's messages.

use purlin_proto::pipeline::trigger::{self as message, Trigger as Message};
use purlin_proto::pipeline::{self as proto, timestamp_transform};

use super::{Kind, TimestampTransform, Trigger};

/// How deep triggers may be nested in a message; deeper ones are refused.
const MAX_DEPTH: usize = 64;

impl Trigger {
    /// The trigger in a pipeline graph.
    #[doc(hidden)]
    #[must_use]
    pub fn to_proto(&self) -> proto::Trigger {
        to_proto(&self.0)
    }

    /// Reads a trigger of a pipeline graph; `None` where it is incomplete.
    #[doc(hidden)]
    #[must_use]
    pub fn from_proto(trigger: &proto::Trigger) -> Option<Self> {
        from_proto(trigger, MAX_DEPTH).map(Self)
    }
}

fn to_proto(kind: &Kind) -> proto::Trigger {
    let one = |kind: &Kind| Some(Box::new(to_proto(kind)));
    let part = |kind: &Option<Box<Kind>>| kind.as_deref().and_then(one);
    let all = |kinds: &[Kind]| kinds.iter().map(to_proto).collect();
    let trigger = match kind {
        Kind::Default => Message::Default(message::Default {}),
        Kind::Never => Message::Never(message::Never {}),
        Kind::Always => Message::Always(message::Always {}),
        Kind::Count(count) => {
            let element_count = i32::try_from(*count).unwrap_or(i32::MAX);
            Message::ElementCount(message::ElementCount { element_count })
        }
        Kind::Watermark { early, late } => {
            let (early_firings, late_firings) = (part(early), part(late));
            let end = message::AfterEndOfWindow { early_firings, late_firings };
            Message::AfterEndOfWindow(Box::new(end))
        }
        Kind::ProcessingTime(transforms) => {
            Message::AfterProcessingTime(message::AfterProcessingTime {
                timestamp_transforms: transforms.iter().map(transform_to_proto).collect(),
            })
        }
        Kind::SynchronizedProcessingTime => {
            Message::AfterSynchronizedProcessingTime(message::AfterSynchronizedProcessingTime {})
        }
        Kind::Each(each) => Message::AfterEach(message::AfterEach { subtriggers: all(each) }),
        Kind::All(every) => Message::AfterAll(message::AfterAll { subtriggers: all(every) }),
        Kind::Any(any) => Message::AfterAny(message::AfterAny { subtriggers: all(any) }),
        Kind::OrFinally(main, end) => {
            let or = message::OrFinally { main: one(main), finally: one(end) };
            Message::OrFinally(Box::new(or))
        }
        Kind::Repeat(again) => {
            Message::Repeat(Box::new(message::Repeat { subtrigger: one(again) }))
        }
    };
    proto::Trigger { trigger: Some(trigger) }
}

fn from_proto(trigger: &proto::Trigger, depth: usize) -> Option<Kind> {
    let depth = depth.checked_sub(1)?;
    let one = |part: &Option<Box<proto::Trigger>>| {
        part.as_deref().and_then(|part| from_proto(part, depth)).map(Box::new)
    };
    // The outer `None` is a part that is there but cannot be read.
    let part = |part: &Option<Box<proto::Trigger>>| match part {
        Some(_) => one(part).map(Some),
        None => Some(None),
    };
    let all = |parts: &[proto::Trigger]| {
        parts.iter().map(|part| from_proto(part, depth)).collect::<Option<Vec<_>>>()
    };
    Some(match trigger.trigger.as_ref()? {
        Message::Default(_) => Kind::Default,
        Message::Never(_) => Kind::Never,
        Message::Always(_) => Kind::Always,
        Message::ElementCount(count) => Kind::Count(u32::try_from(count.element_count).ok()?),
        Message::AfterEndOfWindow(end) => {
            Kind::Watermark { early: part(&end.early_firings)?, late: part(&end.late_firings)? }
        }
        Message::AfterProcessingTime(after) => {
            let transforms = after.timestamp_transforms.iter().map(transform_from_proto);
            Kind::ProcessingTime(transforms.collect::<Option<_>>()?)
        }
        Message::AfterSynchronizedProcessingTime(_) => Kind::SynchronizedProcessingTime,
        Message::AfterEach(each) => Kind::Each(all(&each.subtriggers)?),
        Message::AfterAll(every) => Kind::All(all(&every.subtriggers)?),
        Message::AfterAny(any) => Kind::Any(all(&any.subtriggers)?),
        Message::OrFinally(or) => Kind::OrFinally(one(&or.main)?, one(&or.finally)?),
        Message::Repeat(repeat) => Kind::Repeat(one(&repeat.subtrigger)?),
    })
}

fn transform_to_proto(transform: &TimestampTransform) -> proto::TimestampTransform {
    use timestamp_transform::{AlignTo, Delay, TimestampTransform as Message};
    let transform = match *transform {
        TimestampTransform::Delay(delay_millis) => Message::Delay(Delay { delay_millis }),
        TimestampTransform::AlignTo { period, offset } => {
            Message::AlignTo(AlignTo { period, offset })
        }
    };
    proto::TimestampTransform { timestamp_transform: Some(transform) }
}

fn transform_from_proto(transform: &proto::TimestampTransform) -> Option<TimestampTransform> {
    use timestamp_transform::TimestampTransform as Message;
    Some(match transform.timestamp_transform.as_ref()? {
        Message::Delay(delay) => TimestampTransform::Delay(delay.delay_millis),
        Message::AlignTo(align) => {
            TimestampTransform::AlignTo { period: align.period, offset: align.offset }
        }
    })
}
