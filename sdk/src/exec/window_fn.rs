//! The window functions of a pipeline, ready to be called.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use purlin_proto::pipeline::FunctionSpec;

use super::guard::Trouble;
use super::router::panic_failure;
use super::unit::UnitResult;
use super::{Failure, WINDOW_FN_URN, WindowMapping};
use crate::coders::CoderSpec;
use crate::error::{BoxError, Place};
use crate::time::Timestamp;
use crate::window::{AnyWindowFn, AssignContext, StandardWindowFn, Window, Windows};

/// A window function that a runner or a stage can call: an error or panic of a user's own becomes a
/// [`Failure`] that names the transform which windows by it.
#[derive(Clone)]
pub struct WindowFunction {
    window_fn: AnyWindowFn,
    transform: String,
    applied_at: Option<Place>,
}

impl WindowFunction {
    /// The function of the transform of this name.
    pub(crate) fn of(window_fn: AnyWindowFn, transform: String, applied_at: Place) -> Self {
        Self { window_fn, transform, applied_at: Some(applied_at) }
    }

    /// Whether it is the one window of all time.
    #[must_use]
    pub fn is_global(&self) -> bool {
        self.window_fn.is_global()
    }

    /// Whether its windows are to be merged by a grouping.
    #[must_use]
    pub fn is_merging(&self) -> bool {
        self.window_fn.is_merging()
    }

    /// The coder of its windows.
    #[must_use]
    pub fn window_coder(&self) -> CoderSpec {
        self.window_fn.window_coder()
    }

    /// The windows of an element at `timestamp`, which was in `windows` before; none where it is to
    /// be dropped.
    ///
    /// # Errors
    /// When the user's function fails.
    pub fn assign(&self, timestamp: Timestamp, windows: &[Window]) -> UnitResult<Windows> {
        match &self.window_fn {
            AnyWindowFn::Standard(standard) => Ok(standard.assign(timestamp)),
            AnyWindowFn::Custom(custom) => {
                self.fenced(|| custom.erased().assign(&AssignContext { timestamp, windows }))
            }
        }
    }

    /// Times around this one that are in the same windows, whatever the windows before.
    pub(super) fn span(&self, timestamp: Timestamp) -> Range<i64> {
        match &self.window_fn {
            AnyWindowFn::Standard(standard) => standard.span(timestamp),
            // What it looks at is its own affair.
            AnyWindowFn::Custom(_) => 0..0,
        }
    }

    /// Which of the windows of one key to merge: each new window with those that it is merged from,
    /// each of which is in one place only. Windows that stay as they are, are left out.
    ///
    /// # Errors
    /// When the user's function fails, or merges windows that are not there.
    pub fn merge(&self, windows: &[Window]) -> UnitResult<Vec<(Window, Vec<Window>)>> {
        match &self.window_fn {
            AnyWindowFn::Standard(standard) => Ok(standard.merge(windows)),
            AnyWindowFn::Custom(custom) if custom.erased().is_merging() => {
                self.fenced(|| custom.erased().merge(windows))
            }
            AnyWindowFn::Custom(_) => Ok(Vec::new()),
        }
    }

    /// The window of a side input, windowed by this function, that an element in `main` sees.
    ///
    /// # Errors
    /// When the user's function fails.
    pub fn side_input_window(&self, main: &Window) -> UnitResult<Window> {
        match &self.window_fn {
            AnyWindowFn::Standard(standard) => Ok(standard.side_input_window(main)),
            AnyWindowFn::Custom(custom) => self.fenced(|| custom.erased().side_input_window(main)),
        }
    }

    fn fenced<R>(&self, call: impl FnOnce() -> Result<R, BoxError>) -> UnitResult<R> {
        let result = catch_unwind(AssertUnwindSafe(call));
        let mut failure = match result {
            Ok(Ok(result)) => return Ok(result),
            Ok(Err(error)) => Trouble::User(error).into_failure(),
            Err(panic) => panic_failure(panic.as_ref()),
        };
        failure.transform.clone_from(&self.transform);
        failure.applied_at.clone_from(&self.applied_at);
        Err(failure)
    }
}

/// The users' own window functions of a pipeline, by the unique names of the transforms that window
/// by them.
#[derive(Clone, Default)]
pub struct WindowFns(BTreeMap<String, WindowFunction>);

impl WindowFns {
    /// Adds the function of a transform.
    pub(crate) fn insert(&mut self, function: WindowFunction) {
        self.0.insert(function.transform.clone(), function);
    }

    /// The window function that a pipeline's proto names.
    ///
    /// # Errors
    /// When this program has none such, or its proto is malformed.
    pub fn get(&self, spec: &FunctionSpec) -> UnitResult<WindowFunction> {
        if spec.urn == WINDOW_FN_URN {
            let name = String::from_utf8_lossy(&spec.payload);
            return self.0.get(name.as_ref()).cloned().ok_or_else(|| {
                Failure::new(format!(
                    "this program has no transform named `{name}` that windows by a function of \
                     its own: it must build the same graph each time it starts"
                ))
            });
        }
        let standard = StandardWindowFn::from_proto(spec).ok_or_else(|| {
            Failure::new(format!("the window function `{}` is unknown or malformed", spec.urn))
        })?;
        let window_fn = AnyWindowFn::Standard(standard);
        Ok(WindowFunction { window_fn, transform: String::new(), applied_at: None })
    }

    /// The window function that finds the windows of side inputs as a pipeline's proto says.
    ///
    /// # Errors
    /// When this program has none such, or its proto is malformed.
    pub fn of_mapping(&self, mapping: &FunctionSpec) -> UnitResult<WindowFunction> {
        let read = WindowMapping::from_proto(mapping).ok_or_else(|| {
            Failure::new(format!(
                "the mapping `{}` of windows is unknown or malformed",
                mapping.urn
            ))
        })?;
        self.get(&read.window_fn.unwrap_or_default())
    }
}
