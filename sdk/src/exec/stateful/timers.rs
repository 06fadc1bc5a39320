//! Setting and clearing timers.

use std::time::Duration;

use super::access::{boxed, foreign, is_same_name};
use super::keyed::{FiredKind, Keyed};
use crate::coders::timer::Firing;
use crate::element::Element;
use crate::error::BoxError;
use crate::exec::{Context, Router};
use crate::state::{EventTimer, ProcessingTimer, TimeDomain, Timer};
use crate::time::Timestamp;

/// A timer with a tag or an output timestamp, about to be set or cleared.
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing happens until it is set or cleared"]
pub struct TimerSetting<'a> {
    timer: Timer,
    tag: &'a str,
    output_timestamp: Option<Timestamp>,
}

/// When a timer is to fire.
#[derive(Clone, Copy)]
enum Due {
    At(Timestamp),
    After(Duration),
}

impl<'a> TimerSetting<'a> {
    fn new(timer: Timer) -> Self {
        Self { timer, tag: "", output_timestamp: None }
    }

    /// The timer of this tag: timers of one family and different tags do not know of each other.
    pub fn tag(mut self, tag: &'a str) -> Self {
        self.tag = tag;
        self
    }

    /// The timestamp of what is output when it fires: by default the time at which an event timer
    /// fires, or that of the element that set a processing timer. It holds back the watermark of
    /// the output until then, and must be neither before the time of what is being processed nor
    /// after the end of its window.
    pub fn output_timestamp(mut self, timestamp: Timestamp) -> Self {
        self.output_timestamp = Some(timestamp);
        self
    }

    /// Sets it to fire at a time, in the place of an earlier setting. An event timer must not fire
    /// after the end of its window and the lateness allowed: that fails the bundle.
    pub fn set<Out: Element>(self, cx: &mut Context<Out>, at: Timestamp) {
        self.write(cx, Some(Due::At(at)));
    }

    /// Sets it to fire after a delay, in the place of an earlier setting: in event time from the
    /// time of the element, or event timer, that is being processed, but not after the end of its
    /// window; in processing time from now.
    pub fn set_after<Out: Element>(self, cx: &mut Context<Out>, delay: Duration) {
        self.write(cx, Some(Due::After(delay)));
    }

    /// Has it not fire, if it was set.
    pub fn clear<Out: Element>(self, cx: &mut Context<Out>) {
        self.write(cx, None);
    }

    /// A mistake is noted, and fails the bundle once the user's function has returned.
    fn write<Out: Element>(self, cx: &mut Context<Out>, due: Option<Due>) {
        let (timestamp, pane) = (cx.timestamp(), cx.pane());
        let result = match cx.keyed() {
            None => Err("this function has no timers: apply it by `par_do_stateful`".into()),
            Some((keyed, router)) => self.domain(keyed).and_then(|domain| {
                let firing = due.map(|due| {
                    let fire = self.fire((due, domain), timestamp, keyed, router)?;
                    let hold = self.hold((fire, domain), timestamp, keyed)?;
                    Ok::<_, BoxError>(Firing { fire, hold, pane })
                });
                keyed.write_timer(self.timer.family, self.tag, firing.transpose()?);
                Ok(())
            }),
        };
        if let Err(error) = result {
            cx.note(error);
        }
    }

    fn domain(self, keyed: &Keyed) -> Result<TimeDomain, BoxError> {
        let Timer { family, name } = self.timer;
        let declared = keyed.specs.timers.get(family);
        let Some(spec) = declared.filter(|spec| is_same_name(spec.name, name)) else {
            return Err(foreign(name));
        };
        if keyed.scope().is_none() {
            let message = format!("timer `{name}` belongs to a key, and none is being processed");
            return Err(message.into());
        }
        if keyed.fired.as_ref().is_some_and(|fired| fired.kind == FiredKind::EndOfWindow) {
            return Err(format!("timer `{name}` would not fire: its window has ended").into());
        }
        Ok(spec.domain)
    }

    fn fire(
        self,
        due: (Due, TimeDomain),
        timestamp: Timestamp,
        keyed: &Keyed,
        router: &Router,
    ) -> Result<Timestamp, BoxError> {
        match due {
            (Due::At(at), TimeDomain::Event) => {
                let what = || format!("timer `{}` is set to fire at {at}", self.timer.name);
                keyed.not_after_window(at, what)
            }
            (Due::After(delay), TimeDomain::Event) => {
                let fired = keyed.fired.as_ref();
                let event = fired.filter(|fired| fired.kind == FiredKind::EventTimer);
                let from = event.map_or(timestamp, |fired| fired.at);
                Ok((from + delay).min(keyed.expiry()))
            }
            (Due::At(at), TimeDomain::Processing) => Ok(at.clamped()),
            (Due::After(delay), TimeDomain::Processing) => {
                Ok(router.with_host(|host| Ok(host.processing_time())).map_err(boxed)? + delay)
            }
        }
    }

    fn hold(
        self,
        (fire, domain): (Timestamp, TimeDomain),
        timestamp: Timestamp,
        keyed: &Keyed,
    ) -> Result<Timestamp, BoxError> {
        let Some(hold) = self.output_timestamp else {
            return Ok(if domain == TimeDomain::Event { fire } else { timestamp });
        };
        let what = || format!("timer `{}` has the output timestamp {hold}", self.timer.name);
        if hold < timestamp {
            let what = what();
            return Err(format!("{what}, before {timestamp}, the time of what set it").into());
        }
        keyed.not_after_window(hold, what)
    }
}

impl Keyed {
    /// The last time at which the current window exists.
    fn expiry(&self) -> Timestamp {
        let end = self.scope().map_or(Timestamp::MAX, |scope| scope.window.max_timestamp());
        end + self.lateness
    }

    fn not_after_window(
        &self,
        time: Timestamp,
        what: impl FnOnce() -> String,
    ) -> Result<Timestamp, BoxError> {
        let expiry = self.expiry();
        if time > expiry {
            let what = what();
            return Err(format!("{what}, after its window has ended at {expiry}").into());
        }
        Ok(time.clamped())
    }
}

macro_rules! handles {
    ($($handle:ident),*) => {
        $(
            impl $handle {
                /// Sets it; see [`TimerSetting::set`].
                pub fn set<Out: Element>(&self, cx: &mut Context<Out>, at: Timestamp) {
                    TimerSetting::new((*self).into()).set(cx, at);
                }

                /// Sets it; see [`TimerSetting::set_after`].
                pub fn set_after<Out: Element>(&self, cx: &mut Context<Out>, delay: Duration) {
                    TimerSetting::new((*self).into()).set_after(cx, delay);
                }

                /// Has it not fire, if it was set.
                pub fn clear<Out: Element>(&self, cx: &mut Context<Out>) {
                    TimerSetting::new((*self).into()).clear(cx);
                }

                /// The timer of this tag; see [`TimerSetting::tag`].
                pub fn tag<'a>(&self, tag: &'a str) -> TimerSetting<'a> {
                    TimerSetting::new((*self).into()).tag(tag)
                }

                /// This timer, with another timestamp for what is output when it fires; see
                /// [`TimerSetting::output_timestamp`].
                pub fn output_timestamp(&self, timestamp: Timestamp) -> TimerSetting<'static> {
                    TimerSetting::new((*self).into()).output_timestamp(timestamp)
                }
            }
        )*
    };
}

handles!(EventTimer, ProcessingTimer);
