//! User functions with state and timers for each key and window.
//!
//! The cells of a bundle are kept as bytes, by key and window: what was read stays for the bundle,
//! what is written is handed to the [`Host`](super::Host) at its end, timers after state. The
//! handles of cells decode and encode at the edge.

mod access;
mod address;
mod bag;
mod coders;
mod context;
mod keyed;
mod lists;
mod maps;
mod multimap;
mod ordered;
mod pending;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod timers;
mod unit;
mod values;

pub(crate) use keyed::Keyed;
pub use timers::TimerSetting;
pub(crate) use unit::stateful_operator;

use super::Context;
use crate::coders::CoderError;
use crate::element::Element;
use crate::error::BoxError;
use crate::state::Timer;

/// A function from the values of each key to any number of elements, with state and timers.
///
/// The values of one key are never processed at the same time. State and timers belong to a key
/// and a window: a value in several windows is processed once for each.
///
/// ```
/// use purlin_sdk::state::{Bag, EventTimer, StateSpecs, Timer, Value};
/// use purlin_sdk::{BoxError, Context, StatefulDoFn, Timestamp};
///
/// /// How many clicks a user made in the minute after the first.
/// #[derive(Clone)]
/// struct Sessionize {
///     clicks: Bag<String>,
///     first: Value<Timestamp>,
///     flush: EventTimer,
/// }
///
/// impl Sessionize {
///     fn new(s: &mut StateSpecs) -> Self {
///         Self { clicks: s.bag("clicks"), first: s.value("first"), flush: s.event_timer("flush") }
///     }
/// }
///
/// impl StatefulDoFn for Sessionize {
///     type Key = String;
///     type In = String;
///     type Out = (String, u64);
///
///     fn process(
///         &mut self,
///         _user: &String,
///         page: String,
///         cx: &mut Context<(String, u64)>,
///     ) -> Result<(), BoxError> {
///         if self.first.read(cx)?.is_none() {
///             let now = cx.timestamp();
///             self.first.write(cx, now)?;
///             self.flush.set(cx, Timestamp(now.millis() + 60_000));
///         }
///         self.clicks.add(cx, page)
///     }
///
///     fn on_timer(
///         &mut self,
///         timer: Timer,
///         user: &String,
///         cx: &mut Context<(String, u64)>,
///     ) -> Result<(), BoxError> {
///         if timer == self.flush {
///             let clicks = self.clicks.read(cx)?.len() as u64;
///             cx.output((user.clone(), clicks));
///             self.clicks.clear(cx)?;
///             self.first.clear(cx)?;
///         }
///         Ok(())
///     }
/// }
///
/// # use purlin_sdk::Pipeline;
/// # let p = Pipeline::new();
/// let clicks = p.create([("ada".to_owned(), "/home".to_owned())]);
/// let sessions = clicks.par_do_stateful(Sessionize::new).named("Sessionize");
/// # assert!(p.seal().is_ok());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `StatefulDoFn`",
    note = "implement `StatefulDoFn` for it; a function without state is a `DoFn`, applied by `par_do`"
)]
pub trait StatefulDoFn: Clone + Send + Sync + 'static {
    /// The keys, whose coder must be deterministic.
    type Key: Element;
    /// The values.
    type In: Element;
    /// What its main output gives.
    type Out: Element;

    /// Whether the values of each key must come in the order of their timestamps. They wait until no
    /// earlier one can come, within the allowed lateness, and so do timers of event time: one fires
    /// after the values of its time.
    const REQUIRES_TIME_SORTED_INPUT: bool = false;
    /// Whether a bundle that is tried again must consist of the same elements.
    const REQUIRES_STABLE_INPUT: bool = false;
    /// Whether [`on_window_expiration`](Self::on_window_expiration) is to be called.
    const HAS_ON_WINDOW_EXPIRATION: bool = false;

    /// Called once before the first bundle.
    ///
    /// # Errors
    /// An error fails the bundle.
    fn setup(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Called before the first element or timer of each bundle. There is no state: no key is being
    /// processed.
    ///
    /// # Errors
    /// An error fails the bundle.
    fn start_bundle(&mut self, _cx: &mut Context<Self::Out>) -> Result<(), BoxError> {
        Ok(())
    }

    /// Called for each value and window.
    ///
    /// # Errors
    /// An error fails the bundle, which is retried as the runner's policy says.
    fn process(
        &mut self,
        key: &Self::Key,
        value: Self::In,
        cx: &mut Context<Self::Out>,
    ) -> Result<(), BoxError>;

    /// Called when a timer of a key and window fires. The context's timestamp is the timer's output
    /// timestamp; [`Context::fire_timestamp`] and [`Context::timer_tag`] tell the rest.
    ///
    /// # Errors
    /// An error fails the bundle.
    fn on_timer(
        &mut self,
        _timer: Timer,
        _key: &Self::Key,
        _cx: &mut Context<Self::Out>,
    ) -> Result<(), BoxError> {
        Ok(())
    }

    /// Called for each key with state when its window has ended and no more late elements are
    /// allowed: the last chance to use the state, which is forgotten then. Only called with
    /// [`HAS_ON_WINDOW_EXPIRATION`](Self::HAS_ON_WINDOW_EXPIRATION).
    ///
    /// # Errors
    /// An error fails the bundle.
    fn on_window_expiration(
        &mut self,
        _key: &Self::Key,
        _cx: &mut Context<Self::Out>,
    ) -> Result<(), BoxError> {
        Ok(())
    }

    /// Called after the last element or timer of each bundle. There is no state: no key is being
    /// processed.
    ///
    /// # Errors
    /// An error fails the bundle.
    fn finish_bundle(&mut self, _cx: &mut Context<Self::Out>) -> Result<(), BoxError> {
        Ok(())
    }

    /// Called when this clone will not be used again, also after a failure.
    fn teardown(&mut self) {}
}

/// How many bytes the first value of a cell has room for.
const FIRST_ROOM: usize = 32;

/// Appends what `encode` does, and nothing if that fails. Returns how much it was.
fn encoded(
    out: &mut Vec<u8>,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), CoderError>,
) -> Result<usize, CoderError> {
    let start = out.len();
    if out.capacity() == 0 {
        // Otherwise it would grow several times for a value of some fields.
        out.reserve(FIRST_ROOM);
    }
    encode(out).inspect_err(|_| out.truncate(start))?;
    Ok(out.len() - start)
}
