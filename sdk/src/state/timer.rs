//! The handles of timers.

/// A timer that fires when the watermark reaches a time.
///
/// It is a family: each [tag](EventTimer::tag) is a timer of its own, for each key and window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventTimer {
    pub(crate) family: usize,
    pub(crate) name: &'static str,
}

/// A timer that fires when the clock of the runner reaches a time.
///
/// It is a family: each [tag](ProcessingTimer::tag) is a timer of its own, for each key and window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ProcessingTimer {
    pub(crate) family: usize,
    pub(crate) name: &'static str,
}

/// The timer that has fired, to be compared with the handles of a DoFn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timer {
    pub(crate) family: usize,
    pub(crate) name: &'static str,
}

impl Timer {
    /// The name that it was declared by.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

macro_rules! compared {
    ($($handle:ident),*) => {
        $(
            impl PartialEq<$handle> for Timer {
                fn eq(&self, other: &$handle) -> bool {
                    *self == Self::from(*other)
                }
            }

            impl PartialEq<Timer> for $handle {
                fn eq(&self, other: &Timer) -> bool {
                    other == self
                }
            }

            impl From<$handle> for Timer {
                fn from(handle: $handle) -> Self {
                    Self { family: handle.family, name: handle.name }
                }
            }
        )*
    };
}

compared!(EventTimer, ProcessingTimer);
