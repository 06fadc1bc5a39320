//! The handles of state cells. How they are read and written stands where user code runs.

use std::fmt;
use std::marker::PhantomData;

/// Which cell of its transform a handle stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CellId {
    pub(crate) index: usize,
    /// Tells the handle of another transform from one of this.
    pub(crate) name: &'static str,
}

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident<$($type:ident),*>;)*) => {
        $(
            $(#[$doc])*
            pub struct $name<$($type),*> {
                pub(crate) cell: CellId,
                types: PhantomData<fn() -> ($($type,)*)>,
            }

            impl<$($type),*> $name<$($type),*> {
                pub(crate) fn new(cell: CellId) -> Self {
                    Self { cell, types: PhantomData }
                }
            }

            impl<$($type),*> Clone for $name<$($type),*> {
                fn clone(&self) -> Self {
                    *self
                }
            }

            impl<$($type),*> Copy for $name<$($type),*> {}

            impl<$($type),*> fmt::Debug for $name<$($type),*> {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, "{}({:?})", stringify!($name), self.cell.name)
                }
            }
        )*
    };
}

handles! {
    /// One value for each key and window, or none yet.
    Value<T>;
    /// Any number of values for each key and window, in no promised order. Adding reads nothing.
    Bag<T>;
    /// Distinct values for each key and window, by their encoded bytes.
    Set<T>;
    /// A map for each key and window. Its keys are compared by their encoded bytes; what is not
    /// asked for is not read.
    Map<K, V>;
    /// A map with any number of values by key, for each key and window.
    Multimap<K, V>;
    /// Values sorted by timestamp, for each key and window; values of one timestamp are in the
    /// order in which they were added.
    OrderedList<T>;
}

/// An accumulator of a [`CombineFn`](crate::CombineFn) for each key and window.
#[derive(Clone, Copy)]
pub struct Combining<V, F> {
    pub(crate) cell: CellId,
    pub(crate) f: F,
    values: PhantomData<fn(V)>,
}

impl<V, F> Combining<V, F> {
    pub(crate) fn new(cell: CellId, f: F) -> Self {
        Self { cell, f, values: PhantomData }
    }
}

impl<V, F> fmt::Debug for Combining<V, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Combining({:?})", self.cell.name)
    }
}
