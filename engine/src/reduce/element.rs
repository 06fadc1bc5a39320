//! Elements that come to be grouped.

use purlin_sdk::exec::Failure;
use purlin_sdk::{Timestamp, Window};

use super::call::Call;
use super::merge::Merged;

/// An element of one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) timestamp: Timestamp,
    pub(crate) windows: &'a [Window],
    /// Its value, encoded so that others may follow it.
    pub(crate) value: &'a [u8],
}

impl Call<'_> {
    /// Adds an element to its windows, or to those into which they have merged.
    pub(super) fn add(
        &mut self,
        element: &Element<'_>,
        merged: &Merged,
    ) -> Result<(), Box<Failure>> {
        let target = |window| merged.get(window).unwrap_or(window);
        for (position, window) in element.windows.iter().enumerate() {
            let into = target(window);
            let earlier = &element.windows[..position];
            // Two of its windows may have merged into one, which it is in only once.
            if merged.is_empty() || earlier.iter().all(|earlier| target(earlier) != into) {
                self.add_to(into, element)?;
            }
        }
        Ok(())
    }

    fn add_to(&mut self, window: &Window, element: &Element<'_>) -> Result<(), Box<Failure>> {
        let view = self.view(window);
        if view.is_expired() {
            self.out.dropped_due_to_lateness += 1;
            return Ok(());
        }
        let place = self.place(window)?;
        let touched = &mut self.touched[place];
        if !touched.is_open() {
            self.out.dropped_due_to_closed_window += 1;
            return Ok(());
        }
        let record = &mut touched.record;
        record.elements += 1;
        record.has_new_elements = true;
        record.bytes += element.value.len() as u64;
        record.holds.add_element(element.timestamp, &view);
        self.reduce.trigger.on_element(&mut record.trigger, &view);
        touched.added.extend_from_slice(element.value);
        touched.is_changed = true;
        Ok(())
    }
}
