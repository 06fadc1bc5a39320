//! Pages of what readers ask of a side input that they look up by key.

use bytes::Bytes;
use purlin_sdk::exec::{Failure, StatePage};

use crate::side_index::KeyIndex;
use crate::side_lookup::Ask;

/// A page ends with the value or key that fills so many bytes.
const PAGE_BYTES: usize = 1 << 20;

/// The elements of a window by key, and where the page starts that is asked for.
pub(crate) struct Lookup<'a> {
    pub(crate) index: &'a KeyIndex,
    /// The element that a continuation token named.
    pub(crate) position: usize,
}

impl Lookup<'_> {
    pub(crate) fn page(&self, ask: Ask<'_>) -> Result<StatePage, Box<Failure>> {
        match ask {
            Ask::Values(key) => Ok(self.values(key)),
            Ask::Keys => Ok(self.keys()),
            Ask::KeysAndValues => self.keys_and_values(),
        }
    }

    /// The values of a key.
    fn values(&self, key: &[u8]) -> StatePage {
        let group = self.index.group(key);
        let mut page = Page::at(self.position);
        for value in group.values(self.position) {
            page.add(value, 1);
            if page.is_full() {
                break;
            }
        }
        page.finish(group.count())
    }

    /// The keys, each once.
    fn keys(&self) -> StatePage {
        let mut page = Page::at(self.position);
        for group in self.index.groups(self.position) {
            page.add(group.key, group.count());
            if page.is_full() {
                break;
            }
        }
        page.finish(self.index.count())
    }

    /// The keys, each with an iterable of its values. A page may end between two values of a key.
    fn keys_and_values(&self) -> Result<StatePage, Box<Failure>> {
        let mut page = Page::at(self.position);
        let mut is_begun = self.index.is_inside_group(self.position);
        for group in self.index.groups(self.position) {
            if !std::mem::take(&mut is_begun) {
                page.put_head(group.key, group.count())?;
            }
            for value in group.values(0) {
                page.add(value, 1);
                if page.is_full() {
                    return Ok(page.finish(self.index.count()));
                }
            }
        }
        Ok(page.finish(self.index.count()))
    }
}

/// A page that is being written.
pub(crate) struct Page {
    data: Vec<u8>,
    /// The position behind what the page has.
    pub(crate) next: usize,
}

impl Page {
    pub(crate) fn at(position: usize) -> Self {
        Self { data: Vec::new(), next: position }
    }

    /// Adds bytes that stand for so many elements.
    pub(crate) fn add(&mut self, data: &[u8], elements: usize) {
        self.data.extend_from_slice(data);
        self.next += elements;
    }

    /// Begins an entry: the key, and how many values follow.
    pub(crate) fn put_head(&mut self, key: &[u8], values: usize) -> Result<(), Box<Failure>> {
        let count = i32::try_from(values);
        let count = count.map_err(|_| Failure::new("a key has 2³¹ values or more"))?;
        self.data.extend_from_slice(key);
        self.data.extend_from_slice(&count.to_be_bytes());
        Ok(())
    }

    pub(crate) fn is_full(&self) -> bool {
        self.data.len() >= PAGE_BYTES
    }

    /// The page, behind which more follows where it does not reach the end.
    pub(crate) fn finish(self, end: usize) -> StatePage {
        let next = (self.next < end).then(|| Bytes::copy_from_slice(&self.next_token()));
        StatePage { data: self.data.into(), next: next.unwrap_or_default() }
    }

    fn next_token(&self) -> [u8; 8] {
        (self.next as u64).to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use purlin_sdk::Stamp;
    use purlin_sdk::exec::{Chunk, Entry, Framing, key_hash};

    use super::*;
    use crate::bundle::GroupSlice;

    /// Pairs of a key of one byte and a value.
    fn slice(pairs: &[(u8, Vec<u8>)]) -> GroupSlice {
        let (mut data, mut index) = (Vec::new(), Vec::new());
        for (key, value) in pairs {
            let start = u32::try_from(data.len()).expect("small");
            index.push(Entry { start, value: start, key_length: 1, key_hash: key_hash(&[*key]) });
            data.push(*key);
            data.extend_from_slice(value);
        }
        let chunk = Chunk {
            data: data.into(),
            framing: Framing::Constant(Stamp::default()),
            count: u32::try_from(pairs.len()).expect("few"),
            partition: None,
            index: Some(index),
        };
        GroupSlice { chunk: Arc::new(chunk), elements: None }
    }

    /// All pages that `read` gives, one after the other.
    fn pages(
        slices: &[GroupSlice],
        read: impl Fn(&Lookup<'_>) -> Result<StatePage, Box<Failure>>,
    ) -> Vec<Bytes> {
        let index = KeyIndex::new(slices.to_vec());
        let (mut pages, mut position) = (Vec::new(), 0);
        loop {
            let page = read(&Lookup { index: &index, position }).expect("it can be read");
            pages.push(page.data);
            if page.next.is_empty() {
                return pages;
            }
            let next = <[u8; 8]>::try_from(page.next.as_ref()).expect("a position");
            position = usize::try_from(u64::from_be_bytes(next)).expect("small");
        }
    }

    #[test]
    fn a_key_has_its_values_of_all_chunks_in_their_order() {
        let slices = [
            slice(&[(1, b"a".to_vec()), (2, b"b".to_vec()), (1, b"c".to_vec())]),
            slice(&[(3, b"d".to_vec()), (1, b"e".to_vec())]),
        ];
        let values = |key: u8| pages(&slices, |lookup| Ok(lookup.values(&[key]))).concat();
        assert_eq!(values(1), b"ace");
        assert_eq!(values(2), b"b");
        assert_eq!(values(3), b"d");
        assert_eq!(values(4), b"");
    }

    #[test]
    fn keys_come_once_and_with_all_their_values() {
        let slices =
            [slice(&[(1, b"a".to_vec()), (2, b"b".to_vec())]), slice(&[(1, b"c".to_vec())])];
        let mut keys = pages(&slices, |lookup| Ok(lookup.keys())).concat();
        keys.sort_unstable();
        assert_eq!(keys, [1, 2]);
        let pairs = pages(&slices, |lookup| lookup.keys_and_values()).concat();
        let (one, two) = (b"\x01\0\0\0\x02ac".as_slice(), b"\x02\0\0\0\x01b".as_slice());
        assert!(pairs == [one, two].concat() || pairs == [two, one].concat(), "{pairs:?}");
    }

    #[test]
    fn much_comes_in_pages_that_end_between_values() {
        let large = |byte: u8| vec![byte; PAGE_BYTES / 2];
        let values: Vec<_> = (0..5).map(|n| (7, large(n))).collect();
        let of_key = pages(&[slice(&values)], |lookup| Ok(lookup.values(&[7])));
        let sizes: Vec<_> = of_key.iter().map(Bytes::len).collect();
        assert_eq!(sizes, [PAGE_BYTES, PAGE_BYTES, PAGE_BYTES / 2]);
        assert_eq!(of_key.concat(), (0..5).flat_map(large).collect::<Vec<_>>());

        let pairs = pages(&[slice(&values)], |lookup| lookup.keys_and_values());
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs.concat()[..5], *b"\x07\0\0\0\x05");
        assert_eq!(pairs.concat()[5..], of_key.concat());

        let keys: Vec<_> = (0..5).map(|key| (key, large(key))).collect();
        let pairs = pages(&[slice(&keys)], |lookup| lookup.keys_and_values());
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs.concat().len(), 5 * (5 + PAGE_BYTES / 2));
    }

    #[test]
    fn nothing_has_no_keys() {
        assert_eq!(pages(&[], |lookup| Ok(lookup.keys())), [Bytes::new()]);
        assert_eq!(pages(&[], |lookup| lookup.keys_and_values()), [Bytes::new()]);
    }
}
