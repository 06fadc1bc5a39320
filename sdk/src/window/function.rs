//! Window functions of either kind.

use std::borrow::Cow;

use purlin_proto::urns::coders as urns;

use super::{
    CalendarWindows, CustomWindowFn, FixedWindows, GlobalWindows, Sessions, SlidingWindows,
    StandardWindowFn, WindowFn,
};
use crate::coders::CoderSpec;

/// A window function: one that its proto describes, or a user's own.
#[derive(Clone, PartialEq, Debug)]
pub enum AnyWindowFn {
    /// One that its proto describes.
    Standard(StandardWindowFn),
    /// A user's own.
    Custom(CustomWindowFn),
}

impl AnyWindowFn {
    /// Whether it is the one window of all time.
    #[must_use]
    pub fn is_global(&self) -> bool {
        *self == Self::Standard(StandardWindowFn::Global)
    }

    /// The function, where its proto describes it.
    #[must_use]
    pub fn standard(&self) -> Option<StandardWindowFn> {
        match self {
            Self::Standard(standard) => Some(*standard),
            Self::Custom(_) => None,
        }
    }

    /// Whether its windows are to be merged by the grouping that follows.
    #[must_use]
    pub fn is_merging(&self) -> bool {
        match self {
            Self::Standard(standard) => standard.is_merging(),
            Self::Custom(custom) => custom.erased().is_merging(),
        }
    }

    /// Whether each element is in exactly one window.
    #[must_use]
    pub fn assigns_to_one_window(&self) -> bool {
        match self {
            Self::Standard(standard) => !matches!(standard, StandardWindowFn::Sliding(_)),
            Self::Custom(custom) => custom.erased().assigns_to_one_window(),
        }
    }

    /// The coder of its windows.
    #[must_use]
    pub fn window_coder(&self) -> CoderSpec {
        match self {
            Self::Standard(StandardWindowFn::Global) => CoderSpec::new(urns::GLOBAL_WINDOW, vec![]),
            Self::Standard(_) => CoderSpec::new(urns::INTERVAL_WINDOW, vec![]),
            Self::Custom(custom) => custom.erased().window_coder(),
        }
    }

    /// What is wrong with it, if anything.
    pub(crate) fn mistake(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Standard(standard) => standard.mistake().map(Cow::Borrowed),
            Self::Custom(custom) => {
                let reason = custom.erased().window_coder().nondeterministic?;
                Some(format!("these windows cannot be told apart: {reason}").into())
            }
        }
    }
}

impl<F: WindowFn> From<F> for AnyWindowFn {
    fn from(window_fn: F) -> Self {
        Self::Custom(CustomWindowFn::new(window_fn))
    }
}

/// Lets the functions be given where an [`AnyWindowFn`] is wanted.
macro_rules! standard {
    ($($window_fn:ident),*) => {$(
        impl From<$window_fn> for AnyWindowFn {
            fn from(window_fn: $window_fn) -> Self {
                Self::Standard(window_fn.into())
            }
        }
    )*};
}

standard!(GlobalWindows, FixedWindows, SlidingWindows, Sessions, CalendarWindows, StandardWindowFn);
