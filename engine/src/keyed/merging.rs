//! Windows that a user's own function merges.

use std::sync::{Arc, OnceLock};

use purlin_proto::pipeline::{FunctionSpec, WindowingStrategy};
use purlin_proto::urns::window_fns;
use purlin_sdk::Window;
use purlin_sdk::exec::Failure;

use crate::reduce::{MergeWindows, MergedWindow};

/// Calls users' window functions, wherever they are.
pub trait WindowMerger: Send + Sync {
    /// Which of the windows of one key to merge: each new window with those that it is merged from.
    /// Windows that stay as they are may be left out.
    ///
    /// # Errors
    /// When there is no such function, or it fails.
    fn merge(
        &self,
        window_fn: &FunctionSpec,
        windows: &[Window],
    ) -> Result<Vec<(Window, Vec<Window>)>, Box<Failure>>;
}

/// Where the one who calls users' window functions is found, once there is an executor.
#[derive(Clone, Default)]
pub(crate) struct MergerSlot(Arc<OnceLock<Arc<dyn WindowMerger>>>);

impl std::fmt::Debug for MergerSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MergerSlot").finish_non_exhaustive()
    }
}

impl MergerSlot {
    /// The first call counts: a job has one executor.
    pub(crate) fn fill(&self, merger: Arc<dyn WindowMerger>) {
        drop(self.0.set(merger));
    }
}

/// What merges the windows of a strategy; `None` where the machine does it by itself.
pub(super) fn merger(
    windowing: &WindowingStrategy,
    slot: &MergerSlot,
) -> Option<Box<dyn MergeWindows>> {
    let window_fn = windowing.window_fn.clone().unwrap_or_default();
    let is_known = window_fn.urn == window_fns::SESSION_WINDOWS;
    (!is_known)
        .then(|| -> Box<dyn MergeWindows> { Box::new(Asked { window_fn, slot: slot.clone() }) })
}

/// Asks the user's function.
struct Asked {
    window_fn: FunctionSpec,
    slot: MergerSlot,
}

impl MergeWindows for Asked {
    fn merge(&self, windows: &[Window]) -> Result<Vec<MergedWindow>, Box<Failure>> {
        // One window is merged with nothing.
        if windows.len() < 2 {
            return Ok(Vec::new());
        }
        let merger = self.slot.0.get().ok_or_else(|| {
            Failure::new("windows of a user's function came up before there were workers to ask")
        })?;
        let merged = merger.merge(&self.window_fn, windows)?.into_iter();
        let changed = merged.filter(|(into, from)| from.as_slice() != std::slice::from_ref(into));
        Ok(changed.map(|(into, from)| MergedWindow { into, from }).collect())
    }
}
