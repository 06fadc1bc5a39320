//! One call: the windows that it deals with, loaded once and written once.

use hashbrown::HashMap;
use purlin_sdk::Window;
use purlin_sdk::exec::Failure;

use super::ReduceFn;
use super::clocks::Clocks;
use super::output::Panes;
use super::record::Record;
use super::store::KeyStore;
use super::touched::Touched;
use super::view::View;

pub(super) struct Call<'a> {
    pub(super) reduce: &'a ReduceFn,
    pub(super) store: &'a mut dyn KeyStore,
    pub(super) clocks: &'a Clocks,
    pub(super) out: &'a mut Panes,
    pub(super) touched: Vec<Touched>,
    /// Where in `touched` a window is.
    places: HashMap<Window, usize>,
    /// Neighbours are mostly in the same window.
    last: usize,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        reduce: &'a ReduceFn,
        store: &'a mut dyn KeyStore,
        clocks: &'a Clocks,
        out: &'a mut Panes,
    ) -> Self {
        let (touched, places) = (Vec::new(), HashMap::new());
        Self { reduce, store, clocks, out, touched, places, last: 0 }
    }

    pub(super) fn view(&self, window: &Window) -> View<'a> {
        View::new(&self.reduce.rules, self.clocks, window)
    }

    /// Where a window is, which is loaded if it was not touched yet.
    pub(super) fn place(&mut self, window: &Window) -> Result<usize, Box<Failure>> {
        if self.touched.get(self.last).is_some_and(|last| last.window == *window) {
            return Ok(self.last);
        }
        self.last = match self.places.get(window) {
            Some(place) => *place,
            None => self.load(window)?,
        };
        Ok(self.last)
    }

    fn load(&mut self, window: &Window) -> Result<usize, Box<Failure>> {
        let fresh = self.reduce.trigger.fresh();
        let stored = self.store.record(window);
        let is_stored = stored.is_some();
        let record = match stored {
            Some(bytes) => Record::decode(&bytes, fresh)?,
            None => Record::new(fresh),
        };
        let place = self.touched.len();
        self.places.insert(window.clone(), place);
        self.touched.push(Touched {
            window: window.clone(),
            record,
            added: Vec::new(),
            is_stored,
            is_changed: false,
            is_gone: false,
            had_timer: false,
        });
        Ok(place)
    }

    /// The places of the touched windows in the order of the windows, so that what comes out does
    /// not depend on the order in which elements came in.
    fn places_in_order(&self) -> Vec<usize> {
        let mut places: Vec<_> = (0..self.touched.len()).collect();
        places.sort_by(|a, b| self.touched[*a].window.cmp(&self.touched[*b].window));
        places
    }

    /// Puts out panes of the windows whose triggers are ready.
    pub(super) fn fire_ready(&mut self) -> Result<(), Box<Failure>> {
        for place in self.places_in_order() {
            if self.touched[place].is_changed && self.touched[place].is_open() {
                self.fire_if_ready(place)?;
            }
        }
        Ok(())
    }

    /// Decides about windows for which a timer came due.
    pub(super) fn wake(&mut self) -> Result<(), Box<Failure>> {
        for place in self.places_in_order() {
            let touched = &mut self.touched[place];
            touched.had_timer = true;
            touched.is_changed = true;
            let view = View::new(&self.reduce.rules, self.clocks, &touched.window);
            if view.is_expired() {
                self.expire(place)?;
            } else if touched.is_open() {
                self.fire_if_ready(place)?;
            }
        }
        Ok(())
    }

    pub(super) fn save(self) {
        for touched in self.touched {
            let view = View::new(&self.reduce.rules, self.clocks, &touched.window);
            touched.save(self.store, &self.reduce.trigger, &view);
        }
    }
}
