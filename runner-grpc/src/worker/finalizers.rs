//! Finalisers of bundles that may yet be committed.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use purlin_sdk::exec::Finalizer;

use crate::sync::lock;

/// Finalisation is best effort. Bundles that will never be finalised are not announced, so the
/// oldest go first.
const KEPT: usize = 10_000;

/// Finalisers by instruction id.
#[derive(Default)]
pub(super) struct Finalizers(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_instruction: HashMap<String, Vec<Finalizer>>,
    order: VecDeque<String>,
}

impl Finalizers {
    pub(super) fn keep(&self, instruction: &str, finalizers: Vec<Finalizer>) {
        let mut kept = lock(&self.0);
        kept.by_instruction.insert(instruction.to_owned(), finalizers);
        kept.order.push_back(instruction.to_owned());
        if kept.order.len() > KEPT
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.by_instruction.remove(&oldest);
        }
    }

    /// Calls the finalisers of a bundle, at most once.
    ///
    /// # Errors
    /// With what the first failing one said, after all were called.
    pub(super) fn run(&self, instruction: &str) -> Result<(), String> {
        let finalizers = lock(&self.0).by_instruction.remove(instruction);
        let mut result = Ok(());
        for finalizer in finalizers.unwrap_or_default() {
            let called = catch_unwind(AssertUnwindSafe(finalizer));
            let called = called
                .map_err(|_| "a finaliser panicked".to_owned())
                .and_then(|called| called.map_err(|error| error.to_string()));
            result = result.and(called);
        }
        result
    }
}
