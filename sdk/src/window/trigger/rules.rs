//! What triggers promise: mistakes in them, whether they finish, and what follows a grouping.

use std::time::Duration;

use super::{Kind, TimestampTransform, Trigger};

impl Trigger {
    /// What is wrong with it, if anything.
    pub(crate) fn mistake(&self) -> Option<&'static str> {
        mistake(&self.0)
    }

    /// Whether it is the default one.
    pub(crate) fn is_default(&self) -> bool {
        self.0 == Kind::Default
    }

    /// Whether a window has one pane at most, so that nothing hangs on how panes add up.
    pub(crate) fn fires_once(&self, lateness: Duration) -> bool {
        match &self.0 {
            Kind::Default => lateness.is_zero(),
            Kind::Never | Kind::Watermark { early: None, late: None } => true,
            _ => false,
        }
    }

    /// Whether it may finish while elements still come, which are then lost.
    pub(crate) fn may_lose_data(&self, lateness: Duration) -> bool {
        may_finish(&self.0, lateness)
    }

    /// The trigger of what a grouping with this trigger gives: it lets panes pass as they come.
    ///
    /// **Source:** `getContinuationTrigger` of Beam's Java SDK.
    #[must_use]
    pub(crate) fn continuation(&self) -> Self {
        Self(continuation(&self.0))
    }
}

fn mistake(kind: &Kind) -> Option<&'static str> {
    match kind {
        Kind::Count(0) => Some("a trigger after 0 elements would never have anything to emit"),
        Kind::Count(count) if i32::try_from(*count).is_err() => {
            Some("a trigger can count to 2147483647 at most")
        }
        Kind::ProcessingTime(transforms) => transforms.iter().find_map(unaligned),
        Kind::Each(parts) | Kind::All(parts) | Kind::Any(parts) if parts.is_empty() => {
            Some("a trigger made of others needs at least one of them")
        }
        _ => parts(kind).find_map(mistake),
    }
}

fn unaligned(transform: &TimestampTransform) -> Option<&'static str> {
    match transform {
        TimestampTransform::AlignTo { period, .. } if *period <= 0 => {
            Some("processing time is aligned to a period of at least 1 ms")
        }
        _ => None,
    }
}

/// The triggers that a trigger is made of.
fn parts(kind: &Kind) -> Box<dyn Iterator<Item = &Kind> + '_> {
    match kind {
        Kind::Watermark { early, late } => {
            Box::new(early.as_deref().into_iter().chain(late.as_deref()))
        }
        Kind::Each(parts) | Kind::All(parts) | Kind::Any(parts) => Box::new(parts.iter()),
        Kind::OrFinally(main, end) => Box::new([main.as_ref(), end.as_ref()].into_iter()),
        Kind::Repeat(again) => Box::new(std::iter::once(again.as_ref())),
        _ => Box::new(std::iter::empty()),
    }
}

fn may_finish(kind: &Kind, lateness: Duration) -> bool {
    match kind {
        Kind::Default | Kind::Never | Kind::Always | Kind::Repeat(_) => false,
        // What is not late at the end of the window is all there is.
        Kind::Watermark { late, .. } => late.is_none() && !lateness.is_zero(),
        Kind::Count(_) | Kind::ProcessingTime(_) | Kind::SynchronizedProcessingTime => true,
        Kind::Each(parts) | Kind::All(parts) => parts.iter().all(|part| may_finish(part, lateness)),
        Kind::Any(_) | Kind::OrFinally(..) => parts(kind).any(|part| may_finish(part, lateness)),
    }
}

fn continuation(kind: &Kind) -> Kind {
    let all = |kinds: &[Kind]| kinds.iter().map(continuation).collect::<Vec<_>>();
    let one = |kind: &Kind| Box::new(continuation(kind));
    match kind {
        Kind::Count(_) => Kind::Count(1),
        Kind::ProcessingTime(_) => Kind::SynchronizedProcessingTime,
        Kind::Watermark { early, late } => {
            Kind::Watermark { early: early.as_deref().map(one), late: late.as_deref().map(one) }
        }
        // The order in which they fired upstream says nothing of the order here.
        Kind::Each(parts) => Kind::Repeat(Box::new(Kind::Any(all(parts)))),
        Kind::All(parts) => Kind::All(all(parts)),
        Kind::Any(parts) => Kind::Any(all(parts)),
        Kind::OrFinally(main, end) => Kind::Repeat(Box::new(Kind::OrFinally(one(main), one(end)))),
        Kind::Repeat(again) => Kind::Repeat(one(again)),
        Kind::Default | Kind::Never | Kind::Always | Kind::SynchronizedProcessingTime => {
            kind.clone()
        }
    }
}
