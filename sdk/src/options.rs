//! Pipeline options: what the command line says, and what a job hands to its workers.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::error::{Error, Result};

/// Named settings of a pipeline and its runner, from `--name=value` or `--name value`.
///
/// Names are written with `-`; `_` means the same.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PipelineOptions {
    values: BTreeMap<String, String>,
    origin: Origin,
}

/// Where options come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Origin {
    #[default]
    Program,
    CommandLine,
    Job,
}

/// Options whose presence alone means `true`, so that no value follows them.
const FLAGS: [&str; 4] = ["help", "stop-at-end", "version", "without-sharding"];

impl PipelineOptions {
    /// Reads the arguments of a command line, without the program's name.
    ///
    /// # Errors
    /// When an argument is not an option, or an option lacks its value.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut options = Self { origin: Origin::CommandLine, ..Self::default() };
        let mut arguments = arguments.into_iter().peekable();
        while let Some(argument) = arguments.next() {
            let Some(option) = argument.strip_prefix("--").filter(|rest| !rest.is_empty()) else {
                return Err(Error::Options(format!(
                    "`{argument}` is not an option\n  help: options are written `--name=value`"
                )));
            };
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, value.to_owned()),
                None if FLAGS.contains(&normal(option).as_str()) => (option, "true".to_owned()),
                None => match arguments.next_if(|next| !next.starts_with("--")) {
                    Some(value) => (option, value),
                    None => {
                        return Err(Error::Options(format!("option `--{option}` lacks a value")));
                    }
                },
            };
            options.set(name, value);
        }
        Ok(options)
    }

    /// The value of an option.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(&normal(name)).map(String::as_str)
    }

    /// The value of an option that must be given.
    ///
    /// # Errors
    /// When it is not.
    pub fn required(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| {
            Error::Options(format!("option `--{name}` is missing\n  help: see `--help`"))
        })
    }

    /// The value of an option, read as a `T`.
    ///
    /// # Errors
    /// When it is given and not a `T`.
    pub fn value<T: FromStr>(&self, name: &str) -> Result<Option<T>>
    where
        T::Err: std::fmt::Display,
    {
        let read = |text: &str| {
            text.parse().map_err(|error| {
                Error::Options(format!("option `--{name}={text}` is not understood: {error}"))
            })
        };
        self.get(name).map(read).transpose()
    }

    /// Whether an option is given and not `false`.
    #[must_use]
    pub fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value != "false")
    }

    /// Sets an option.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.values.insert(normal(name), value.into());
    }

    /// All options by name, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether this process is a worker that rebuilds the pipeline of a job: then what a program
    /// starts for itself before building, such as a test server, is already there.
    #[must_use]
    pub fn is_worker(&self) -> bool {
        self.origin == Origin::Job
    }

    /// Whether these are the options of a command line, even if it had none.
    #[must_use]
    pub fn is_from_args(&self) -> bool {
        self.origin == Origin::CommandLine
    }

    /// Marks these as the options of a job that a worker received.
    #[must_use]
    pub fn for_worker(mut self) -> Self {
        self.origin = Origin::Job;
        self
    }
}

fn normal(name: &str) -> String {
    name.replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<PipelineOptions> {
        PipelineOptions::parse(arguments.iter().map(ToString::to_string))
    }

    #[test]
    fn both_forms_of_an_option_are_read() {
        let options = parse(&["--input=a b", "--output", "c", "--stop-at-end"]).unwrap();
        assert_eq!(options.get("input"), Some("a b"));
        assert_eq!(options.get("output"), Some("c"));
        assert!(options.is_set("stop_at_end"));
    }

    #[test]
    fn what_is_no_option_or_lacks_its_value_is_refused() {
        assert!(parse(&["input"]).unwrap_err().to_string().contains("`input`"));
        assert!(parse(&["--input", "--output=x"]).unwrap_err().to_string().contains("--input"));
    }
}
