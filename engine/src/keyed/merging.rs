//! Windows that a user's own function merges.

use purlin_proto::pipeline::{FunctionSpec, WindowingStrategy};
use purlin_proto::urns::window_fns;
use purlin_sdk::Window;
use purlin_sdk::exec::Failure;

use crate::reduce::{MergeWindows, MergedWindow};
use crate::user_windows::UserWindowsSlot;

/// What merges the windows of a strategy; `None` where the machine does it by itself.
pub(super) fn merger(
    windowing: &WindowingStrategy,
    slot: &UserWindowsSlot,
) -> Option<Box<dyn MergeWindows>> {
    let window_fn = windowing.window_fn.clone().unwrap_or_default();
    let is_known = window_fn.urn == window_fns::SESSION_WINDOWS;
    (!is_known)
        .then(|| -> Box<dyn MergeWindows> { Box::new(Asked { window_fn, slot: slot.clone() }) })
}

/// Asks the user's function.
struct Asked {
    window_fn: FunctionSpec,
    slot: UserWindowsSlot,
}

impl MergeWindows for Asked {
    fn merge(&self, windows: &[Window]) -> Result<Vec<MergedWindow>, Box<Failure>> {
        // One window is merged with nothing.
        if windows.len() < 2 {
            return Ok(Vec::new());
        }
        let merged = self.slot.get()?.merge(&self.window_fn, windows)?.into_iter();
        let changed = merged.filter(|(into, from)| from.as_slice() != std::slice::from_ref(into));
        Ok(changed.map(|(into, from)| MergedWindow { into, from }).collect())
    }
}
