//! Window functions of users' own.

use std::any::TypeId;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use purlin_proto::urns::coders as urns;

use super::standard::earliest;
use super::{Window, Windows};
use crate::coders::{CoderError, CoderSpec, Nesting, Reader};
use crate::element::Element;
use crate::error::BoxError;
use crate::time::Timestamp;

/// A type of windows: an [`Element`] that knows its end. [`IntervalWindow`](crate::IntervalWindow)
/// is one, which other SDKs know too.
pub trait BoundedWindow: Element {
    /// The last timestamp inside the window, at most
    /// [`END_OF_GLOBAL_WINDOW`](Timestamp::END_OF_GLOBAL_WINDOW).
    fn max_timestamp(&self) -> Timestamp;

    /// The coder of these windows in a pipeline graph.
    #[doc(hidden)]
    #[must_use]
    fn coder() -> CoderSpec {
        CoderSpec::new(urns::CUSTOM_WINDOW, vec![CoderSpec::length_prefixed(Self::coder_spec())])
    }

    /// The window as elements carry it.
    ///
    /// # Errors
    /// When it has no encoding.
    #[doc(hidden)]
    fn to_window(&self) -> Result<Window, CoderError> {
        let mut encoded = Vec::new();
        self.encode(&mut encoded, Nesting::Outer)?;
        let end = self.max_timestamp().clamp(Timestamp::MIN, Timestamp::END_OF_GLOBAL_WINDOW);
        Ok(Window::Custom(end, encoded.into()))
    }

    /// The window that elements carry.
    ///
    /// # Errors
    /// When it is of another kind.
    #[doc(hidden)]
    fn of_window(window: &Window) -> Result<Self, CoderError> {
        let Window::Custom(_, encoded) = window else {
            return Err(CoderError::new(format!("`{window}` is a window of another kind")));
        };
        let mut input = Reader::shared(encoded);
        let read = Self::decode(&mut input, Nesting::Outer)?;
        if input.is_empty() { Ok(read) } else { Err(CoderError::new("bytes follow a window")) }
    }
}

/// What a [`WindowFn`] knows of an element.
#[derive(Clone, Copy, Debug)]
pub struct AssignContext<'a> {
    /// Its event time.
    pub timestamp: Timestamp,
    /// The windows that it was in before, of any kind.
    pub windows: &'a [Window],
}

/// Puts elements into windows of a user's own making.
///
/// Two functions of one type are the same where their `Debug` texts are: the text stands for the
/// function's constants, and is part of the pipeline's fingerprint. Derive it.
///
/// ```
/// # use purlin_sdk::{AssignContext, BoxError, IntervalWindow, Timestamp, WindowFn};
/// /// Windows that start at powers of two.
/// #[derive(Debug)]
/// struct Doubling;
///
/// impl WindowFn for Doubling {
///     type Window = IntervalWindow;
///     fn assign(&self, cx: &AssignContext<'_>) -> Result<Vec<IntervalWindow>, BoxError> {
///         let start = 1i64 << cx.timestamp.millis().max(1).ilog2();
///         Ok(vec![IntervalWindow { start: Timestamp(start), end: Timestamp(start * 2) }])
///     }
/// }
/// ```
///
/// **Source:** `WindowFn` of Beam's Java SDK.
pub trait WindowFn: fmt::Debug + Send + Sync + 'static {
    /// The type of the windows.
    type Window: BoundedWindow;

    /// The windows of an element; one that is in none is dropped. It must depend on nothing but the
    /// function and `cx`.
    ///
    /// # Errors
    /// When the element has no windows by mistake; its bundle then fails.
    fn assign(&self, cx: &AssignContext<'_>) -> Result<Vec<Self::Window>, BoxError>;

    /// Whether each element is in exactly one window, of which runners can make use.
    fn assigns_to_one_window(&self) -> bool {
        false
    }

    /// Whether windows are merged by the grouping that follows.
    fn is_merging(&self) -> bool {
        false
    }

    /// Which windows of one key to merge: each new window with those that it is merged from. Windows
    /// that stay as they are need not be named. The order of `windows` says nothing.
    ///
    /// # Errors
    /// When the windows cannot be; their bundle then fails.
    fn merge(
        &self,
        _windows: &[Self::Window],
    ) -> Result<Vec<(Self::Window, Vec<Self::Window>)>, BoxError> {
        Ok(Vec::new())
    }

    /// The window of a side input, windowed by this function, that an element in the window `main`
    /// of another function sees: without this, the earliest that holds the end of `main`. It must
    /// depend on nothing but the function and `main`: runners ask once, for elements that wait until
    /// that window is ready.
    ///
    /// # Errors
    /// When there is none; the job then fails.
    fn side_input_window(&self, main: &Window) -> Result<Self::Window, BoxError> {
        let main = std::slice::from_ref(main);
        let cx = AssignContext { timestamp: main[0].max_timestamp(), windows: main };
        let mut windows = Vec::new();
        for window in self.assign(&cx)? {
            windows.push(window.to_window()?);
        }
        let first = earliest(&Windows::from(windows));
        let first = first.ok_or_else(|| format!("no window holds the end of `{}`", main[0]))?;
        Ok(Self::Window::of_window(&first)?)
    }

    /// How long before the end of `main` the window that
    /// [`side_input_window`](Self::side_input_window) gives may end, at most: zero where it always
    /// holds the end of `main`.
    ///
    /// A window of a side input is dropped once the watermark of its readers is past its end by that
    /// much and by the allowed lateness. Elements whose own window the watermark has passed by the
    /// allowed lateness of the side input are then dropped and counted. Without this, all windows are
    /// kept until the readers have ended.
    ///
    /// **Source:** `maximumLookback` of `WindowMappingFn` in Beam's Java SDK.
    fn maximum_lookback(&self) -> Option<Duration> {
        None
    }
}

/// A user's window function, whose type is erased.
#[derive(Clone)]
pub struct CustomWindowFn(Arc<dyn Erased>);

impl CustomWindowFn {
    pub(super) fn new(window_fn: impl WindowFn) -> Self {
        Self(Arc::new(window_fn))
    }

    /// The function, to be called where panics are fenced.
    pub(crate) fn erased(&self) -> &dyn Erased {
        self.0.as_ref()
    }

    /// What the pipeline's fingerprint has of it.
    pub(crate) fn constants(&self) -> Bytes {
        format!("{:?}", self.0).into_bytes().into()
    }
}

impl PartialEq for CustomWindowFn {
    fn eq(&self, other: &Self) -> bool {
        self.0.type_id_of() == other.0.type_id_of() && self.constants() == other.constants()
    }
}

impl fmt::Debug for CustomWindowFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A merging: each new window with those that it is merged from.
pub(crate) type Merging = Vec<(Window, Vec<Window>)>;

/// A [`WindowFn`] of any type of windows.
pub(crate) trait Erased: fmt::Debug + Send + Sync {
    fn assign(&self, cx: &AssignContext<'_>) -> Result<Windows, BoxError>;
    fn assigns_to_one_window(&self) -> bool;
    fn is_merging(&self) -> bool;
    fn merge(&self, windows: &[Window]) -> Result<Merging, BoxError>;
    fn side_input_window(&self, main: &Window) -> Result<Window, BoxError>;
    fn maximum_lookback(&self) -> Option<Duration>;
    fn window_coder(&self) -> CoderSpec;
    fn type_id_of(&self) -> TypeId;
}

impl<F: WindowFn> Erased for F {
    fn assign(&self, cx: &AssignContext<'_>) -> Result<Windows, BoxError> {
        let windows = WindowFn::assign(self, cx)?;
        let windows: Result<Vec<_>, _> = windows.iter().map(BoundedWindow::to_window).collect();
        Ok(Windows::from(windows?))
    }

    fn assigns_to_one_window(&self) -> bool {
        WindowFn::assigns_to_one_window(self)
    }

    fn is_merging(&self) -> bool {
        WindowFn::is_merging(self)
    }

    fn merge(&self, windows: &[Window]) -> Result<Merging, BoxError> {
        let typed: Result<Vec<_>, _> = windows.iter().map(F::Window::of_window).collect();
        let mut merging = Vec::new();
        for (window, parts) in WindowFn::merge(self, &typed?)? {
            let parts: Result<Vec<_>, _> = parts.iter().map(BoundedWindow::to_window).collect();
            merging.push((window.to_window()?, parts?));
        }
        checked(merging, windows)
    }

    fn side_input_window(&self, main: &Window) -> Result<Window, BoxError> {
        let seen = WindowFn::side_input_window(self, main)?.to_window()?;
        match WindowFn::maximum_lookback(self) {
            Some(lookback) if seen.max_timestamp() + lookback < main.max_timestamp() => {
                let lookback = lookback.as_millis();
                Err(format!(
                    "from `{main}` the function looks back to `{seen}`, but its \
                     `maximum_lookback` is {lookback} ms"
                )
                .into())
            }
            _ => Ok(seen),
        }
    }

    fn maximum_lookback(&self) -> Option<Duration> {
        WindowFn::maximum_lookback(self)
    }

    fn window_coder(&self) -> CoderSpec {
        F::Window::coder()
    }

    fn type_id_of(&self) -> TypeId {
        TypeId::of::<F>()
    }
}

/// The merging without what changes nothing, if it takes each window once at most and none that is
/// not there.
fn checked(mut merging: Merging, windows: &[Window]) -> Result<Merging, BoxError> {
    merging.retain(|(window, parts)| parts.iter().any(|part| part != window));
    let mut left: BTreeSet<&Window> = windows.iter().collect();
    for (window, parts) in &merging {
        if let Some(part) = parts.iter().find(|part| !left.remove(*part)) {
            let text = format!(
                "the window `{window}` was merged from `{part}`, which is not there or was merged \
                 into another one"
            );
            return Err(text.into());
        }
    }
    Ok(merging)
}
