//! Pipeline options: what the command line says, and what a job hands to its workers.

mod looked_up;
mod similar;

use std::collections::BTreeMap;
use std::str::FromStr;

use looked_up::LookedUp;
use similar::most_similar;

use crate::error::{Error, Result};

/// Named settings of a pipeline and its runner, from `--name=value` or `--name value`.
///
/// Names are written with `-`; `_` means the same.
///
/// An option is known by being looked up: before a program runs, `purlin::Run::run` refuses those
/// of the command line that nothing has asked for. So look options up while building the pipeline.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PipelineOptions {
    values: BTreeMap<String, String>,
    origin: Origin,
    looked_up: LookedUp,
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
            options.values.insert(normal(name), value);
        }
        Ok(options)
    }

    /// The value of an option.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let name = normal(name);
        let value = self.values.get(&name).map(String::as_str);
        self.looked_up.note(name);
        value
    }

    /// The value of an option that must be given.
    ///
    /// # Errors
    /// When it is not.
    pub fn required(&self, name: &str) -> Result<&str> {
        self.get(name).ok_or_else(|| {
            let help = match most_similar(&normal(name), self.unread()) {
                Some(given) => format!("did you mean it by `--{given}`?"),
                None => "see `--help`".to_owned(),
            };
            Error::Options(format!("option `--{name}` is missing\n  help: {help}"))
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

    /// Sets an option, which is known thereby.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.looked_up.note(normal(name));
        self.values.insert(normal(name), value.into());
    }

    /// Refuses options of the command line that nobody knows: those that were not looked up and are
    /// not among `others`, which will be.
    ///
    /// ```
    /// # use purlin_sdk::PipelineOptions;
    /// # fn main() -> purlin_sdk::Result<()> {
    /// let options = PipelineOptions::parse(["--inputt=a.txt", "--seed=1"].map(String::from))?;
    /// let input = options.get("input").unwrap_or("default.txt");
    /// let error = options.check_known(&["seed"]).unwrap_err().to_string();
    /// assert!(error.contains("option `--inputt` is not known"));
    /// assert!(error.contains("did you mean `--input`?"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When there is one. In a worker there is none: the program that submitted the job has checked.
    pub fn check_known(&self, others: &[&str]) -> Result<()> {
        let others: Vec<String> = others.iter().map(|name| normal(name)).collect();
        let mut unknown = self.unread().filter(|name| others.iter().all(|other| other != name));
        let Some(name) = unknown.next().filter(|_| self.is_from_args()) else { return Ok(()) };
        let known = self.looked_up.names();
        let known = known.iter().chain(&others).map(String::as_str);
        let help = match most_similar(name, known) {
            Some(known) => format!("did you mean `--{known}`?"),
            None => "see `--help`".to_owned(),
        };
        Err(Error::Options(format!("option `--{name}` is not known\n  help: {help}")))
    }

    /// The options that are given and were not looked up.
    fn unread(&self) -> impl Iterator<Item = &str> {
        let looked_up = self.looked_up.names();
        self.values.keys().filter(move |name| !looked_up.contains(*name)).map(String::as_str)
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

    #[test]
    fn an_option_that_nobody_looks_up_is_refused_with_what_may_be_meant() {
        let options = parse(&["--inputt=x", "--runner=direct"]).unwrap();
        let unknown = |others| options.check_known(others).map_err(|error| error.to_string());
        let error = unknown(&["runner"]).unwrap_err();
        assert!(error.contains("`--inputt` is not known"), "{error}");
        assert!(error.contains("see `--help`"), "{error}");
        let missing = options.required("input").unwrap_err().to_string();
        assert!(missing.contains("did you mean it by `--inputt`?"), "{missing}");
        let error = unknown(&["runner"]).unwrap_err();
        assert!(error.contains("did you mean `--input`?"), "{error}");
        assert_eq!(options.clone().get("inputt"), Some("x"));
        assert_eq!(unknown(&["runner"]), Ok(()));
    }

    #[test]
    fn options_of_a_program_or_a_job_are_not_checked() {
        let mut options = PipelineOptions::default();
        options.set("a", "1");
        assert!(options.check_known(&[]).is_ok());
        assert!(parse(&["--b=2"]).unwrap().for_worker().check_known(&[]).is_ok());
    }
}
