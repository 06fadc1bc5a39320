//! Reading text files.

use std::marker::PhantomData;

use bytes::Bytes;

use super::line::{Line, Located};
use super::lines::InvalidUtf8;
use super::read_range::{ReadOptions, ReadRange};
use crate::element::{Element, Text};
use crate::error::{BoxError, Place};
use crate::exec::{Context, DoFn};
use crate::io::files::{Compression, matching};
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::transforms::PTransform;

/// How large the ranges are that a file is split into.
const SPLIT_BYTES: u64 = 64 << 20;

/// `Pipeline → PCollection<Text>`: the lines of the files that match a pattern, without their line
/// ends `\n` or `\r\n`, in the global window at the earliest timestamp. The order of lines is not
/// kept.
///
/// A pattern is as in a shell: `*`, `?`, `[abc]`, and `**` for any number of directories; it finds
/// no hidden files. Files that end in `.gz` or `.zst` are decompressed. Others are split into
/// ranges of bytes, which are read in parallel. A byte order mark before UTF-8 is dropped.
///
/// The job fails when no file matches, a file cannot be read, or a line is not UTF-8.
///
/// ```
/// # use purlin_sdk::{Pipeline, io};
/// let p = Pipeline::new();
/// let words = p.apply(io::text::read("texts/*.txt")).flat_map(|line| line.split_ascii_whitespace());
/// ```
pub fn read(pattern: impl Into<String>) -> Read {
    Read::new(Pattern(pattern.into()))
}

/// `Pipeline → PCollection<Bytes>`: as [`read`], for lines of bytes that need not be UTF-8.
pub fn read_bytes(pattern: impl Into<String>) -> Read<Bytes> {
    Read::new(Pattern(pattern.into()))
}

/// `PCollection<String> → PCollection<Text>`: the lines of the files that match each pattern of a
/// collection, with the pattern's timestamp and windows.
///
/// ```
/// # use purlin_sdk::{Pipeline, io};
/// let p = Pipeline::new();
/// let lines = p.create(["a.txt".to_owned(), "b.txt".to_owned()]).apply(io::text::read_all());
/// ```
pub fn read_all() -> Read<Text, Patterns> {
    Read::new(Patterns)
}

/// The pattern of [`read`].
#[derive(Clone, Debug)]
pub struct Pattern(String);

/// [`read_all`] takes patterns from its input.
#[derive(Clone, Copy, Debug)]
pub struct Patterns;

/// A read of text files, as [`read`], [`read_bytes`] and [`read_all`] make it: of lines of type `L`
/// from `F`.
#[must_use = "a read has no effect until it is applied"]
#[derive(Clone, Debug)]
pub struct Read<L = Text, F = Pattern> {
    from: F,
    options: ReadOptions,
    line: PhantomData<fn() -> L>,
}

impl<L, F> Read<L, F> {
    fn new(from: F) -> Self {
        let options = ReadOptions {
            compression: Compression::Auto,
            allow_empty: false,
            invalid_utf8: InvalidUtf8::Fail,
            split_bytes: SPLIT_BYTES,
        };
        Self { from, options, line: PhantomData }
    }

    /// Gives nothing for a pattern that no file matches, instead of failing.
    pub fn allow_empty(mut self) -> Self {
        self.options.allow_empty = true;
        self
    }

    /// Says how the files are compressed, instead of going by their names.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.options.compression = compression;
        self
    }

    /// Says what becomes of lines that are not UTF-8, instead of failing.
    pub fn invalid_utf8(mut self, choice: InvalidUtf8) -> Self {
        self.options.invalid_utf8 = choice;
        self
    }

    /// Splits files into ranges of so many bytes, at least 1; 64 MiB unless this is called.
    pub fn split_bytes(mut self, bytes: u64) -> Self {
        self.options.split_bytes = bytes.max(1);
        self
    }

    /// Gives each line with the place where it was read.
    pub fn located(self) -> Read<Located<L>, F> {
        Read { from: self.from, options: self.options, line: PhantomData }
    }

    fn lines<S: Element + AsRef<str>>(&self, patterns: &PCollection<S>) -> PCollection<L>
    where
        L: Line,
    {
        let place = patterns.pipeline().graph.borrow().scope_place();
        let place = place.unwrap_or_else(Place::caller);
        let find = Match { allow_empty: self.options.allow_empty, pattern: PhantomData };
        let files = patterns.par_do_named("Match", place.clone(), find).reshuffle();
        files.par_do_splittable_named("Lines", place, ReadRange::new(self.options), true).main()
    }
}

impl<L: Line> PTransform<Pipeline> for Read<L> {
    type Output = PCollection<L>;
    const IS_WHOLE: bool = true;

    fn expand(self, pipeline: Pipeline) -> PCollection<L> {
        let Pattern(pattern) = &self.from;
        self.lines(&pipeline.create([pattern.clone()]))
    }
}

impl<L: Line, S: Element + AsRef<str>> PTransform<PCollection<S>> for Read<L, Patterns> {
    type Output = PCollection<L>;
    const IS_WHOLE: bool = true;

    fn expand(self, patterns: PCollection<S>) -> PCollection<L> {
        self.lines(&patterns)
    }
}

/// Finds the files that match a pattern.
struct Match<S> {
    allow_empty: bool,
    pattern: PhantomData<fn(S)>,
}

impl<S> Clone for Match<S> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<S: Element + AsRef<str>> DoFn for Match<S> {
    type In = S;
    type Out = String;

    fn process(&mut self, pattern: S, cx: &mut Context<String>) -> Result<(), BoxError> {
        cx.output_all(matching(pattern.as_ref(), self.allow_empty)?);
        Ok(())
    }
}
