//! What the threads of a system share: its functions cannot return errors, nor own a file.

use std::{
    io::Read,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{Error, Result, hand::blocks::Blocks, output::Output};

/// The first thing that went wrong anywhere.
#[derive(Clone, Default)]
pub(crate) struct Failures(Arc<Mutex<Option<Error>>>);

impl Failures {
    /// The value, or nothing after noting what went wrong.
    pub(crate) fn note<T, E: Into<Error>>(&self, outcome: std::result::Result<T, E>) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(error) => {
                lock(&self.0).get_or_insert(error.into());
                None
            }
        }
    }

    /// Fails if anything went wrong.
    pub(crate) fn check(&self) -> Result {
        lock(&self.0).take().map_or(Ok(()), Err)
    }
}

/// An output that several threads write to.
#[derive(Clone)]
pub(crate) struct SharedOutput(Arc<Mutex<Option<Output>>>);

impl SharedOutput {
    pub(crate) fn at(path: PathBuf) -> Result<Self> {
        Ok(Self(Arc::new(Mutex::new(Some(Output::at(path)?)))))
    }

    /// Writes `text`, which is a number of whole lines, and empties it.
    pub(crate) fn hand_over(&self, text: &mut Vec<u8>) -> Result {
        if let Some(output) = lock(&self.0).as_mut() {
            output.write(text)?;
        }
        text.clear();
        Ok(())
    }

    /// The file gets its name.
    pub(crate) fn finish(&self) -> Result {
        match lock(&self.0).take() {
            Some(output) => Ok(output.finish()?),
            None => Ok(()),
        }
    }
}

/// Lines on their way to an output, which gets them when they are many, and at the end.
pub(crate) struct Lines {
    text: Vec<u8>,
    output: SharedOutput,
    failures: Failures,
}

/// So much text is handed over at a time.
const FULL: usize = 256 << 10;

impl Lines {
    pub(crate) fn new(output: &SharedOutput, failures: &Failures) -> Self {
        Self { text: Vec::new(), output: output.clone(), failures: failures.clone() }
    }

    #[cfg(any(feature = "timely", feature = "renoir"))]
    pub(crate) fn number(&mut self, number: i64) {
        self.text.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self.end();
    }

    pub(crate) fn count(&mut self, word: &str, count: u64) {
        self.text.extend_from_slice(word.as_bytes());
        self.text.extend_from_slice(b": ");
        self.text.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
        self.end();
    }

    fn end(&mut self) {
        self.text.push(b'\n');
        if self.text.len() >= FULL {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.failures.note(self.output.hand_over(&mut self.text));
    }
}

/// A copy begins empty: what is in one is written once.
impl Clone for Lines {
    fn clone(&self) -> Self {
        Self::new(&self.output, &self.failures)
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.flush();
    }
}

/// The texts of some parts of a file: whole pieces, up to about a block. Ends at what is wrong.
pub(crate) struct Texts<R> {
    parts: Vec<Blocks<R>>,
    failures: Failures,
}

impl<R: Read> Texts<R> {
    pub(crate) fn of(
        parts: impl IntoIterator<Item = R>,
        ends_piece: fn(u8) -> bool,
        failures: &Failures,
    ) -> Self {
        let parts = parts.into_iter().map(|part| Blocks::of(part, ends_piece)).collect();
        Self { parts, failures: failures.clone() }
    }
}

impl<R: Read> Iterator for Texts<R> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        while let Some(part) = self.parts.last_mut() {
            match self.failures.note(part.next())? {
                Some(block) => {
                    let text = block.padded[..block.len].to_vec();
                    return self.failures.note(String::from_utf8(text));
                }
                None => drop(self.parts.pop()),
            }
        }
        None
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of a line.
#[cfg(any(feature = "timely", feature = "renoir"))]
pub(crate) fn parse(line: &str) -> Result<i64> {
    line.trim().parse().map_err(|error| format!("`{line}`: {error}").into())
}
