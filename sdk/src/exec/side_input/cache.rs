//! Views that are kept from bundle to bundle.

use bytes::Bytes;
use hashbrown::HashMap;

use crate::window::Window;

/// How many encoded bytes the views that are kept between bundles had, all but the last used.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// How many views are kept between bundles.
const MOST_VIEWS: usize = 64;

/// The views of a side input, by window.
pub(super) struct ViewCache<V> {
    entries: Vec<Entry<V>>,
    by_window: HashMap<Window, usize>,
    bundle: u64,
}

struct Entry<V> {
    window: Window,
    view: V,
    /// What stays the same as long as the contents of the window do, where the runner says so.
    token: Option<Bytes>,
    size_bytes: usize,
    /// The bundle that used it last.
    used: u64,
}

impl<V> Default for ViewCache<V> {
    fn default() -> Self {
        Self { entries: Vec::new(), by_window: HashMap::new(), bundle: 0 }
    }
}

impl<V> ViewCache<V> {
    pub(super) fn get(&self, position: usize) -> &V {
        &self.entries[position].view
    }

    /// Puts another view of the same window in place of one.
    pub(super) fn replace(&mut self, position: usize, view: V) {
        self.entries[position].view = view;
    }

    /// The view of a window that this bundle has used already.
    pub(super) fn used(&self, window: &Window) -> Option<usize> {
        let position = *self.by_window.get(window)?;
        (self.entries[position].used == self.bundle).then_some(position)
    }

    /// The view of a window that an earlier bundle made of the same contents.
    pub(super) fn reuse(&mut self, window: &Window, token: Option<&Bytes>) -> Option<usize> {
        let position = *self.by_window.get(window)?;
        let entry = &mut self.entries[position];
        let is_same = token.is_some() && entry.token.as_ref() == token;
        is_same.then(|| {
            entry.used = self.bundle;
            position
        })
    }

    /// Keeps the view of a window, in place of an older one.
    pub(super) fn insert(
        &mut self,
        window: Window,
        view: V,
        token: Option<Bytes>,
        size_bytes: usize,
    ) -> usize {
        let used = self.bundle;
        let entry = Entry { window: window.clone(), view, token, size_bytes, used };
        if let Some(position) = self.by_window.get(&window) {
            self.entries[*position] = entry;
            return *position;
        }
        self.entries.push(entry);
        self.by_window.insert(window, self.entries.len() - 1);
        self.entries.len() - 1
    }

    /// Begins another bundle: lets go of views that were not used for longest, and of those about
    /// which nobody can say whether they are still good. `grown_bytes` says how many bytes a view
    /// has beside those that it was made of.
    pub(super) fn next_bundle(&mut self, grown_bytes: impl Fn(&V) -> usize) {
        self.bundle += 1;
        self.entries.retain(|entry| entry.token.is_some());
        self.entries.sort_by_key(|entry| std::cmp::Reverse(entry.used));
        let mut bytes = 0;
        let kept = self.entries.iter().take(MOST_VIEWS).take_while(|entry| {
            let is_first = bytes == 0;
            bytes += (entry.size_bytes + grown_bytes(&entry.view)).max(1);
            is_first || bytes <= MOST_BYTES
        });
        self.entries.truncate(kept.count());
        let windows = self.entries.iter().enumerate();
        self.by_window =
            windows.map(|(position, entry)| (entry.window.clone(), position)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::IntervalWindow;

    fn window(start: i64) -> Window {
        let end = crate::Timestamp(start + 10);
        Window::Interval(IntervalWindow { start: crate::Timestamp(start), end })
    }

    fn token(version: u8) -> Option<Bytes> {
        Some(Bytes::copy_from_slice(&[version]))
    }

    #[test]
    fn a_view_is_used_again_while_its_contents_are_the_same() {
        let mut cache = ViewCache::default();
        let position = cache.insert(window(0), "old", token(1), 3);
        assert_eq!(cache.used(&window(0)), Some(position));
        cache.next_bundle(|_| 0);
        assert_eq!(cache.used(&window(0)), None);
        assert_eq!(cache.reuse(&window(0), token(2).as_ref()), None);
        assert_eq!(cache.reuse(&window(0), token(1).as_ref()), Some(0));
        assert_eq!(cache.used(&window(0)), Some(0));
        cache.insert(window(0), "new", token(2), 3);
        assert_eq!(*cache.get(0), "new");
    }

    #[test]
    fn a_view_without_a_token_ends_with_its_bundle() {
        let mut cache = ViewCache::default();
        cache.insert(window(0), 1, None, 3);
        cache.next_bundle(|_| 0);
        assert_eq!(cache.reuse(&window(0), None), None);
        assert!(cache.entries.is_empty());
    }

    #[test]
    fn views_that_were_not_used_for_longest_go_first() {
        let mut cache = ViewCache::default();
        for start in 0..100 {
            cache.insert(window(start), start, token(1), 1);
            cache.next_bundle(|_| 0);
        }
        assert_eq!(cache.entries.len(), MOST_VIEWS);
        assert_eq!(cache.reuse(&window(0), token(1).as_ref()), None);
        let last = cache.reuse(&window(99), token(1).as_ref()).expect("it was used last");
        assert_eq!(*cache.get(last), 99);
        // A large one that was used last leaves no room for others, but is kept.
        cache.next_bundle(|_| 0);
        cache.insert(window(200), 200, token(1), MOST_BYTES * 2);
        cache.next_bundle(|_| 0);
        assert_eq!(cache.entries.len(), 1);
        assert!(cache.reuse(&window(200), token(1).as_ref()).is_some());
    }
}
