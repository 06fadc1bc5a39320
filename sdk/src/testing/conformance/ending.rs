//! How a case must end.

use std::fmt;
use std::sync::Arc;

use crate::exec::MetricValue;
use crate::runner::{JobState, Metrics};

use super::metrics::counter;

type Check = Arc<dyn Fn(&Metrics) -> Result<(), String>>;

/// How a case must end, beside what its assertions say.
#[must_use = "it says how the case must end"]
#[derive(Clone)]
pub struct Ending {
    pub(super) how: How,
    checks: Vec<Check>,
}

/// The end of a job.
#[derive(Clone)]
pub(super) enum How {
    /// It ends by itself.
    Done,
    /// It fails, with an error that contains these texts.
    Failed(&'static [&'static str]),
    /// It is stopped, this way, as soon as its metrics are so.
    Stopped(Stop, fn(&Metrics) -> bool),
}

/// How a running job is stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    Drain,
    Cancel,
}

impl Ending {
    /// The job ends by itself.
    pub(super) fn done() -> Self {
        Self::of(How::Done)
    }

    /// The job fails, with an error that contains all these texts.
    pub(super) fn failed(texts: &'static [&'static str]) -> Self {
        Self::of(How::Failed(texts))
    }

    /// The job is drained as soon as its metrics are so.
    pub(super) fn drained_when(is_time: fn(&Metrics) -> bool) -> Self {
        Self::of(How::Stopped(Stop::Drain, is_time))
    }

    /// The job is cancelled as soon as its metrics are so.
    pub(super) fn cancelled_when(is_time: fn(&Metrics) -> bool) -> Self {
        Self::of(How::Stopped(Stop::Cancel, is_time))
    }

    fn of(how: How) -> Self {
        Self { how, checks: Vec::new() }
    }

    /// Afterwards `check` must find all well.
    pub(super) fn and(mut self, check: impl Fn(&Metrics) -> Result<(), String> + 'static) -> Self {
        self.checks.push(Arc::new(check));
        self
    }

    /// Afterwards the counter `name`, summed over all transforms, must be this.
    pub(super) fn counted(self, name: &'static str, expected: i64) -> Self {
        self.and(move |metrics| equal(name, &counter(metrics, name), &expected))
    }

    /// Afterwards the metric `name` of the transform of this unique name must be so.
    pub(super) fn measured(
        self,
        transform: &'static str,
        name: &'static str,
        is_so: fn(&MetricValue) -> bool,
    ) -> Self {
        self.and(move |metrics| match metrics.get(&(transform.to_owned(), name.to_owned())) {
            Some(value) if is_so(value) => Ok(()),
            Some(value) => Err(format!("metric `{name}` of `{transform}` is {value:?}")),
            None => Err(format!("there is no metric `{name}` of `{transform}`")),
        })
    }

    /// The state that the job must end in.
    pub(super) fn state(&self) -> JobState {
        match self.how {
            How::Done => JobState::Done,
            How::Failed(_) => JobState::Failed,
            How::Stopped(Stop::Drain, _) => JobState::Drained,
            How::Stopped(Stop::Cancel, _) => JobState::Cancelled,
        }
    }

    /// Whether the case checks anything outside its pipeline.
    pub(super) fn has_checks(&self) -> bool {
        !self.checks.is_empty() || !matches!(self.how, How::Done)
    }

    /// What is wrong after the run, if anything.
    pub(super) fn check(&self, metrics: &Metrics) -> Result<(), String> {
        self.checks.iter().try_for_each(|check| check(metrics))
    }
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.state())
    }
}

/// Whether something is as expected.
pub(super) fn equal<T: PartialEq + fmt::Debug>(
    what: &str,
    actual: &T,
    expected: &T,
) -> Result<(), String> {
    if actual == expected {
        return Ok(());
    }
    Err(format!("{what}: expected {expected:?}, got {actual:?}"))
}
