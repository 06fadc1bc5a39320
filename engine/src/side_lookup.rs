//! Where the elements of a side input's window are found by key: in memory, or in files.

use std::sync::{Arc, Mutex, OnceLock};

use purlin_sdk::exec::{Failure, StatePage};

use crate::local::lock;
use crate::plan::CollectionId;
use crate::shuffle::Shuffle;
use crate::side_index::KeyIndex;
use crate::side_keys::Lookup;
use crate::side_panes::Kept;
use crate::side_sort::sort;
use crate::side_sorted::{Blocks, Sorted};
use crate::spill::Stored;

/// What a reader wants to know of a window.
#[derive(Clone, Copy)]
pub(crate) enum Ask<'a> {
    /// The values of a key.
    Values(&'a [u8]),
    /// The keys, each once.
    Keys,
    /// The keys, each with an iterable of its values.
    KeysAndValues,
}

/// Where the elements of a window lie, by key. It is made when a reader first asks for a key, and
/// shared by all bundles that see the same contents.
#[derive(Clone, Default, Debug)]
pub(crate) struct LazyIndex(Arc<Lazy>);

#[derive(Default, Debug)]
struct Lazy {
    made: OnceLock<Index>,
    /// Others wait for who makes it: it may take much memory to do so.
    making: Mutex<()>,
}

/// Where elements are found by key.
#[derive(Debug)]
pub(crate) enum Index {
    /// Of elements in memory.
    InMemory(KeyIndex),
    /// Of elements that were sorted into files.
    InFiles(Sorted),
}

impl PartialEq for LazyIndex {
    /// Contents are the same whether or not anybody has looked for a key.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl LazyIndex {
    /// A page of the answer, from the element at `position` on, of what is kept of a collection.
    pub(crate) fn page(
        &self,
        shuffle: &Shuffle,
        (collection, kept): (CollectionId, &[Kept]),
        ask: Ask<'_>,
        position: usize,
    ) -> Result<StatePage, Box<Failure>> {
        match self.get(|| Index::of(shuffle, collection, kept))? {
            Index::InMemory(index) => Lookup { index, position }.page(ask),
            Index::InFiles(sorted) => Blocks { sorted, shuffle, collection }.page(ask, position),
        }
    }

    /// The index, which is made by the first who asks.
    pub(crate) fn get(
        &self,
        make: impl FnOnce() -> Result<Index, Box<Failure>>,
    ) -> Result<&Index, Box<Failure>> {
        let Lazy { made, making } = &*self.0;
        if let Some(made) = made.get() {
            return Ok(made);
        }
        let _turn = lock(making);
        if let Some(made) = made.get() {
            return Ok(made);
        }
        let index = make()?;
        Ok(made.get_or_init(|| index))
    }
}

impl Index {
    fn of(
        shuffle: &Shuffle,
        collection: CollectionId,
        kept: &[Kept],
    ) -> Result<Self, Box<Failure>> {
        let is_spilled = |kept: &Kept| matches!(kept.slice.chunk, Stored::Spilled(_));
        match shuffle.spiller() {
            Some(spiller) if kept.iter().any(is_spilled) => {
                sort(shuffle, spiller, collection, kept).map(Self::InFiles)
            }
            _ => {
                let slices = kept.iter().map(|kept| shuffle.load_indexed(collection, &kept.slice));
                Ok(Self::InMemory(KeyIndex::new(slices.collect::<Result<_, _>>()?)))
            }
        }
    }
}
