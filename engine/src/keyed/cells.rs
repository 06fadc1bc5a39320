//! What a key keeps, in memory or in a file.

use super::cell::{Cell, CellId};
use super::cell_coding::put_cells;
use super::cold::Place;
use super::small_map::SmallMap;

/// The cells of a key in memory.
pub(crate) type CellMap = SmallMap<CellId, Cell>;

/// The cells of a key, in memory or in a file.
#[derive(Clone, Debug)]
pub(crate) enum Cells {
    Here(CellMap),
    /// A key without cells has none in a file either.
    Away(Place),
}

impl Cells {
    /// Those in memory.
    pub(super) fn here(&self) -> Option<&CellMap> {
        match self {
            Self::Here(cells) => Some(cells),
            Self::Away(_) => None,
        }
    }

    pub(super) fn is_away(&self) -> bool {
        matches!(self, Self::Away(_))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.here().is_some_and(SmallMap::is_empty)
    }

    /// About how many bytes of memory they take.
    pub(super) fn size_bytes(&self) -> usize {
        self.here().map_or(0, size_of_cells)
    }
}

/// About how many bytes of memory the cells of a key take.
pub(super) fn size_of_cells(cells: &CellMap) -> usize {
    cells.values().map(Cell::size_bytes).sum()
}

impl Default for Cells {
    fn default() -> Self {
        Self::Here(CellMap::new())
    }
}

/// Wherever they are: nothing is read, their checksums are compared.
impl PartialEq for Cells {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Here(one), Self::Here(other)) => one == other,
            (Self::Away(one), Self::Away(other)) => one.checksum() == other.checksum(),
            (Self::Here(cells), Self::Away(place)) | (Self::Away(place), Self::Here(cells)) => {
                let mut bytes = Vec::new();
                put_cells(&mut bytes, cells);
                crc32fast::hash(&bytes) == place.checksum()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_cells_may_be_away_takes_no_room() {
        assert_eq!(size_of::<Cells>(), size_of::<CellMap>());
    }
}
