//! The keys of a side input, page by page.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::SideWindow;
use crate::coders::{CoderError, Nesting, Reader};
use crate::element::Element;
use crate::exec::Failure;
use crate::exec::unit::UnitResult;

/// Reads the keys of a window; ends with the first failure.
pub(super) struct Keys<'a, K> {
    window: &'a SideWindow,
    /// Asks for the next page; `None` once there is none.
    token: Option<Bytes>,
    /// The beginning of a key that the next page ends.
    begun: Bytes,
    read: VecDeque<K>,
}

impl<'a, K: Element> Keys<'a, K> {
    pub(super) fn new(window: &'a SideWindow) -> Self {
        let (token, begun) = (Some(Bytes::new()), Bytes::new());
        Self { window, token, begun, read: VecDeque::new() }
    }

    fn read_page(&mut self, token: &Bytes) -> UnitResult {
        let (page, next) = self.window.page_of_keys(token)?;
        let data = if self.begun.is_empty() {
            page
        } else {
            let mut data = BytesMut::from(std::mem::take(&mut self.begun));
            data.extend_from_slice(&page);
            data.freeze()
        };
        let mut input = Reader::shared(&data);
        while !input.is_empty() {
            let start = input.position();
            match key(&mut input) {
                Ok(key) => self.read.push_back(key),
                Err(_) if !next.is_empty() => {
                    self.begun = data.slice(start..);
                    break;
                }
                Err(error) => return Err(Failure::from_error(&error)),
            }
        }
        self.token = (!next.is_empty()).then_some(next);
        Ok(())
    }
}

fn key<K: Element>(input: &mut Reader<'_>) -> Result<K, CoderError> {
    let start = input.position();
    let key = K::decode(input, Nesting::Nested)?;
    if input.position() == start {
        return Err(CoderError::new("keys of no bytes cannot be counted"));
    }
    Ok(key)
}

impl<K: Element> Iterator for Keys<'_, K> {
    type Item = UnitResult<K>;

    fn next(&mut self) -> Option<UnitResult<K>> {
        loop {
            if let Some(key) = self.read.pop_front() {
                return Some(Ok(key));
            }
            let token = self.token.take()?;
            if let Err(failure) = self.read_page(&token) {
                return Some(Err(failure));
            }
        }
    }
}
