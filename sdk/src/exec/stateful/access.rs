//! From the handle of a cell to the cell of the current key and window, without its type.

use super::address::Address;
use super::bag::{BagCell, Contents};
use super::keyed::{Access, Cell};
use super::multimap::MultimapCell;
use super::ordered::OrderedCell;
use crate::coders::CoderError;
use crate::element::Element;
use crate::error::BoxError;
use crate::exec::{Context, Failure, Router};
use crate::state::CellId;

/// Finds the cell of a handle.
pub(super) fn access<Out: Element>(
    cx: &mut Context<Out>,
    id: CellId,
) -> Result<Access<'_>, BoxError> {
    let Some((keyed, router)) = cx.keyed() else {
        return Err("this function has no state: apply it by `par_do_stateful`".into());
    };
    if keyed.specs.cells.get(id.index).is_none_or(|cell| !is_same_name(cell.name, id.name)) {
        return Err(foreign(id.name));
    }
    keyed.access(id.index, router).ok_or_else(|| {
        format!("the state cell `{}` belongs to a key, and none is being processed", id.name).into()
    })
}

/// Whether a handle has the name of what it stands for. Most have the very same, which needs not be
/// read.
pub(super) fn is_same_name(declared: &'static str, handle: &'static str) -> bool {
    std::ptr::eq(declared, handle) || declared == handle
}

/// The error of a handle that another transform made.
pub(super) fn foreign(name: &str) -> BoxError {
    format!("`{name}` was declared by another transform").into()
}

/// A failure as an error that user code hands on.
pub(super) fn boxed(failure: Box<Failure>) -> BoxError {
    failure
}

/// A cell of a known form, with what is needed to read it.
pub(super) struct Found<'a, C> {
    pub(super) cell: &'a mut C,
    pub(super) address: Address<'a>,
    pub(super) router: &'a Router,
    /// Grows by what the cell keeps.
    pub(super) size_bytes: &'a mut usize,
}

macro_rules! forms {
    ($($find:ident $form:ident $cell:ident;)*) => {
        $(
            /// The cell of a handle, which is of this form.
            pub(super) fn $find<Out: Element>(
                cx: &mut Context<Out>,
                id: CellId,
            ) -> Result<Found<'_, $cell>, BoxError> {
                let Access { cell, address, router, size_bytes } = access(cx, id)?;
                match cell {
                    Cell::$form(cell) => Ok(Found { cell, address, router, size_bytes }),
                    _ => Err(foreign(id.name)),
                }
            }
        )*
    };
}

forms! {
    bag Bag BagCell;
    multimap Multimap MultimapCell;
    ordered Ordered OrderedCell;
}

impl<'a> Found<'a, BagCell> {
    /// All values.
    pub(super) fn read(self) -> Result<Contents<'a>, BoxError> {
        let Self { cell, mut address, router, size_bytes } = self;
        let fetch = || {
            let data = router.read_state(address.bag())?;
            *size_bytes += data.len();
            Ok(data)
        };
        cell.read(fetch).map_err(boxed)
    }

    /// Adds a value.
    pub(super) fn append(
        self,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), CoderError>,
    ) -> Result<(), BoxError> {
        *self.size_bytes += self.cell.append(encode)?;
        Ok(())
    }

    /// Puts a value in the place of all.
    pub(super) fn replace(
        self,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), CoderError>,
    ) -> Result<(), BoxError> {
        *self.size_bytes += self.cell.replace(encode)?;
        Ok(())
    }
}
