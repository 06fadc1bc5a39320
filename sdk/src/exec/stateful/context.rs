//! What a user's function sees of the key, window and timer that is being processed.

use super::keyed::Fired;
use crate::coders::CoderError;
use crate::element::Element;
use crate::exec::guard::Trouble;
use crate::exec::unit::UnitResult;
use crate::exec::{Context, Failure};
use crate::time::Timestamp;
use crate::window::Stamp;

impl<Out: Element> Context<Out> {
    /// When the timer that is being processed was to fire, in its time domain; `None` outside of
    /// timers.
    #[must_use]
    pub fn fire_timestamp(&self) -> Option<Timestamp> {
        self.fired().map(|fired| fired.at)
    }

    /// The tag of the timer that is being processed; empty for one without, and outside of timers.
    #[must_use]
    pub fn timer_tag(&self) -> &str {
        self.fired().map_or("", |fired| &fired.tag)
    }

    fn fired(&self) -> Option<&Fired> {
        self.state().and_then(|keyed| keyed.fired.as_ref())
    }

    /// Makes a key, which `put_key` appends in its nested form, and the window of a stamp current.
    pub(super) fn enter(
        &mut self,
        put_key: impl FnOnce(&mut Vec<u8>) -> Result<(), CoderError>,
        stamp: Stamp,
        fired: Option<Fired>,
    ) -> UnitResult {
        if let Some((keyed, _)) = self.keyed() {
            keyed
                .enter(put_key, &stamp.windows.as_slice()[0])
                .map_err(|error| Failure::from_error(&error.within("kv.key")))?;
            keyed.fired = fired;
        }
        self.set_current(stamp);
        Ok(())
    }

    /// Makes a key current, which `put_key` appends in its nested form, in the window and with all
    /// else of the element before, at another time.
    pub(super) fn enter_at(
        &mut self,
        put_key: impl FnOnce(&mut Vec<u8>) -> Result<(), CoderError>,
        timestamp: Timestamp,
    ) -> UnitResult {
        let window = self.window().clone();
        if let Some((keyed, _)) = self.keyed() {
            keyed
                .enter(put_key, &window)
                .map_err(|error| Failure::from_error(&error.within("kv.key")))?;
        }
        self.set_timestamp(timestamp);
        Ok(())
    }

    /// After each call of the user's function: meets what its outputs and timers met.
    pub(super) fn settle(&mut self) -> Result<(), Trouble> {
        if let Some(error) = self.take_trouble() {
            return Err(Trouble::User(error));
        }
        self.check()?;
        match self.keyed() {
            Some((keyed, router)) => Ok(keyed.relieve(router)?),
            None => Ok(()),
        }
    }

    /// Lets go of the current key.
    pub(super) fn leave(&mut self) {
        if let Some((keyed, _)) = self.keyed() {
            keyed.leave();
        }
    }

    /// Forgets what an earlier bundle, which may have failed, has left.
    pub(super) fn reset_state(&mut self) {
        if let Some((keyed, _)) = self.keyed() {
            keyed.reset();
        }
        drop(self.take_trouble());
    }

    /// Hands all writes of the bundle to the host.
    pub(super) fn flush_state(&mut self) -> UnitResult {
        match self.keyed() {
            Some((keyed, router)) => keyed.flush(router),
            None => Ok(()),
        }
    }
}
