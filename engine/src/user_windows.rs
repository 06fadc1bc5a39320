//! Where users' window functions are called.

use std::sync::{Arc, OnceLock};

use purlin_proto::pipeline::FunctionSpec;
use purlin_sdk::Window;
use purlin_sdk::exec::Failure;

use crate::plan::{SideInput, StageId};

/// Calls users' window functions, wherever they are.
pub trait UserWindows: Send + Sync {
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

    /// The window of a side input that elements of a stage see in each of these windows of theirs,
    /// in the same order.
    ///
    /// # Errors
    /// When there is no such function, or it fails.
    fn side_input_windows(
        &self,
        stage: StageId,
        side: &SideInput,
        main: &[Window],
    ) -> Result<Vec<Window>, Box<Failure>>;
}

/// Where the one who calls users' window functions is found, once there is an executor.
#[derive(Clone, Default)]
pub(crate) struct UserWindowsSlot(Arc<OnceLock<Arc<dyn UserWindows>>>);

impl std::fmt::Debug for UserWindowsSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserWindowsSlot").finish_non_exhaustive()
    }
}

impl UserWindowsSlot {
    /// The first call counts: a job has one executor.
    pub(crate) fn fill(&self, user_windows: Arc<dyn UserWindows>) {
        drop(self.0.set(user_windows));
    }

    /// # Errors
    /// When there is no executor yet.
    pub(crate) fn get(&self) -> Result<&dyn UserWindows, Box<Failure>> {
        self.0.get().map(Arc::as_ref).ok_or_else(|| {
            Failure::new("windows of a user's function came up before there were workers to ask")
        })
    }
}
