//! Which windows of side inputs the elements of a stage see, where only users' functions know.
//!
//! The core asks no user: it has a bundle asked about each window of elements that wait, and the
//! commit of that bundle brings the answers.

use std::collections::{BTreeMap, BTreeSet};

use purlin_sdk::{Timestamp, Window};

use crate::bundle::SeenWindow;
use crate::plan::CollectionId;

/// What elements see in the windows that they are in.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct SideWindows {
    /// The side inputs of which users' functions know.
    sides: Vec<CollectionId>,
    by_main: BTreeMap<Window, Sight>,
    /// The windows in which elements wait and of which not everything is known.
    open: BTreeSet<Window>,
}

/// What elements in one window see.
#[derive(Clone, PartialEq, Default, Debug)]
struct Sight {
    /// How often queue entries name it.
    waiting: usize,
    seen: BTreeMap<CollectionId, Window>,
}

impl SideWindows {
    pub(super) fn of(sides: Vec<CollectionId>) -> Self {
        Self { sides, ..Self::default() }
    }

    /// Elements in these windows wait.
    pub(super) fn wait(&mut self, windows: &[Window]) {
        if self.sides.is_empty() {
            return;
        }
        for window in windows {
            let sight = self.by_main.entry(window.clone()).or_default();
            sight.waiting += 1;
            if sight.seen.len() < self.sides.len() {
                self.open.insert(window.clone());
            }
        }
    }

    /// Elements in these windows do not wait any more.
    pub(super) fn leave(&mut self, windows: &[Window]) {
        for window in windows {
            let Some(sight) = self.by_main.get_mut(window) else { continue };
            sight.waiting = sight.waiting.saturating_sub(1);
            if sight.waiting == 0 {
                self.open.remove(window);
            }
        }
    }

    /// A user's function has answered. Nobody asks any more about a window that is not there.
    pub(super) fn learn(&mut self, answer: &SeenWindow) {
        let Some(sight) = self.by_main.get_mut(&answer.main) else { return };
        sight.seen.entry(answer.collection).or_insert_with(|| answer.seen.clone());
        if sight.seen.len() == self.sides.len() {
            self.open.remove(&answer.main);
        }
    }

    /// The window of a side input that elements in `main` see, if that is known.
    pub(super) fn seen(&self, side: CollectionId, main: &Window) -> Option<&Window> {
        self.by_main.get(main)?.seen.get(&side)
    }

    /// The windows of waiting elements, each with a side input of which it is not known what they
    /// see.
    pub(super) fn unknown(&self) -> impl Iterator<Item = (CollectionId, &Window)> {
        let of = |side| self.open.iter().map(move |window| (side, window));
        let all = self.sides.iter().copied().flat_map(of);
        all.filter(|(side, window)| self.seen(*side, window).is_none())
    }

    /// Forgets the windows that the watermark of the elements has passed. Where late ones come, the
    /// function is asked again.
    pub(super) fn forget(&mut self, watermark: Timestamp) {
        let is_passed = |window: &Window| window.max_timestamp() < watermark;
        self.by_main.retain(|window, sight| sight.waiting > 0 || !is_passed(window));
    }

    /// Checks what is counted as it changes: entries in these windows wait.
    ///
    /// # Errors
    /// When another number of them is known.
    pub(super) fn audit<'a>(
        &self,
        windows: impl Iterator<Item = &'a Window>,
    ) -> Result<(), String> {
        let mut counted: BTreeMap<&Window, usize> = BTreeMap::new();
        for window in windows.filter(|_| !self.sides.is_empty()) {
            *counted.entry(window).or_default() += 1;
        }
        let known = self.by_main.iter().filter(|(_, sight)| sight.waiting > 0);
        let known: BTreeMap<_, _> = known.map(|(window, sight)| (window, sight.waiting)).collect();
        if counted != known {
            return Err(format!("I2: elements wait in {counted:?}, not {known:?}"));
        }
        let is_open =
            |window: &&&Window| self.sides.iter().any(|it| self.seen(*it, window).is_none());
        if !known.keys().filter(is_open).copied().eq(&self.open) {
            return Err(format!("I2: nobody asks about some windows but {:?}", self.open));
        }
        Ok(())
    }
}
