//! Merges windows of a key, with all that is kept of them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use hashbrown::HashMap;
use purlin_sdk::Window;
use purlin_sdk::exec::Failure;

use super::call::Call;
use super::element::Element;
use super::merging::{MergedWindow, merges_of};
use super::record::{Emitted, Holds, Record};

/// The windows into which others have merged.
pub(super) type Merged = HashMap<Window, Window>;

impl Call<'_> {
    /// Merges the windows of elements with those that are open. Closed ones take no part.
    pub(super) fn merge(&mut self, elements: &[Element<'_>]) -> Result<Merged, Box<Failure>> {
        let mut merged = Merged::new();
        let Some(merger) = &self.reduce.merger else { return Ok(merged) };
        let open = self.open_windows()?;
        let new: BTreeSet<_> = elements.iter().flat_map(|element| element.windows).collect();
        if new.iter().all(|window| open.contains(*window)) {
            return Ok(merged);
        }
        let windows: BTreeSet<_> = open.iter().chain(new).collect();
        let windows: Vec<_> = windows.into_iter().cloned().collect();
        for merge in merges_of(merger.as_ref(), &windows)? {
            let sources: Vec<_> = merge.from.iter().filter(|from| open.contains(*from)).collect();
            // Whether the new elements are late is a question of the merged window; if they are, the
            // open ones stay as they are.
            if !sources.is_empty() && !self.view(&merge.into).is_expired() {
                self.unite(&merge.into, &sources)?;
            }
            let MergedWindow { into, from } = merge;
            merged.extend(from.into_iter().map(|from| (from, into.clone())));
        }
        Ok(merged)
    }

    fn open_windows(&self) -> Result<BTreeSet<Window>, Box<Failure>> {
        let mut open = BTreeSet::new();
        for window in self.store.windows() {
            let Some(bytes) = self.store.record(&window) else { continue };
            if !Record::decode(&bytes, self.reduce.trigger.fresh())?.is_closed() {
                open.insert(window);
            }
        }
        Ok(open)
    }

    /// Makes one window of open ones.
    fn unite(&mut self, into: &Window, sources: &[&Window]) -> Result<(), Box<Failure>> {
        let place = self.place(into)?;
        let places = sources.iter().map(|window| self.place(window));
        let mut places = places.collect::<Result<Vec<_>, _>>()?;
        // The largest bag goes first, as it is moved for nothing.
        places.sort_by_key(|place| Reverse(self.touched[*place].record.bytes));
        let view = self.view(into);
        let trigger = &self.reduce.trigger;
        let records: Vec<_> = places.iter().map(|place| &self.touched[*place].record).collect();
        let own = if places.contains(&place) {
            self.touched[place].record.trigger.clone()
        } else {
            // A closed window opens again, or what has merged into it would be lost.
            trigger.fresh()
        };
        let states: Vec<_> = records.iter().map(|record| &record.trigger).collect();
        let state = trigger.on_merge(own, &states, &view);
        let holds: Vec<_> = records.iter().map(|record| record.holds).collect();
        let holds = Holds::merged(&holds, &view);
        places.retain(|source| *source != place);
        places.into_iter().for_each(|source| self.take_over(place, source));
        let touched = &mut self.touched[place];
        touched.record.trigger = state;
        touched.record.holds = holds;
        touched.is_changed = true;
        Ok(())
    }

    /// Moves what one window holds to another, behind what that holds. The numbers of its panes go:
    /// the other has its own.
    fn take_over(&mut self, place: usize, source: usize) {
        let fresh = Record::new(self.reduce.trigger.fresh());
        let from = &mut self.touched[source];
        let set = from.record.set;
        let taken = std::mem::replace(&mut from.record, Record { set, ..fresh });
        from.is_gone = true;
        from.is_changed = true;
        let from = from.window.clone();
        let to = &mut self.touched[place];
        if taken.bytes > 0 {
            self.store.move_values(&from, &to.window);
        }
        let start = to.record.bytes;
        let moved = |emitted: Emitted| Emitted { start: start + emitted.start, ..emitted };
        to.record.emitted.extend(taken.emitted.into_iter().map(moved));
        to.record.elements += taken.elements;
        to.record.has_new_elements |= taken.has_new_elements;
        to.record.bytes += taken.bytes;
    }
}
