//! How a job ended.

use std::fmt;

use purlin_sdk::Error;
use purlin_sdk::exec::Failure;
use purlin_sdk::runner::JobState;

/// How a job ended.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// All elements were processed.
    Done,
    /// All that had been read was processed, after a drain.
    Drained,
    /// It was told to stop.
    Cancelled,
    /// A bundle failed in all its attempts; its last failure.
    Failed(Box<Failure>),
    /// The world around did not allow it to go on.
    Aborted(String),
    /// A mistake of the engine's own.
    Internal(String),
}

impl Outcome {
    /// Its name in Beam's job service.
    #[must_use]
    pub fn state(&self) -> JobState {
        match self {
            Self::Done => JobState::Done,
            Self::Drained => JobState::Drained,
            Self::Cancelled => JobState::Cancelled,
            Self::Failed(_) | Self::Aborted(_) | Self::Internal(_) => JobState::Failed,
        }
    }

    /// The error that a user sees, if it is one.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        match self {
            Self::Done | Self::Drained | Self::Cancelled => None,
            Self::Failed(failure) => Some(Error::UserFn(failure.clone())),
            Self::Aborted(message) => Some(Error::environment(message.clone())),
            Self::Internal(message) => Some(Error::Internal(message.clone())),
        }
    }

    /// Whether every element was processed, so that all finalisers may be called.
    #[must_use]
    pub fn is_orderly(&self) -> bool {
        matches!(self, Self::Done | Self::Drained)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error() {
            Some(error) => error.fmt(f),
            None => write!(f, "{:?}", self.state()),
        }
    }
}
