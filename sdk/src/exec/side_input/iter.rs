//! Side inputs whose elements are read while they are looked at.

use std::fmt;
use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::sync::Mutex;
use std::vec::IntoIter;

use bytes::{Bytes, BytesMut};

use super::cache::MOST_BYTES;
use super::{AccessPattern, SideWindow, ViewFn};
use crate::coders::Reader;
use crate::element::Element;
use crate::exec::router::lock;
use crate::exec::unit::{UnitResult, typed};
use crate::exec::{BATCH, Failure};

/// One window of a side input: what a view made by [`as_iter`](crate::PCollection::as_iter) shows.
///
/// Its elements are decoded while they are looked at, any number of times, page by page: what is
/// larger than memory can be looked at too. [`as_list`](crate::PCollection::as_list) decodes all
/// elements once and keeps them, which is faster where there are few and each is looked at often.
///
/// A page that cannot be read ends the bundle at once, with the element that asked for it. It does
/// so by unwinding, like a panic, so that no function goes on without an answer.
pub struct SideIter<T> {
    window: SideWindow,
    /// The first pages, each with what asks for the next one.
    pages: Mutex<Pages>,
    elements: PhantomData<fn() -> T>,
}

#[derive(Default)]
struct Pages {
    read: Vec<(Bytes, Bytes)>,
    size_bytes: usize,
}

impl<T: Element> SideIter<T> {
    /// The elements, in the order in which they came.
    #[must_use]
    pub fn iter(&self) -> SideElements<'_, T> {
        let (page, batch) = (Bytes::new(), Vec::new().into_iter());
        SideElements { side: self, next: Some((0, Bytes::new())), page, offset: 0, batch }
    }

    /// Whether there are no elements. Reads no more than the first of them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Whether one of the elements equals this one. Looks at one after another.
    #[must_use]
    pub fn contains(&self, element: &T) -> bool
    where
        T: PartialEq,
    {
        self.iter().any(|it| it == *element)
    }

    /// A page, and what asks for the next one, which is empty behind the last.
    fn page(&self, number: usize, token: &Bytes) -> UnitResult<(Bytes, Bytes)> {
        if let Some(page) = lock(&self.pages).read.get(number) {
            return Ok(page.clone());
        }
        // Nobody waits for the runner meanwhile.
        let page = self.window.page_of_elements(token)?;
        let mut pages = lock(&self.pages);
        if pages.read.len() == number && pages.size_bytes + page.0.len() <= MOST_BYTES {
            pages.size_bytes += page.0.len();
            pages.read.push(page.clone());
        }
        Ok(page)
    }
}

impl<'a, T: Element> IntoIterator for &'a SideIter<T> {
    type Item = T;
    type IntoIter = SideElements<'a, T>;

    fn into_iter(self) -> SideElements<'a, T> {
        self.iter()
    }
}

impl<T> fmt::Debug for SideIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SideIter").finish_non_exhaustive()
    }
}

/// The elements of a [`SideIter`].
pub struct SideElements<'a, T> {
    side: &'a SideIter<T>,
    /// The number of the next page and what asks for it; `None` once there is none.
    next: Option<(usize, Bytes)>,
    page: Bytes,
    /// How much of the page was decoded.
    offset: usize,
    batch: IntoIter<T>,
}

impl<T: Element> SideElements<'_, T> {
    /// Decodes the next elements; `false` where there are none.
    fn fill(&mut self) -> UnitResult<bool> {
        loop {
            if self.offset < self.page.len() {
                match self.decode() {
                    Ok(batch) => {
                        self.batch = typed::<T>(batch)?.values.into_iter();
                        return Ok(true);
                    }
                    // A page may end inside an element.
                    Err(_) if self.next.is_some() => {}
                    Err(failure) => return Err(failure),
                }
            }
            if !self.turn()? {
                return Ok(false);
            }
        }
    }

    fn decode(&mut self) -> UnitResult<Box<dyn crate::exec::AnyBatch>> {
        let mut reader = Reader::shared_at(&self.page, self.offset);
        let batch = self.side.window.codec.decode(&mut reader, BATCH, &mut |_, _, _| Ok(()));
        let batch = batch.map_err(|error| Failure::from_error(&error))?;
        self.offset = reader.position();
        Ok(batch)
    }

    /// Puts the next page behind what is left of this one.
    fn turn(&mut self) -> UnitResult<bool> {
        let Some((number, token)) = self.next.take() else { return Ok(false) };
        let (page, token) = self.side.page(number, &token)?;
        self.next = (!token.is_empty()).then_some((number + 1, token));
        self.page = if self.offset < self.page.len() {
            let mut joined = BytesMut::from(&self.page[self.offset..]);
            joined.extend_from_slice(&page);
            joined.freeze()
        } else {
            page
        };
        self.offset = 0;
        Ok(true)
    }
}

impl<T: Element> Iterator for SideElements<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        loop {
            if let Some(element) = self.batch.next() {
                return Some(element);
            }
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(failure) => resume_unwind(failure),
            }
        }
    }
}

impl<T> fmt::Debug for SideElements<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SideElements").finish_non_exhaustive()
    }
}

/// Makes a [`SideIter`] of each window.
pub(super) struct ElementsView;

impl<T: Element> ViewFn<SideIter<T>> for ElementsView {
    fn pattern(&self) -> AccessPattern {
        AccessPattern::Iterable
    }

    fn view(&self, window: SideWindow) -> UnitResult<(SideIter<T>, usize)> {
        Ok((SideIter { window, pages: Mutex::default(), elements: PhantomData }, 0))
    }

    fn grown_bytes(&self, view: &SideIter<T>) -> usize {
        lock(&view.pages).size_bytes
    }
}
