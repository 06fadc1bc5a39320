//! Why a pipeline cannot be planned.

use std::fmt;

/// Why a pipeline has no plan.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PlanError {
    /// The pipeline contradicts itself or Beam's model.
    Malformed {
        /// A sentence that names the transform, collection or coder.
        problem: String,
        /// What cures it; may be empty.
        help: String,
    },
    /// The pipeline needs what no plan can give it.
    Unsupported {
        /// A sentence that names the feature and the transform.
        problem: String,
        /// What to do instead; may be empty.
        help: String,
    },
}

/// The result of a pass.
pub(super) type Result<T, E = PlanError> = std::result::Result<T, E>;

impl PlanError {
    pub(super) fn malformed(problem: impl Into<String>) -> Self {
        Self::Malformed { problem: problem.into(), help: String::new() }
    }

    pub(super) fn unsupported(problem: impl Into<String>) -> Self {
        Self::Unsupported { problem: problem.into(), help: String::new() }
    }

    /// An id that names nothing: `owner` is who refers to it, such as "transform `a`".
    pub(super) fn dangling(owner: &str, kind: &str, id: &str) -> Self {
        Self::malformed(format!("{owner} refers to {kind} `{id}`, which the pipeline lacks"))
            .help("the SDK that wrote this pipeline left out a component")
    }

    /// Adds what cures it.
    pub(super) fn help(mut self, cure: &str) -> Self {
        let (Self::Malformed { help, .. } | Self::Unsupported { help, .. }) = &mut self;
        cure.clone_into(help);
        self
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Malformed { problem, help } | Self::Unsupported { problem, help }) = self;
        f.write_str(problem)?;
        if !help.is_empty() {
            write!(f, "\nhelp: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PlanError {}
