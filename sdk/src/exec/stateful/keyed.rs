//! The state of a bundle: what it has read, and what it has yet to write.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hashbrown::HashMap;
use purlin_proto::fn_execution::StateKey;

use super::address::{Address, ScopeKey};
use super::bag::BagCell;
use super::multimap::MultimapCell;
use super::ordered::OrderedCell;
use super::pending::{Latest, PendingTimers};
use crate::coders::windowed::WindowCoder;
use crate::exec::Router;
use crate::exec::unit::UnitResult;
use crate::state::{CellKind, StateSpecs};
use crate::time::Timestamp;
use crate::window::Window;

/// How many bytes of state a bundle keeps before it hands its writes on and forgets what it read.
const CACHE_BYTES: usize = 64 << 20;

/// The state cells and timers of a stateful transform, bound to the key and window of what is
/// being processed.
pub(crate) struct Keyed {
    pub(super) transform_id: String,
    pub(super) specs: Arc<StateSpecs>,
    pub(super) windows: WindowCoder,
    pub(super) lateness: Duration,
    scopes: Vec<Scope>,
    by_bytes: HashMap<Bytes, usize, foldhash::fast::FixedState>,
    current: Option<usize>,
    buffer: Vec<u8>,
    /// How each cell was last named.
    names: Vec<StateKey>,
    pub(super) timers: PendingTimers,
    /// The timer that is being processed.
    pub(super) fired: Option<Fired>,
    /// About how many bytes it keeps.
    size_bytes: usize,
}

/// What a timer that has fired says beside its key, window and output timestamp.
pub(super) struct Fired {
    pub(super) at: Timestamp,
    pub(super) tag: String,
    pub(super) kind: FiredKind,
}

/// What has fired.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FiredKind {
    EventTimer,
    ProcessingTimer,
    EndOfWindow,
}

/// The cells of a key and window.
pub(super) struct Scope {
    pub(super) key: ScopeKey,
    pub(super) window: Window,
    cells: Vec<Cell>,
    timers: Latest,
}

pub(super) enum Cell {
    Bag(BagCell),
    Multimap(MultimapCell),
    Ordered(OrderedCell),
}

impl Cell {
    fn of(kind: &CellKind) -> Self {
        match kind {
            CellKind::Value(_) | CellKind::Bag(_) | CellKind::Combining(_) => {
                Self::Bag(BagCell::default())
            }
            CellKind::Set(_) | CellKind::Map(..) | CellKind::Multimap(..) => {
                Self::Multimap(MultimapCell::default())
            }
            CellKind::OrderedList(_) => Self::Ordered(OrderedCell::default()),
        }
    }
}

/// A cell, with what is needed to read it.
pub(super) struct Access<'a> {
    pub(super) cell: &'a mut Cell,
    pub(super) address: Address<'a>,
    pub(super) router: &'a Router,
    pub(super) size_bytes: &'a mut usize,
}

impl Keyed {
    pub(super) fn new(
        transform_id: &str,
        specs: Arc<StateSpecs>,
        (windows, lateness): (WindowCoder, Duration),
    ) -> Self {
        Self {
            transform_id: transform_id.to_owned(),
            names: vec![StateKey::default(); specs.cells.len()],
            specs,
            windows,
            lateness,
            scopes: Vec::new(),
            by_bytes: HashMap::default(),
            current: None,
            buffer: Vec::new(),
            timers: PendingTimers::default(),
            fired: None,
            size_bytes: 0,
        }
    }

    /// Makes a key and window current; `put_key` appends the key.
    pub(super) fn enter<E>(
        &mut self,
        put_key: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
        window: &Window,
    ) -> Result<(), E> {
        self.buffer.clear();
        put_key(&mut self.buffer)?;
        let key_length = self.buffer.len();
        self.windows.put_window(&mut self.buffer, window);
        let is_current = |scope: usize| self.scopes[scope].key.bytes() == &self.buffer[..];
        if self.current.is_some_and(is_current) {
            return Ok(());
        }
        self.current = Some(match self.by_bytes.get(&self.buffer[..]) {
            Some(known) => *known,
            None => self.open(key_length, window),
        });
        Ok(())
    }

    fn open(&mut self, key_length: usize, window: &Window) -> usize {
        let bytes = Bytes::copy_from_slice(&self.buffer);
        let cells: Vec<_> = self.specs.cells.iter().map(|cell| Cell::of(&cell.kind)).collect();
        self.size_bytes += bytes.len() + size_of::<Scope>() + size_of::<Cell>() * cells.len();
        let position = self.scopes.len();
        self.by_bytes.insert(bytes.clone(), position);
        let key = ScopeKey::new(bytes, key_length);
        self.scopes.push(Scope { key, window: window.clone(), cells, timers: Latest::new() });
        position
    }

    /// The key and window that are current.
    pub(super) fn scope(&self) -> Option<&Scope> {
        self.scopes.get(self.current?)
    }

    /// A cell of the current key and window.
    pub(super) fn access<'a>(&'a mut self, index: usize, router: &'a Router) -> Option<Access<'a>> {
        let Scope { key, cells, .. } = self.scopes.get_mut(self.current?)?;
        let cell = self.specs.cells.get(index)?.name;
        let last = self.names.get_mut(index)?;
        let address = Address { transform_id: &self.transform_id, cell, scope: key, last };
        let size_bytes = &mut self.size_bytes;
        Some(Access { cell: cells.get_mut(index)?, address, router, size_bytes })
    }

    /// Writes a timer of the current key and window.
    pub(super) fn write_timer(
        &mut self,
        family: usize,
        tag: &str,
        firing: Option<crate::coders::timer::Firing>,
    ) {
        let Some(scope) = self.current.and_then(|current| self.scopes.get_mut(current)) else {
            return;
        };
        let Scope { key, window, timers, .. } = scope;
        self.timers.write(family, (key, window, timers), tag, firing);
        self.size_bytes += size_of::<Scope>() + key.bytes().len() + tag.len();
    }

    /// Lets go of the current key.
    pub(super) fn leave(&mut self) {
        self.current = None;
        self.fired = None;
    }

    /// Hands everything on if it has become too much to keep.
    pub(super) fn relieve(&mut self, router: &Router) -> UnitResult {
        if self.size_bytes < CACHE_BYTES { Ok(()) } else { self.flush(router) }
    }

    /// Hands all writes to the host, state first, and forgets what was read.
    pub(super) fn flush(&mut self, router: &Router) -> UnitResult {
        let scopes = std::mem::take(&mut self.scopes);
        let mut timers = std::mem::take(&mut self.timers);
        self.reset();
        let Self { transform_id, specs, windows, names, .. } = self;
        router.with_host(|host| {
            for Scope { key, cells, .. } in scopes {
                let named = specs.cells.iter().zip(&mut *names);
                for (cell, (spec, last)) in cells.into_iter().zip(named) {
                    let scope = &key;
                    let mut address = Address { transform_id, cell: spec.name, scope, last };
                    match cell {
                        Cell::Bag(bag) => bag.flush(&mut address, host)?,
                        Cell::Multimap(map) => map.flush(&mut address, host)?,
                        Cell::Ordered(list) => list.flush(&mut address, host)?,
                    }
                }
            }
            timers.flush(&specs.timers, windows, |family, timers| {
                host.set_timers(transform_id, family, timers)
            })
        })
    }

    /// Forgets everything.
    pub(super) fn reset(&mut self) {
        self.scopes.clear();
        self.by_bytes.clear();
        self.timers.reset();
        self.leave();
        self.size_bytes = 0;
    }
}
