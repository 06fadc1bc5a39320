//! Runs user code over the elements of a batch, so that a failure names its element.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::vec::IntoIter;

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
    mut values: IntoIter<T>,
    mut call: impl FnMut(usize, T) -> Result<(), Trouble>,
) -> Result<(), Interrupted> {
    let count = values.len();
    if keeps_copies::<T>(diagnose) {
        let mut copy = None;
        let result = fenced(|| {
            values.by_ref().enumerate().try_for_each(|(row, value)| {
                copy = Some(value.clone());
                call(row, value)
            })
        });
        return result.map_err(|failed| failed.at(count - values.len(), copy.as_ref()));
    }
    // Nothing is noted for each value, which it would then be copied for more than once.
    let result = fenced(|| {
        for (row, value) in values.by_ref().enumerate() {
            call(row, value)?;
        }
        Ok(())
    });
    result.map_err(|failed| failed.at::<T>(count - values.len(), None))
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
    let count = values.len();
    let (mut values, mut results) = (values.into_iter(), Vec::with_capacity(count));
    if keeps_copies::<T>(diagnose) {
        let mut copy = None;
        let noted = |value: T| {
            copy = Some(value.clone());
            call(value)
        };
        let result = fenced(|| {
            results.extend(values.by_ref().map(noted));
            Ok(())
        });
        result.map_err(|failed| failed.at(count - values.len(), copy.as_ref()))?;
        return Ok(results);
    }
    let result = fenced(|| {
        results.extend(values.by_ref().map(call));
        Ok(())
    });
    result.map_err(|failed| failed.at::<T>(count - values.len(), None))?;
    Ok(results)
}

/// Keeps the values that `keep` chooses, and gives their rows. The failing element is shown.
pub(crate) fn kept<T: Element>(
    values: &mut Vec<T>,
    keep: impl Fn(&T) -> bool,
) -> Result<Vec<u32>, Interrupted> {
    let (mut row, mut rows) = (0, Vec::with_capacity(values.len()));
    let result = fenced(|| {
        values.retain(|value| {
            let is_kept = keep(value);
            if is_kept {
                rows.push(row);
            }
            row += 1;
            is_kept
        });
        Ok(())
    });
    // A panic leaves the value behind those that were kept before.
    result.map_err(|failed| failed.at(row as usize + 1, values.get(rows.len())))?;
    Ok(rows)
}

/// Calls `call` for each value, which stays where it is, so that a failure can always show it.
pub(crate) fn guarded_in_place<T: Element>(
    values: &[T],
    mut call: impl FnMut(usize, &T),
) -> Result<(), Interrupted> {
    let mut at = 0;
    let result = fenced(|| {
        for (row, value) in values.iter().enumerate() {
            at = row;
            call(row, value);
        }
        Ok(())
    });
    result.map_err(|failed| failed.at(at + 1, values.get(at)))
}

/// Whether a copy of the element that user code works on is kept.
fn keeps_copies<T>(diagnose: bool) -> bool {
    diagnose || !std::mem::needs_drop::<T>()
}

/// A failure of user code or behind it.
struct Failed {
    failure: Box<Failure>,
    is_of_user: bool,
}

impl Failed {
    /// It happened at the last of so many elements.
    fn at<T: Element>(self, count: usize, element: Option<&T>) -> Interrupted {
        let Self { mut failure, is_of_user } = self;
        if !is_of_user {
            return Interrupted { failure, row: None };
        }
        failure.element = element.map(shown);
        Interrupted { failure, row: count.checked_sub(1) }
    }
}

/// Runs user code.
fn fenced(run: impl FnOnce() -> Result<(), Trouble>) -> Result<(), Failed> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Trouble::Below(failure))) => Err(Failed { failure, is_of_user: false }),
        Ok(Err(trouble)) => Err(Failed { failure: trouble.into_failure(), is_of_user: true }),
        Err(panic) => Err(Failed { failure: panic_failure(panic.as_ref()), is_of_user: true }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails at 5.
    fn is_odd(text: &str) -> bool {
        assert_ne!(text, "5", "it is five");
        text.parse::<u64>().is_ok_and(|n| n % 2 == 1)
    }

    fn texts() -> Vec<String> {
        (0..8).map(|n| n.to_string()).collect()
    }

    fn assert_is_five(interrupted: &Interrupted, shows: bool) {
        assert_eq!(interrupted.row, Some(5));
        assert_eq!(interrupted.failure.element, shows.then(|| "\"5\"".to_owned()));
        assert!(interrupted.failure.to_string().contains("it is five"));
    }

    #[test]
    fn a_filter_that_panics_has_its_element_shown() {
        let mut values = texts();
        let interrupted = kept(&mut values, |text: &String| is_odd(text)).expect_err("at five");
        assert_is_five(&interrupted, true);
        let rows = kept(&mut values, |text: &String| text == "1").map_err(|_| ()).expect("one");
        assert_eq!((rows, values), (vec![0], vec!["1".to_owned()]));
    }

    #[test]
    fn a_call_that_panics_has_its_row_and_with_diagnosis_its_element() {
        for diagnose in [false, true] {
            let results = mapped(diagnose, texts(), |text: String| is_odd(&text));
            assert_is_five(&results.expect_err("at five"), diagnose);
            let mut odd = 0;
            let each = |_, text: String| {
                odd += u32::from(is_odd(&text));
                Ok(())
            };
            let interrupted = guarded(diagnose, texts().into_iter(), each).expect_err("at five");
            assert_is_five(&interrupted, diagnose);
        }
    }

    #[test]
    fn an_error_from_behind_names_no_element() {
        let below = |row, _: u64| match row {
            2 => Err(Trouble::Below(Failure::new("behind"))),
            _ => Ok(()),
        };
        let values = vec![0_u64; 4].into_iter();
        let interrupted = guarded(false, values, below).expect_err("behind");
        assert_eq!((interrupted.row, interrupted.failure.element), (None, None));
    }
}
