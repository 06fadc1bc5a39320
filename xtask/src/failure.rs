//! What went wrong, and what cures it.

use std::{fmt, io, path::Path};

/// The result of a task that may end in a [`Failure`].
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a task ended early, in words for whoever called it.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    help: Option<String>,
}

impl Failure {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), help: None }
    }

    /// The same failure with what the reader can do about it.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Turns an operating system's error about `path` into a failure that names the path.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |error| Self::new(format!("`{}`: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.help {
            Some(help) => write!(f, "\nhelp: {help}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_follows_on_a_line_of_its_own() {
        let failure = Failure::new("no `java`").help("install a JDK");
        assert_eq!(failure.to_string(), "no `java`\nhelp: install a JDK");
    }
}
