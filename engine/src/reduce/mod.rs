//! Groups the elements of one key by window and puts them out in panes: when, with which timestamp,
//! and with what of earlier panes.
//!
//! [`ReduceFn`] is a pure machine. All that it knows of a key is in a [`KeyStore`], all that it knows
//! of time is in [`Clocks`], and values are bytes to it. Elements come by [`ReduceFn::elements`]; the
//! timers that it sets bring a call of [`ReduceFn::timers`], which decides from the clocks and not
//! from which timer it was. So a timer that comes twice or too often does no harm; one that is lost,
//! does.
//!
//! | window | in the store |
//! |---|---|
//! | open | a record, values, maybe a hold, timers |
//! | closed, as its trigger has finished | a record, and a timer for its expiry |
//! | expired: the watermark is past its end and the allowed lateness | nothing |
//!
//! Comparisons with clocks are strict: a window ends, a trigger is ready and a window expires when
//! the clock is *after* the time. Timers are delivered strictly after theirs, too.
//!
//! In retracting mode a pane after the first is preceded by copies of those that it replaces, each
//! with its own window, timestamp and pane: one, or several if sessions have merged since. The
//! timestamp of a copy may be behind the output watermark.

mod call;
mod clocks;
mod element;
mod emit;
mod holds;
mod merge;
mod merging;
mod output;
mod pane;
mod record;
mod rules;
mod store;
mod touched;
mod trigger;
mod view;

use purlin_proto::pipeline::WindowingStrategy;
use purlin_sdk::Window;
use purlin_sdk::exec::Failure;

use self::call::Call;
use self::rules::Rules;
use self::trigger::Trigger;
use self::view::View;

pub(crate) use self::clocks::Clocks;
pub(crate) use self::element::Element;
pub(crate) use self::merging::MergeWindows;
pub(crate) use self::output::Panes;
pub(crate) use self::store::KeyStore;
pub(crate) use self::{
    clocks::TimerDomain,
    merging::MergedWindow,
    output::{Pane, PaneKind},
};

/// Groups the elements of keys by the rules of a windowing strategy.
pub(crate) struct ReduceFn {
    rules: Rules,
    trigger: Trigger,
    /// There only if windows merge.
    merger: Option<Box<dyn MergeWindows>>,
}

impl ReduceFn {
    /// The machine of a windowing strategy. `merger` merges its windows, if they do and are not
    /// sessions, which the machine merges itself.
    ///
    /// # Errors
    /// When the strategy is malformed, or there is nothing to merge its windows.
    pub(crate) fn new(
        strategy: &WindowingStrategy,
        merger: Option<Box<dyn MergeWindows>>,
    ) -> Result<Self, Box<Failure>> {
        let rules = Rules::new(strategy)?;
        let trigger = Trigger::new(strategy.trigger.as_ref(), rules.merges)?;
        let merger = if rules.merges { Some(merging::merger(strategy, merger)?) } else { None };
        Ok(Self { rules, trigger, merger })
    }

    /// Adds elements of a key, and puts out the panes for which they were enough.
    ///
    /// # Errors
    /// When something in the store is damaged, or the merging of windows fails. What was done to the
    /// store until then must be undone.
    pub(crate) fn elements(
        &self,
        store: &mut dyn KeyStore,
        clocks: &Clocks,
        elements: &[Element<'_>],
        out: &mut Panes,
    ) -> Result<(), Box<Failure>> {
        let mut call = Call::new(self, store, clocks, out);
        let merged = call.merge(elements)?;
        elements.iter().try_for_each(|element| call.add(element, &merged))?;
        call.fire_ready()?;
        call.save();
        Ok(())
    }

    /// Puts out the panes of windows for which a timer came due, and forgets those that are over.
    ///
    /// # Errors
    /// As [`ReduceFn::elements`].
    pub(crate) fn timers(
        &self,
        store: &mut dyn KeyStore,
        clocks: &Clocks,
        windows: &[Window],
        out: &mut Panes,
    ) -> Result<(), Box<Failure>> {
        let mut call = Call::new(self, store, clocks, out);
        for window in windows {
            // A timer may outlive its window.
            if call.store.record(window).is_some() {
                call.place(window)?;
            }
        }
        call.wake()?;
        call.save();
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
