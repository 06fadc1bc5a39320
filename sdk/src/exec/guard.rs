//! Runs user code over the elements of a batch, so that a failure names its element.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::router::panic_failure;
use super::{Failure, Stamps};
use crate::element::{Element, shown};
use crate::error::BoxError;
use crate::time::Timestamp;
use crate::window::{Stamp, Window};

/// Why the processing of an element ended.
pub(crate) enum Trouble {
    /// The user's function returned an error.
    User(BoxError),
    /// A unit behind failed, or the runner did.
    Below(Box<Failure>),
}

impl From<Box<Failure>> for Trouble {
    fn from(failure: Box<Failure>) -> Self {
        Self::Below(failure)
    }
}

impl Trouble {
    /// The failure, which names its transform only if it comes from elsewhere.
    pub(crate) fn into_failure(self) -> Box<Failure> {
        match self {
            Self::User(error) => from_user(error),
            Self::Below(failure) => failure,
        }
    }
}

/// The failure of an error that a user's function returned: its own, or one that it met in a call
/// of the context and handed on.
fn from_user(error: BoxError) -> Box<Failure> {
    let error = match error.downcast::<Failure>() {
        Ok(failure) => return failure,
        Err(error) => error,
    };
    match error.downcast::<Helpful>() {
        Ok(helpful) => {
            let mut failure = Failure::from_error(helpful.error.as_ref());
            failure.help = Some(helpful.help.into_owned());
            failure
        }
        Err(error) => Failure::from_error(error.as_ref()),
    }
}

/// An error with the words that help its author.
#[derive(Debug)]
struct Helpful {
    error: BoxError,
    help: Cow<'static, str>,
}

impl fmt::Display for Helpful {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Helpful {}

/// Adds what cures it to a user's error.
pub(crate) fn helpful(error: BoxError, help: impl Into<Cow<'static, str>>) -> BoxError {
    Box::new(Helpful { error, help: help.into() })
}

/// Why the elements of a batch were not all processed.
pub(crate) struct Interrupted {
    failure: Box<Failure>,
    /// The element that user code failed on.
    row: Option<usize>,
}

impl Interrupted {
    /// The failure, which shows the stamp of its element.
    pub(crate) fn in_batch(mut self, stamps: &Stamps) -> Box<Failure> {
        if let Some(row) = self.row {
            self.failure.stamp = shown_stamp(&stamps.get(row));
        }
        self.failure
    }
}

/// A stamp in messages, unless it says nothing.
pub(crate) fn shown_stamp(stamp: &Stamp) -> Option<String> {
    let windows = stamp.windows.as_slice();
    let is_trivial = matches!(stamp.timestamp, Timestamp::MIN | Timestamp::END_OF_GLOBAL_WINDOW);
    if windows == [Window::Global] {
        return (!is_trivial).then(|| stamp.timestamp.to_string());
    }
    let windows: Vec<_> = windows.iter().map(ToString::to_string).collect();
    Some(format!("{}, window {}", stamp.timestamp, windows.join(" and ")))
}

/// Calls `call` for each value with its row. A panic or error becomes a failure, which shows the
/// element where a copy of it could be kept: always if copies cost nothing, else with `diagnose`.
pub(crate) fn guarded<T: Element>(
    diagnose: bool,
    values: impl Iterator<Item = T>,
    mut call: impl FnMut(usize, T) -> Result<(), Trouble>,
) -> Result<(), Interrupted> {
    fenced(|current| {
        values.enumerate().try_for_each(|(row, value)| {
            current.note(row, &value, diagnose);
            call(row, value)
        })
    })
}

/// The results of `call` for each value; failures are as those of [`guarded`].
///
/// There is room for all results, so that none waits for it: a result would wait in memory, and be
/// read in other pieces than it was written in, for which a processor has to wait.
pub(crate) fn mapped<T: Element, O>(
    diagnose: bool,
    values: Vec<T>,
    call: impl Fn(T) -> O,
) -> Result<Vec<O>, Interrupted> {
    fenced(|current| {
        let rows = values.into_iter().enumerate();
        Ok(rows
            .map(|(row, value)| {
                current.note(row, &value, diagnose);
                call(value)
            })
            .collect())
    })
}

/// Calls `call` for each value, which stays where it is, so that a failure can always show it.
pub(crate) fn guarded_in_place<T: Element>(
    values: &[T],
    mut call: impl FnMut(usize, &T),
) -> Result<(), Interrupted> {
    let mut at = 0;
    let result = fenced::<T, ()>(|_| {
        for (row, value) in values.iter().enumerate() {
            at = row;
            call(row, value);
        }
        Ok(())
    });
    result.map_err(|mut interrupted| {
        interrupted.failure.element = values.get(at).map(shown);
        interrupted.row = Some(at);
        interrupted
    })
}

/// The element that user code works on.
struct Current<T> {
    row: usize,
    copy: Option<T>,
}

impl<T: Element> Current<T> {
    #[inline]
    fn note(&mut self, row: usize, value: &T, diagnose: bool) {
        self.row = row;
        if diagnose || !std::mem::needs_drop::<T>() {
            self.copy = Some(value.clone());
        }
    }
}

/// Runs user code that says which element it works on.
fn fenced<T: Element, R>(
    run: impl FnOnce(&mut Current<T>) -> Result<R, Trouble>,
) -> Result<R, Interrupted> {
    let mut current = Current { row: 0, copy: None };
    let result = catch_unwind(AssertUnwindSafe(|| run(&mut current)));
    let mut failure = match result {
        Ok(Ok(result)) => return Ok(result),
        Ok(Err(Trouble::Below(failure))) => return Err(Interrupted { failure, row: None }),
        Ok(Err(trouble)) => trouble.into_failure(),
        Err(panic) => panic_failure(panic.as_ref()),
    };
    failure.element = current.copy.as_ref().map(shown);
    Err(Interrupted { failure, row: Some(current.row) })
}
