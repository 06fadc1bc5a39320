//! Calls a user's function with each value of a key, and each timer that has fired.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;

use super::coders::{Described, described};
use super::keyed::{Fired, FiredKind};
use super::{Keyed, StatefulDoFn};
use crate::coders::timer::{EncodedTimer, read_timer};
use crate::coders::{CoderError, Nesting, Reader};
use crate::element::{Element, shown};
use crate::exec::elementwise::UnitFactory;
use crate::exec::guard::{Trouble, guarded, shown_stamp};
use crate::exec::router::panic_failure;
use crate::exec::table::Operator;
use crate::exec::unit::{Cx, Unit, UnitResult, UnitSpec, typed};
use crate::exec::{AnyBatch, Batch, Context, Failure, SideOpeners};
use crate::state::{StateSpecs, TimeDomain, Timer};
use crate::window::{Stamp, ValueKind, Windows};

/// The operator of a stateful DoFn, with what it declared and its side inputs.
pub(crate) fn stateful_operator<D: StatefulDoFn>(
    do_fn: D,
    specs: Arc<StateSpecs>,
    sides: SideOpeners,
) -> Arc<dyn Operator> {
    Arc::new(UnitFactory(move |spec: &UnitSpec<'_>| {
        let context = Context::new(spec, &sides)?;
        let specs = Arc::clone(&specs);
        let unit: Box<dyn Unit> = Box::new(Stateful::new(do_fn.clone(), specs, context, spec)?);
        Ok(unit)
    }))
}

struct Stateful<D: StatefulDoFn> {
    do_fn: D,
    context: Context<D::Out>,
    specs: Arc<StateSpecs>,
    described: Described,
    diagnose: bool,
}

impl<D: StatefulDoFn> Stateful<D> {
    fn new(
        mut do_fn: D,
        specs: Arc<StateSpecs>,
        mut context: Context<D::Out>,
        spec: &UnitSpec<'_>,
    ) -> UnitResult<Self> {
        let described = described(spec, &specs, &D::Key::coder_spec())?;
        do_fn.setup().map_err(|error| Failure::from_error(error.as_ref()))?;
        let windowing = (described.windows, described.lateness);
        let keyed = Keyed::new(spec.transform_id, Arc::clone(&specs), windowing);
        context.set_keyed(keyed);
        Ok(Self { do_fn, context, specs, described, diagnose: spec.config.diagnose })
    }

    /// What a family, or the end of windows, is.
    fn kind(&self, family: Option<Timer>) -> FiredKind {
        let spec = family.and_then(|timer| self.specs.timers.get(timer.family));
        match spec.map(|spec| spec.domain) {
            Some(TimeDomain::Event) => FiredKind::EventTimer,
            Some(TimeDomain::Processing) => FiredKind::ProcessingTimer,
            None => FiredKind::EndOfWindow,
        }
    }

    /// Calls the function with a timer that has fired.
    fn fire(&mut self, family: Option<Timer>, timer: &EncodedTimer) -> Result<(), Trouble> {
        let key = D::Key::decode(&mut Reader::shared(&timer.key), Nesting::Nested)
            .map_err(|error| Failure::from_error(&error))?;
        let firing = timer.firing.ok_or_else(|| Failure::new("a timer that fires was cleared"))?;
        for window in timer.windows.as_slice() {
            let stamp = Stamp {
                timestamp: firing.hold,
                windows: Windows::One(window.clone()),
                pane: firing.pane,
                value_kind: ValueKind::Insert,
            };
            let kind = self.kind(family);
            let fired = Fired { at: firing.fire, tag: timer.tag.clone(), kind };
            let put_key = |out: &mut Vec<u8>| -> Result<(), CoderError> {
                out.extend_from_slice(&timer.key);
                Ok(())
            };
            self.context.enter(put_key, stamp, Some(fired)).map_err(Trouble::Below)?;
            let called = catch_unwind(AssertUnwindSafe(|| match family {
                Some(family) => self.do_fn.on_timer(family, &key, &mut self.context),
                None => self.do_fn.on_window_expiration(&key, &mut self.context),
            }));
            let result = match called {
                Ok(result) => result.map_err(Trouble::User),
                Err(panic) => Err(Trouble::Below(panic_failure(panic.as_ref()))),
            };
            result.and_then(|()| self.context.settle()).map_err(|trouble| {
                let name = family.map_or(crate::state::EXPIRATION, |timer| timer.name());
                let what = || format!("timer `{name}` of key {}", shown(&key));
                Trouble::Below(at(trouble.into_failure(), &self.context, what))
            })?;
        }
        Ok(())
    }
}

/// Says where the user's function failed, unless the failure is of another transform.
fn at<O: Element>(
    mut failure: Box<Failure>,
    context: &Context<O>,
    what: impl FnOnce() -> String,
) -> Box<Failure> {
    if failure.transform.is_empty() && failure.text.is_none() {
        failure.element.get_or_insert_with(what);
        failure.stamp = shown_stamp(context.current());
    }
    failure
}

impl<D: StatefulDoFn> Unit for Stateful<D> {
    fn start_bundle(&mut self, cx: &Cx<'_>) -> UnitResult {
        self.context.bind(cx);
        self.context.reset_state();
        let result = self.do_fn.start_bundle(&mut self.context).map_err(Trouble::User);
        result.and_then(|()| self.context.settle()).map_err(Trouble::into_failure)
    }

    fn process(&mut self, batch: Box<dyn AnyBatch>, _cx: &Cx<'_>) -> UnitResult {
        let Batch { values, stamps } = typed::<(D::Key, D::In)>(batch)?;
        let Self { do_fn, context, diagnose, .. } = self;
        let mut current = None;
        // Most batches are of elements of one window that differ in nothing but their time.
        let is_one = |windows: &Windows| windows.as_slice().len() == 1;
        let is_plain =
            stamps.is_constant_but_time() && stamps.windows.constant().is_some_and(is_one);
        guarded(*diagnose, values.into_iter(), |row, (key, value)| {
            if is_plain && row > 0 {
                let key = &*current.insert(key);
                let timestamp = *stamps.timestamps.get(row);
                context.enter_at(|out| key.encode(out, Nesting::Nested), timestamp)?;
                do_fn.process(key, value, context).map_err(Trouble::User)?;
                return context.settle();
            }
            let stamp = stamps.get(row);
            let windows = stamp.windows.as_slice();
            let key = &*current.insert(key);
            let copies = std::iter::repeat_n(value, windows.len());
            for (window, value) in windows.iter().zip(copies) {
                let stamp = Stamp { windows: Windows::One(window.clone()), ..stamp };
                context.enter(|out| key.encode(out, Nesting::Nested), stamp, None)?;
                do_fn.process(key, value, context).map_err(Trouble::User)?;
                context.settle()?;
            }
            Ok(())
        })
        .map_err(|interrupted| {
            let what =
                || current.as_ref().map_or_else(String::new, |key| format!("({}, …)", shown(key)));
            at(interrupted.in_batch(&stamps), context, what)
        })?;
        context.leave();
        context.flush()
    }

    fn process_timers(&mut self, family: &str, timers: &Bytes, _cx: &Cx<'_>) -> UnitResult {
        let timer = match self.specs.timers.iter().position(|timer| timer.name == family) {
            Some(index) => Some(Timer { family: index, name: self.specs.timers[index].name }),
            None if self.described.expiration.as_deref() == Some(family) => None,
            None => return Err(Failure::new(format!("there are no timers `{family}`"))),
        };
        let mut reader = Reader::shared(timers);
        while !reader.is_empty() {
            let fired = read_timer(&mut reader, &self.described.windows, D::Key::skip)
                .map_err(|error| Failure::from_error(&error))?;
            self.fire(timer, &fired).map_err(Trouble::into_failure)?;
        }
        self.context.leave();
        self.context.flush()
    }

    fn flush_state(&mut self) -> UnitResult {
        self.context.flush_state()
    }

    fn finish_bundle(&mut self, _cx: &Cx<'_>) -> UnitResult {
        self.context.leave();
        let result = self.do_fn.finish_bundle(&mut self.context).map_err(Trouble::User);
        result.and_then(|()| self.context.settle()).map_err(Trouble::into_failure)?;
        self.context.flush_state()?;
        self.context.release()
    }

    fn teardown(&mut self) {
        self.do_fn.teardown();
    }
}
