//! The bytes of the cells of a key, for those that are kept in files.

use std::collections::BTreeMap;

use purlin_sdk::coders::wire::{put_length_prefixed, put_varint};
use purlin_sdk::coders::{CoderError, Reader};

use super::cell::{Bag, Cell, CellId};
use super::kept_bytes::KeptBytes;
use super::small_map::SmallMap;

type Result<T> = std::result::Result<T, CoderError>;

const BAG: u8 = 0;
const MAP: u8 = 1;
const LIST: u8 = 2;

/// Appends the cells of a key.
pub(super) fn put_cells(out: &mut Vec<u8>, cells: &SmallMap<CellId, Cell>) {
    put_varint(out, cells.len() as u64);
    for (id, cell) in cells.iter() {
        put_length_prefixed(out, &id.window);
        put_varint(out, id.cell.into());
        put_cell(out, cell);
    }
}

/// The cells of a key at the start of these bytes, and how many bytes they take.
pub(super) fn read_cells(bytes: &[u8]) -> Result<(SmallMap<CellId, Cell>, usize)> {
    let mut input = Reader::new(bytes);
    let mut cells = SmallMap::default();
    for _ in 0..input.varint()? {
        let window = kept(&mut input)?;
        let cell = u16::try_from(input.varint()?).map_err(|_| malformed())?;
        cells.insert(CellId { window, cell }, read_cell(&mut input)?);
    }
    Ok((cells, input.position()))
}

fn put_cell(out: &mut Vec<u8>, cell: &Cell) {
    match cell {
        Cell::Bag(bag) => {
            out.push(BAG);
            put_parts(out, bag.parts());
        }
        Cell::Map(map) => {
            out.push(MAP);
            put_varint(out, map.len() as u64);
            for (key, bag) in map.iter() {
                put_length_prefixed(out, key);
                put_parts(out, bag.parts());
            }
        }
        Cell::List(list) => {
            out.push(LIST);
            put_varint(out, list.len() as u64);
            for (at, entries) in list.iter() {
                put_varint(out, at.cast_unsigned());
                put_parts(out, entries);
            }
        }
    }
}

fn read_cell(input: &mut Reader<'_>) -> Result<Cell> {
    match input.array::<1>()? {
        [BAG] => Ok(Cell::Bag(Bag::of(read_parts(input)?))),
        [MAP] => {
            let mut map = BTreeMap::new();
            for _ in 0..input.varint()? {
                let key = kept(input)?;
                map.insert(key, Bag::of(read_parts(input)?));
            }
            Ok(Cell::Map(Box::new(map)))
        }
        [LIST] => {
            let mut list = BTreeMap::new();
            for _ in 0..input.varint()? {
                let at = input.varint()?.cast_signed();
                list.insert(at, read_parts(input)?);
            }
            Ok(Cell::List(Box::new(list)))
        }
        _ => Err(malformed()),
    }
}

fn put_parts(out: &mut Vec<u8>, parts: &[KeptBytes]) {
    put_varint(out, parts.len() as u64);
    parts.iter().for_each(|part| put_length_prefixed(out, part));
}

fn read_parts(input: &mut Reader<'_>) -> Result<Vec<KeptBytes>> {
    let mut parts = Vec::new();
    for _ in 0..input.varint()? {
        parts.push(kept(input)?);
    }
    Ok(parts)
}

fn kept(input: &mut Reader<'_>) -> Result<KeptBytes> {
    let length = input.length()?;
    Ok(KeptBytes::from(input.take(length)?))
}

fn malformed() -> CoderError {
    CoderError::new("the state of a key was damaged in its file")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes() -> impl Strategy<Value = KeptBytes> {
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| KeptBytes::from(&bytes[..]))
    }

    fn parts() -> impl Strategy<Value = Vec<KeptBytes>> {
        prop::collection::vec(bytes(), 0..4)
    }

    fn cell() -> impl Strategy<Value = Cell> {
        let bag = || parts().prop_map(Bag::of);
        prop_oneof![
            bag().prop_map(Cell::Bag),
            prop::collection::btree_map(bytes(), bag(), 0..4).prop_map(|map| Cell::Map(map.into())),
            prop::collection::btree_map(any::<i64>(), parts(), 0..4)
                .prop_map(|list| Cell::List(list.into())),
        ]
    }

    proptest! {
        #[test]
        fn cells_are_read_as_they_were_written(
            cells in prop::collection::vec((bytes(), any::<u16>(), cell()), 0..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let named = |(window, cell, contents)| (CellId { window, cell }, contents);
            let cells: SmallMap<CellId, Cell> = cells.into_iter().map(named).collect();
            let mut written = Vec::new();
            put_cells(&mut written, &cells);
            let length = written.len();
            written.extend_from_slice(b"what follows");
            prop_assert_eq!(read_cells(&written).unwrap(), (cells, length));
            written.truncate(length);
            prop_assert!(read_cells(&written[..cut.index(written.len())]).is_err());
        }
    }
}
