//! A value per element of a batch, stored once while it is the same for all.

/// One value for each element of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Column<T> {
    /// All elements have this value.
    Same(T),
    /// A value for each element.
    Each(Vec<T>),
}

impl<T: Clone + PartialEq> Column<T> {
    /// The value of element `row`.
    #[must_use]
    pub fn get(&self, row: usize) -> &T {
        match self {
            Self::Same(value) => value,
            Self::Each(values) => &values[row],
        }
    }

    /// The one value, where all elements have the same by construction.
    #[must_use]
    pub fn constant(&self) -> Option<&T> {
        match self {
            Self::Same(value) => Some(value),
            Self::Each(_) => None,
        }
    }

    /// Appends a value to a column of `length` elements.
    pub fn push(&mut self, value: &T, length: usize) {
        match self {
            Self::Same(same) if length == 0 => same.clone_from(value),
            Self::Same(same) if same == value => {}
            Self::Same(same) => {
                let mut values = vec![same.clone(); length];
                values.push(value.clone());
                *self = Self::Each(values);
            }
            Self::Each(values) => values.push(value.clone()),
        }
    }

    /// A column of the values at `rows`.
    #[must_use]
    pub fn gather(&self, rows: &[u32]) -> Self {
        match self {
            Self::Same(value) => Self::Same(value.clone()),
            Self::Each(values) => {
                Self::Each(rows.iter().map(|&row| values[row as usize].clone()).collect())
            }
        }
    }
}
