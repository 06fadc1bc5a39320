//! The values of one key that are not all in memory at a time.

use std::sync::Arc;

use bytes::Bytes;

use crate::coders::{Nesting, Reader};
use crate::element::Element;
use crate::error::Result;
use crate::window::Stamp;

/// Encoded pairs of one key, in pages that are read one after another, any number of times.
pub trait Pages: Send + Sync {
    /// How many pages there are.
    fn count(&self) -> usize;

    /// The pairs of a page, one behind the other, whole and without headers.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, page: usize) -> Result<Bytes>;
}

/// A group whose values are read while they are looked at.
pub struct PagedGroup {
    /// The encoded key, which each of the pairs begins with.
    pub key: Bytes,
    /// The pairs.
    pub pages: Arc<dyn Pages>,
    /// How many there are.
    pub count: usize,
    /// What the group is stamped with.
    pub stamp: Stamp,
}

/// The pages of a group, as its values read them.
#[derive(Clone)]
pub(super) struct Paged {
    pages: Arc<dyn Pages>,
    key_length: usize,
}

/// A place in the pages of a group.
#[derive(Clone, Default)]
pub(super) struct Place {
    page: Bytes,
    next_page: usize,
    offset: usize,
}

impl Paged {
    pub(super) fn new(group: &PagedGroup) -> Self {
        Self { pages: Arc::clone(&group.pages), key_length: group.key.len() }
    }

    /// The page and the offset in it of the next value; where there is none, behind the last page.
    pub(super) fn next<'a>(&self, place: &'a mut Place) -> Result<(&'a Bytes, usize)> {
        while place.offset >= place.page.len() && place.next_page < self.pages.count() {
            place.page = self.pages.read(place.next_page)?;
            (place.next_page, place.offset) = (place.next_page + 1, 0);
        }
        Ok((&place.page, place.offset.saturating_add(self.key_length).min(place.page.len())))
    }
}

impl Place {
    /// The next value, which there is.
    pub(super) fn value<V: Element>(&mut self, pages: &Paged) -> V {
        let decoded = pages.next(self).map_err(|error| error.to_string()).and_then(|(page, at)| {
            let mut reader = Reader::shared_at(page, at);
            let value = V::decode(&mut reader, Nesting::Nested);
            value.map(|value| (value, reader.position())).map_err(|error| error.to_string())
        });
        match decoded {
            Ok((value, end)) => {
                self.pass(end);
                value
            }
            // What waits in a file may be lost. A panic here is fenced and fails the bundle.
            Err(error) => panic!("a value of the group cannot be read: {error}"),
        }
    }

    /// A value was read, up to here.
    pub(super) fn pass(&mut self, end: usize) {
        self.offset = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::exec::Grouped;
    use crate::window::Stamp;

    /// Pages of pairs of the key `k`; where one is missing, it cannot be read.
    struct Book(Vec<Option<Bytes>>);

    impl Pages for Book {
        fn count(&self) -> usize {
            self.0.len()
        }

        fn read(&self, page: usize) -> Result<Bytes> {
            self.0[page].clone().ok_or_else(|| Error::environment("the page is torn out"))
        }
    }

    fn group(count: usize, pages: Vec<Option<Vec<&str>>>) -> Grouped<String> {
        let page = |values: Vec<&str>| {
            let mut page = Vec::new();
            for value in values {
                page.push(b'k');
                value.to_owned().encode(&mut page, Nesting::Nested).unwrap();
            }
            Bytes::from(page)
        };
        let pages = Arc::new(Book(pages.into_iter().map(|values| values.map(page)).collect()));
        let key = Bytes::from_static(b"k");
        Grouped::paged(&PagedGroup { key, pages, count, stamp: Stamp::default() })
    }

    #[test]
    fn a_group_in_pages_is_read_more_than_once_and_encoded_as_any_other() {
        let group = group(4, vec![Some(vec!["a", ""]), Some(vec![]), Some(vec!["long", "b"])]);
        let values = ["a", "", "long", "b"];
        for _ in 0..2 {
            assert_eq!(group.clone().into_iter().collect::<Vec<_>>(), values);
        }
        let encode = |group: &Grouped<String>| {
            let mut out = Vec::new();
            group.encode(&mut out, Nesting::Nested).unwrap();
            out
        };
        assert_eq!(encode(&group), encode(&values.map(str::to_owned).into_iter().collect()));
    }

    #[test]
    fn a_page_that_cannot_be_read_is_an_error_that_says_why() {
        let group = group(2, vec![Some(vec!["a"]), None]);
        assert_eq!(group.iter().next().as_deref(), Some("a"));
        let mut out = Vec::new();
        let error = group.encode(&mut out, Nesting::Nested).unwrap_err().to_string();
        assert!(error.contains("the page is torn out"), "{error}");
    }
}
