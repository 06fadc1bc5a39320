//! One pipeline of the list.

use super::Ending;
use crate::pipeline::Pipeline;

/// A pipeline that checks itself, and how it must end.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name, unique in the list.
    pub name: &'static str,
    /// What it is about.
    pub category: Category,
    /// Whether the functions of the pipeline share counts with each other or with the check after
    /// the run: in several processes they do so in the empty folder that the option
    /// `--conformance-folder` names.
    pub is_sharing: bool,
    build: fn(&Pipeline) -> Ending,
}

impl Case {
    /// A case whose functions share nothing.
    pub(super) const fn new(
        name: &'static str,
        category: Category,
        build: fn(&Pipeline) -> Ending,
    ) -> Self {
        Self { name, category, is_sharing: false, build }
    }

    /// The same case, of functions that share counts.
    pub(super) const fn sharing(self) -> Self {
        Self { is_sharing: true, ..self }
    }

    /// Builds the pipeline, and says how it must end.
    pub fn build(&self, pipeline: &Pipeline) -> Ending {
        (self.build)(pipeline)
    }
}

/// The categories of cases, after those of Beam's suite of tests that validate runners.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Category {
    /// Values that the program itself holds.
    Create,
    /// Functions over elements.
    ParDo,
    /// When the methods of a function are called.
    Lifecycle,
    /// Several outputs of one function.
    Outputs,
    /// Errors and panics of functions.
    Errors,
    /// Unions.
    Flatten,
    /// Groupings.
    GroupByKey,
    /// Combinations.
    Combine,
    /// Windows, timestamps and panes.
    Windows,
    /// State for each key and window.
    State,
    /// Timers for each key and window.
    Timers,
    /// Triggers and panes.
    Triggers,
    /// Sources that a test scripts.
    TestStream,
    /// Side inputs.
    SideInputs,
    /// Redistribution.
    Reshuffle,
    /// Functions whose work can be split and suspended.
    Splittable,
    /// Sources that do not end.
    Streaming,
    /// What functions count.
    Metrics,
    /// Calls after a commit.
    Finalization,
    /// How elements are encoded.
    Coders,
    /// Shapes and names of graphs.
    Graph,
}
