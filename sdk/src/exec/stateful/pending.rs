//! Timers that a bundle has set or cleared.

use bytes::Bytes;
use hashbrown::HashMap;

use super::address::ScopeKey;
use crate::coders::timer::{EncodedTimer, Firing, put_timer};
use crate::coders::windowed::WindowCoder;
use crate::exec::unit::UnitResult;
use crate::state::TimerSpec;
use crate::window::{Window, Windows};

/// The timers of a bundle, in the order in which they were last written: of several writes of one
/// timer only the last counts.
#[derive(Default)]
pub(super) struct PendingTimers {
    writes: Vec<Option<Write>>,
    /// The last write of each timer with a tag.
    tagged: HashMap<(usize, Bytes, String), usize>,
}

/// By family: the last write of the timer without a tag of a key and window.
pub(super) type Latest = Vec<Option<usize>>;

struct Write {
    family: usize,
    timer: EncodedTimer,
}

impl PendingTimers {
    /// Sets a timer, or clears it.
    pub(super) fn write(
        &mut self,
        family: usize,
        (scope, window, latest): (&ScopeKey, &Window, &mut Latest),
        tag: &str,
        firing: Option<Firing>,
    ) {
        let number = self.writes.len();
        let earlier = if tag.is_empty() {
            if latest.len() <= family {
                latest.resize(family + 1, None);
            }
            latest[family].replace(number)
        } else {
            self.tagged.insert((family, scope.bytes().clone(), tag.to_owned()), number)
        };
        if let Some(earlier) = earlier {
            self.writes[earlier] = None;
        }
        let windows = Windows::One(window.clone());
        let timer = EncodedTimer { key: scope.key(), tag: tag.to_owned(), windows, firing };
        self.writes.push(Some(Write { family, timer }));
    }

    /// Hands them on, family by family.
    pub(super) fn flush(
        &mut self,
        families: &[TimerSpec],
        windows: &WindowCoder,
        mut hand_on: impl FnMut(&str, Bytes) -> UnitResult,
    ) -> UnitResult {
        if self.writes.is_empty() {
            return Ok(());
        }
        let mut encoded = vec![Vec::new(); families.len()];
        self.tagged.clear();
        for write in self.writes.drain(..).flatten() {
            put_timer(&mut encoded[write.family], &write.timer, windows);
        }
        for (family, timers) in families.iter().zip(encoded) {
            if !timers.is_empty() {
                hand_on(family.name, timers.into())?;
            }
        }
        Ok(())
    }

    /// Forgets them.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}
