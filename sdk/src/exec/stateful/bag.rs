//! What a bundle knows of a bag, and has done to it.

use bytes::Bytes;

use super::address::Address;
use super::encoded;
use crate::coders::{CoderError, Reader};
use crate::exec::Host;
use crate::exec::unit::UnitResult;

/// A bag of encoded values.
#[derive(Default)]
pub(super) struct BagCell {
    /// What the runner holds, where it was read.
    stored: Option<Bytes>,
    /// Whether what the runner holds is to be forgotten.
    pub(super) is_cleared: bool,
    /// What was added since.
    added: Vec<u8>,
}

/// The encoded values of a bag.
pub(super) enum Contents<'a> {
    Stored(&'a Bytes),
    Added(&'a [u8]),
    Both(Vec<u8>),
}

impl Contents<'_> {
    pub(super) fn reader(&self) -> Reader<'_> {
        match self {
            Self::Stored(bytes) => Reader::shared(bytes),
            Self::Added(bytes) => Reader::new(bytes),
            Self::Both(bytes) => Reader::new(bytes),
        }
    }
}

impl BagCell {
    /// A bag of which the runner is to forget what it holds.
    pub(super) fn cleared() -> Self {
        Self { is_cleared: true, ..Self::default() }
    }

    /// A bag of which the runner holds this.
    pub(super) fn known(stored: Bytes) -> Self {
        Self { stored: Some(stored), ..Self::default() }
    }

    /// Its values, of which `fetch` reads those that the runner holds.
    pub(super) fn read(
        &mut self,
        fetch: impl FnOnce() -> UnitResult<Bytes>,
    ) -> UnitResult<Contents<'_>> {
        if self.stored.is_none() && !self.is_cleared {
            self.stored = Some(fetch()?);
        }
        Ok(match &self.stored {
            Some(stored) if self.added.is_empty() => Contents::Stored(stored),
            Some(stored) if !stored.is_empty() => {
                Contents::Both([&stored[..], &self.added].concat())
            }
            _ => Contents::Added(&self.added),
        })
    }

    /// Adds what `encode` appends, and nothing if that fails.
    pub(super) fn append(
        &mut self,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), CoderError>,
    ) -> Result<usize, CoderError> {
        encoded(&mut self.added, encode)
    }

    /// Puts what `encode` appends in the place of all values, and changes nothing if that fails.
    pub(super) fn replace(
        &mut self,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), CoderError>,
    ) -> Result<usize, CoderError> {
        let start = self.added.len();
        let length = encoded(&mut self.added, encode)?;
        self.added.drain(..start);
        self.forget_stored();
        Ok(length)
    }

    pub(super) fn clear(&mut self) {
        self.added.clear();
        self.forget_stored();
    }

    /// What is known to be empty needs no clearing.
    fn forget_stored(&mut self) {
        if self.stored.as_ref().is_none_or(|stored| !stored.is_empty()) {
            self.stored = None;
            self.is_cleared = true;
        }
    }

    /// Whether it is known to be empty or not, without a read.
    pub(super) fn is_known_empty(&self) -> Option<bool> {
        match &self.stored {
            _ if !self.added.is_empty() => Some(false),
            _ if self.is_cleared => Some(true),
            Some(stored) => Some(stored.is_empty()),
            None => None,
        }
    }

    /// Hands the changes on.
    pub(super) fn flush(self, address: &mut Address<'_>, host: &mut dyn Host) -> UnitResult {
        match (self.is_cleared, self.added.is_empty()) {
            (false, true) => Ok(()),
            (false, false) => host.append_state(address.bag(), self.added.into()),
            (true, true) => host.clear_state(address.bag()),
            (true, false) => host.replace_state(address.bag(), self.added.into()),
        }
    }

    /// What was added.
    pub(super) fn into_added(self) -> Vec<u8> {
        self.added
    }
}
