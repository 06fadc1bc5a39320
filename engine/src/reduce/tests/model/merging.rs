//! Merges sessions, two at a time until none overlap.

use std::collections::{BTreeMap, BTreeSet};

use purlin_sdk::{IntervalWindow, Window};

use super::history::Event;
use super::{Model, ModelElement, State};
use crate::reduce::Clocks;

fn bounds(window: &Window) -> IntervalWindow {
    match window {
        Window::Interval(interval) => *interval,
        _ => panic!("sessions are intervals"),
    }
}

fn union(a: &IntervalWindow, b: &IntervalWindow) -> Option<IntervalWindow> {
    let overlap = a.start < b.end && b.start < a.end;
    overlap.then(|| IntervalWindow { start: a.start.min(b.start), end: a.end.max(b.end) })
}

/// The windows that become one, each with those it is made of.
fn groups(windows: &BTreeSet<Window>) -> Vec<(Window, Vec<Window>)> {
    let mut groups: Vec<_> =
        windows.iter().map(|window| (bounds(window), vec![window.clone()])).collect();
    'again: loop {
        for a in 0..groups.len() {
            for b in 0..a {
                if let Some(both) = union(&groups[a].0, &groups[b].0) {
                    let (_, members) = groups.remove(a);
                    groups[b].0 = both;
                    groups[b].1.extend(members);
                    continue 'again;
                }
            }
        }
        break;
    }
    groups.into_iter().map(|(both, members)| (Window::Interval(both), members)).collect()
}

impl Model {
    /// Merges the windows of elements with the open ones; returns what became of each.
    pub(super) fn merge(
        &mut self,
        clocks: &Clocks,
        elements: &[ModelElement],
    ) -> BTreeMap<Window, Window> {
        let open: BTreeSet<_> =
            self.windows.keys().filter(|window| self.is_open(window)).cloned().collect();
        let new = elements.iter().flat_map(|(_, windows, _)| windows.clone());
        let all: BTreeSet<_> = open.iter().cloned().chain(new).collect();
        let mut merged = BTreeMap::new();
        for (into, members) in groups(&all) {
            let is_merge = members.len() > 1;
            let open_members: Vec<_> =
                members.iter().filter(|member| open.contains(*member)).cloned().collect();
            merged.extend(members.into_iter().map(|member| (member, into.clone())));
            // Late elements change nothing, and new windows alone have nothing to merge.
            if is_merge && !open_members.is_empty() && clocks.input_watermark <= self.expiry(&into)
            {
                self.unite(clocks, &into, &open_members);
            }
        }
        merged
    }

    fn unite(&mut self, clocks: &Clocks, into: &Window, members: &[Window]) {
        let mut others = Vec::new();
        for member in members.iter().filter(|member| *member != into) {
            if let Some(State::Open { history, .. }) = self.windows.remove(member) {
                others.push((member.clone(), history));
            }
        }
        if let Some(State::Closed { last }) = self.windows.get(into) {
            let last = *last;
            self.windows.remove(into);
            self.history_mut(into).push(Event::Reopened { last });
        }
        let is_itself = members.contains(into);
        self.history_mut(into).push(Event::Merged { clocks: *clocks, is_itself, others });
    }
}
