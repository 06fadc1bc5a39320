//! What can go wrong, by whose turn it is: the pipeline's author, the code or data inside it, the
//! machine around it, or us.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

use serde::{Deserialize, Serialize};

/// Any error that user code may return.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A result whose error is [`Error`] unless said otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a pipeline could not be built, started or finished.
///
/// `Debug` prints like `Display`, since that is what `fn main() -> Result<()>` shows.
#[non_exhaustive]
pub enum Error {
    /// The pipeline itself is wrong; all mistakes that were found.
    Graph(Vec<Mistake>),
    /// An option is wrong or missing.
    Options(String),
    /// The pipeline needs what this runner does not do.
    Unsupported {
        /// The runner's name.
        runner: String,
        /// What it lacks, with the transform that needs it.
        feature: String,
    },
    /// A user's function or its data failed.
    UserFn(Box<Failure>),
    /// The world around: a file, a socket, a worker process.
    Environment {
        /// What was attempted, on what.
        message: String,
        /// Why it failed.
        source: Option<BoxError>,
    },
    /// The job was cancelled.
    Cancelled,
    /// A mistake of Purlin's own; please report it.
    Internal(String),
}

impl Error {
    /// An error of the world around, without a cause.
    #[must_use]
    pub fn environment(message: impl Into<String>) -> Self {
        Self::Environment { message: message.into(), source: None }
    }

    /// An error of the world around, with its cause.
    #[must_use]
    pub fn caused(message: impl Into<String>, source: impl Into<BoxError>) -> Self {
        Self::Environment { message: message.into(), source: Some(source.into()) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Graph(mistakes) => {
                write!(f, "the pipeline has {} mistake(s)", mistakes.len())?;
                mistakes.iter().try_for_each(|mistake| write!(f, "\n{mistake}"))
            }
            Self::Options(message) => f.write_str(message),
            Self::Unsupported { runner, feature } => {
                write!(f, "the {runner} runner does not support {feature}")
            }
            Self::UserFn(failure) => failure.fmt(f),
            Self::Environment { message, source } => {
                f.write_str(message)?;
                let mut cause = source.as_deref().map(|s| s as &dyn std::error::Error);
                while let Some(error) = cause {
                    write!(f, ": {error}")?;
                    cause = error.source();
                }
                Ok(())
            }
            Self::Cancelled => f.write_str("the job was cancelled"),
            Self::Internal(message) => {
                write!(f, "a mistake of Purlin's own, please report it: {message}")
            }
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Environment { source: Some(source), .. } => Some(source.as_ref()),
            Self::UserFn(failure) => Some(failure.as_ref()),
            _ => None,
        }
    }
}

impl From<Box<Failure>> for Error {
    fn from(failure: Box<Failure>) -> Self {
        Self::UserFn(failure)
    }
}

/// A line of the user's program.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Place {
    /// The source file, as the compiler names it.
    pub file: Cow<'static, str>,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl Place {
    /// Where the nearest caller without `#[track_caller]` is.
    #[track_caller]
    #[must_use]
    pub fn caller() -> Self {
        Location::caller().into()
    }
}

impl From<&'static Location<'static>> for Place {
    fn from(location: &'static Location<'static>) -> Self {
        Self {
            file: Cow::Borrowed(location.file()),
            line: location.line(),
            column: location.column(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A mistake in the building of a pipeline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// What is wrong.
    pub message: String,
    /// Where it was written.
    pub place: Place,
    /// What cures it.
    pub help: Option<String>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\n  at: {}", self.message, self.place)?;
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

/// The end of a bundle in an error: user code returned one or panicked, or its data or runner did
/// not allow it to go on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Failure {
    /// The unique name of the transform.
    pub transform: String,
    /// The error's text and those of its causes, outermost first.
    pub causes: Vec<String>,
    /// Whether the function panicked.
    pub panicked: bool,
    /// The element, shortened, where it is known.
    pub element: Option<String>,
    /// The element's timestamp and windows, where they are not the trivial ones.
    pub stamp: Option<String>,
    /// Where the transform was applied.
    pub applied_at: Option<Place>,
    /// The attempt at the bundle, from 1; 0 where it is not known.
    pub attempt: u32,
    /// The worker it happened on, where it was another process.
    pub worker: Option<String>,
    /// What the author can do.
    pub help: Option<String>,
    /// The whole text, from a worker that sent nothing more structured.
    pub text: Option<String>,
}

impl Failure {
    /// A failure with one cause.
    #[must_use]
    pub fn new(cause: impl Into<String>) -> Box<Self> {
        Box::new(Self { causes: vec![cause.into()], ..Self::default() })
    }

    /// A failure from an error that user code returned.
    #[must_use]
    pub fn from_error(error: &(dyn std::error::Error + 'static)) -> Box<Self> {
        let chain = std::iter::successors(Some(error), |error| error.source());
        Box::new(Self { causes: chain.map(ToString::to_string).collect(), ..Self::default() })
    }

    /// A failure known by its text alone, as other SDKs' workers send it.
    #[must_use]
    pub fn from_text(text: impl Into<String>) -> Box<Self> {
        Box::new(Self { text: Some(text.into()), ..Self::default() })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = &self.text {
            f.write_str(text)?;
        } else {
            let verb = if self.panicked { "panicked" } else { "failed" };
            write!(f, "transform `{}` {verb}: {}", self.transform, self.causes.join(": "))?;
        }
        if let Some(element) = &self.element {
            write!(f, "\n  element: {element}")?;
        }
        if let Some(stamp) = &self.stamp {
            write!(f, "\n  at: {stamp}")?;
        }
        if let Some(place) = &self.applied_at {
            write!(f, "\n  applied at: {place}")?;
        }
        if self.attempt > 1 {
            write!(f, "\n  attempt: {}", self.attempt)?;
        }
        if let Some(worker) = &self.worker {
            write!(f, "\n  worker: {worker}")?;
        }
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}
