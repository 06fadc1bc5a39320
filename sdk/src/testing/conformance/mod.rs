//! The list of pipelines that every runner runs.
//!
//! A [`Case`] is a pipeline that checks itself: assertions are steps of it. Each evaluation of one
//! is counted by a metric, so a runner that loses the input of an assertion fails as well as one
//! that brings it wrong elements. [`run_all`] runs all cases but the runner's declared gaps, which
//! it runs too: one that passes is an error, so that a list of gaps cannot get stale.
//!
//! ```ignore
//! let report = run_all(&DirectRunner::default(), &PipelineOptions::default(), &[]);
//! assert!(report.is_ok(), "{report}");
//! ```
//!
//! Cases are deterministic: built again, in another process, one gives the same graph. Some count
//! what their functions share with the check after the run ([`Case::is_sharing`]): where functions
//! are called in other processes, such a case needs `--conformance-folder=FOLDER`.

mod case;
mod cases;
mod ending;
mod keep;
mod metrics;
mod played;
mod report;
mod run;
mod shared;
mod source;
mod stamps;

pub use case::{Case, Category};
pub use cases::cases;
pub use ending::Ending;
pub use report::{Report, Verdict};
pub use run::{run_all, run_case};
