//! Files of JSON, a value per line.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::files::Compression;
pub use super::text::Write;
use super::text::{self, Located};
use crate::element::{Element, Text};
use crate::error::{BoxError, Place};
use crate::pipeline::Pipeline;
use crate::transforms::{Fallible, PTransform};

/// `Pipeline → Fallible<Located, T>`: a value from each line of the files that match a pattern;
/// blank lines are left out. Files are found and split as by [`text::read`].
///
/// A line that is not a `T` fails the job with its file and place, unless
/// [`dead_letters`](Fallible::dead_letters) collects such lines.
///
/// ```
/// # use purlin_sdk::{Pipeline, io};
/// let p = Pipeline::new();
/// let (counts, bad) = p.apply(io::json::read::<(String, u64)>("counts-*.json")).dead_letters();
/// ```
pub fn read<T: DeserializeOwned + Element>(pattern: impl Into<String>) -> Read<T> {
    Read { lines: text::read(pattern).located(), value: PhantomData }
}

/// A read of JSON files, as [`read`] makes it.
#[must_use = "a read has no effect until it is applied"]
pub struct Read<T> {
    lines: text::Read<Located>,
    value: PhantomData<fn() -> T>,
}

impl<T> Read<T> {
    /// Gives nothing for a pattern that no file matches, instead of failing.
    pub fn allow_empty(self) -> Self {
        Self { lines: self.lines.allow_empty(), ..self }
    }

    /// Says how the files are compressed, instead of going by their names.
    pub fn compression(self, compression: Compression) -> Self {
        Self { lines: self.lines.compression(compression), ..self }
    }

    /// Splits files into ranges of so many bytes.
    pub fn split_bytes(self, bytes: u64) -> Self {
        Self { lines: self.lines.split_bytes(bytes), ..self }
    }
}

impl<T: DeserializeOwned + Element> PTransform<Pipeline> for Read<T> {
    type Output = Fallible<Located, T>;
    const IS_WHOLE: bool = true;

    fn expand(self, pipeline: Pipeline) -> Self::Output {
        let place = pipeline.graph.borrow().scope_place().unwrap_or_else(Place::caller);
        self.lines.expand(pipeline).fallible("Parse", place, parse::<T>)
    }
}

fn parse<T: DeserializeOwned>(located: Located) -> Result<Option<T>, BoxError> {
    if located.line.bytes().all(|byte| byte.is_ascii_whitespace()) {
        return Ok(None);
    }
    let value = serde_json::from_str(&located.line);
    value.map(Some).map_err(|error| NotJson { at: located, error }.into())
}

/// A line that is not a value of the type asked for.
#[derive(Debug)]
struct NotJson {
    at: Located<Text>,
    error: serde_json::Error,
}

impl fmt::Display for NotJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Serde takes the line for a whole document, so its "at line 1" would mislead.
        let text = self.error.to_string();
        let (message, _) = text.rsplit_once(" at line ").unwrap_or((&text, ""));
        write!(f, "{} column {}: {message}", self.at.place(), self.error.column())
    }
}

impl std::error::Error for NotJson {}

/// `PCollection<T> → `[`Written`](text::Written): writes each element as a line of JSON. Files are named, sharded and
/// replaced as by [`text::write`].
///
/// The job fails for a value that JSON cannot express.
///
/// ```
/// # use purlin_sdk::{Pipeline, io};
/// let p = Pipeline::new();
/// p.create([("a".to_owned(), 1u64)]).apply(io::json::write("counts").suffix(".json"));
/// ```
pub fn write<T: Serialize + Element>(prefix: impl Into<String>) -> Write<T> {
    Write::of_lines(prefix.into(), |value, out| Ok(serde_json::to_writer(out, value)?))
}
